/**
 * Azure's command line, `az account get-access-token`: `expires_on` in epoch seconds where there is one (from 2.54), else
 * `expiresOn`, which is local time without a zone.
 *
 * Protocol: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { define, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import { epochSeconds, expiryIn, localOrRfc3339 } from "../internal/format/expiry.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { formatLocal, toEpochSeconds } from "../internal/format/instant.js"
import { fromJson, mismatch, open, Text } from "../internal/format/schema.js"
import { tokenExpiry } from "../internal/format/tokenExpiry.js"

const read = fromJson(open({ accessToken: Text }))

export const az: CredentialFormat = define({
  name: "az",
  // Others have an `accessToken` too, and their expiry elsewhere.
  recognizes: ({ object }) =>
    typeof object["accessToken"] === "string" &&
    ["expiresOn", "expires_on"].some((name) => (object[name] ?? null) !== null),
  read: (text, { startedAt }) =>
    Either.gen(function* () {
      const object = yield* read(text)
      const expiresAt = yield* expiryIn([{ path: "", object }], {
        startedAt,
        own: {
          expires_on: Option.some(epochSeconds),
          // Local time is ambiguous for an hour a year.
          expiresOn: (object["expires_on"] ?? null) === null ? Option.some(localOrRfc3339) : Option.none()
        }
      })
      return yield* tokenKey("accessToken", object.accessToken, expiresAt)
    }),
  write: (key) =>
    Either.flatMap(onlyValue(key), (accessToken) =>
      Option.match(
        Option.orElse(key.expiresAt, () => tokenExpiry(accessToken)),
        {
          onNone: () => mismatch("expiresAt", "a key with an expiry: az always prints one"),
          onSome: (at) =>
            Either.right(
              jsonLine({ accessToken, expiresOn: formatLocal(at), expires_on: toEpochSeconds(at), tokenType: "Bearer" })
            )
        }
      )
    )
})
