/**
 * Azure Key Vault, `az keyvault secret show` (`attributes.expires`, RFC 3339) and its REST API (`attributes.exp`, epoch seconds).
 *
 * Protocol: https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import { epochSeconds, expiryIn, rfc3339 } from "../internal/format/expiry.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { fromJson, maybe, mismatch, open, Text } from "../internal/format/schema.js"

const Answer = open({
  value: Text,
  attributes: maybe(open({ enabled: maybe(Schema.Boolean.annotations({ description: "true or false" })) }))
})

const read = fromJson(Answer)

const own = { expires: Option.some(rfc3339), exp: Option.some(epochSeconds) }
const secretId = /^https:\/\/[^/]+\/secrets\//

export const azureKeyVault: CredentialFormat = define({
  name: "azure-key-vault",
  recognizes: ({ object }) => typeof object["id"] === "string" && secretId.test(object["id"]) && "value" in object,
  read: (text, { startedAt }) =>
    Either.gen(function* () {
      const { attributes, value } = yield* read(text)
      if (Option.exists(attributes, ({ enabled }) => Option.contains(enabled, false))) {
        return yield* mismatch(
          "attributes.enabled",
          "true",
          "That version of the secret is disabled; enable it or name another."
        )
      }
      const places = Option.toArray(attributes).map((object) => ({ path: "attributes", object }))
      return yield* tokenKey("value", value, yield* expiryIn(places, { startedAt, own }))
    }),
  write: (key) =>
    Either.map(onlyValue(key), (value) =>
      jsonLine({
        value,
        id: "https://vault.invalid/secrets/key",
        attributes: { enabled: true, ...field("expires", Option.map(key.expiresAt, DateTime.formatIso)) }
      })
    )
})
