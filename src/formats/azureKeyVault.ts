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
import type { CredentialFormat } from "../internal/format/format.js"
import { EpochSeconds, Rfc3339 } from "../internal/format/instant.js"
import { anObject, fromJson, maybe, mismatch, Text } from "../internal/format/schema.js"

const Answer = Schema.Struct({
  value: Text,
  attributes: maybe(
    Schema.Struct({
      enabled: maybe(Schema.Boolean.annotations({ description: "true or false" })),
      expires: maybe(Rfc3339),
      exp: maybe(EpochSeconds)
    }).annotations(anObject)
  )
})

const read = fromJson(Answer)
const secretId = /^https:\/\/[^/]+\/secrets\//

export const azureKeyVault: CredentialFormat = define({
  name: "azure-key-vault",
  recognizes: ({ object }) => typeof object["id"] === "string" && secretId.test(object["id"]) && "value" in object,
  read: (text) =>
    Either.flatMap(read(text), ({ attributes, value }) =>
      Option.exists(attributes, ({ enabled }) => Option.contains(enabled, false))
        ? mismatch("attributes.enabled", "true", "That version of the secret is disabled; enable it or name another.")
        : tokenKey(
            "value",
            value,
            Option.flatMap(attributes, ({ exp, expires }) => Option.orElse(expires, () => exp))
          )
    ),
  write: (key) =>
    Either.map(onlyValue(key), (value) =>
      jsonLine({
        value,
        id: "https://vault.invalid/secrets/key",
        attributes: { enabled: true, ...field("expires", Option.map(key.expiresAt, DateTime.formatIso)) }
      })
    )
})
