/**
 * Azure's command line, `az account get-access-token`: `expires_on` in epoch seconds where there is one (from 2.54), else
 * `expiresOn`, which is local time without a zone.
 *
 * Protocol: https://learn.microsoft.com/cli/azure/account#az-account-get-access-token
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { EpochSeconds, formatLocal, LocalOrRfc3339, toEpochSeconds } from "../internal/format/instant.js"
import { jwtExpiry } from "../internal/format/jwt.js"
import { fromJson, maybe, mismatch, Text } from "../internal/format/schema.js"

const Answer = Schema.Struct({
  accessToken: Text,
  expires_on: maybe(EpochSeconds),
  expiresOn: maybe(LocalOrRfc3339)
})

const read = fromJson(Answer)

export const az: CredentialFormat = define({
  name: "az",
  // Others have an `accessToken` too, and their expiry elsewhere.
  recognizes: ({ object }) =>
    typeof object["accessToken"] === "string" &&
    ["expiresOn", "expires_on"].some((name) => (object[name] ?? null) !== null),
  read: (text) =>
    Either.flatMap(read(text), ({ accessToken, expires_on, expiresOn }) =>
      tokenKey(
        "accessToken",
        accessToken,
        Option.orElse(expires_on, () => expiresOn)
      )
    ),
  write: (key) =>
    Either.flatMap(onlyValue(key), (accessToken) =>
      Option.match(
        Option.orElse(key.expiresAt, () => jwtExpiry(accessToken)),
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
