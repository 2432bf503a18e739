/**
 * AWS Secrets Manager, `aws secretsmanager get-secret-value`: the key is `SecretString`, or a field of the JSON in it.
 *
 * Protocol: https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { AnyText, fromJson, jsonOf, maybe, mismatch } from "../internal/format/schema.js"
import { build, lookUp } from "../internal/util/pointer.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("secrets-manager"),
  field: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: "The field of the JSON in SecretString that is the key: a dot path or a JSON Pointer."
    })
  )
})

const Answer = Schema.Struct({
  SecretString: maybe(AnyText),
  SecretBinary: maybe(Schema.Unknown)
})

const read = fromJson(Answer)

export const secretsManager = ({ field }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "secrets-manager",
    recognizes: ({ object }) => "ARN" in object && ("SecretString" in object || "SecretBinary" in object),
    read: (text) =>
      Either.flatMap(read(text), ({ SecretBinary, SecretString }) => {
        if (Option.isNone(SecretString)) {
          return Option.isSome(SecretBinary)
            ? mismatch("SecretString", "a string", "That secret is binary; store the key as SecretString.")
            : mismatch("SecretString", "a string")
        }
        const json = jsonOf(SecretString.value)
        if (field === undefined) {
          return Option.exists(json, (value) => typeof value === "object" && value !== null)
            ? mismatch("SecretString", "plain text", {
                text: "The secret is JSON. Name the field that holds the key",
                option: "format",
                example: { name: "secrets-manager", field: "…" }
              })
            : tokenKey("SecretString", SecretString.value)
        }
        const path = `SecretString${field.startsWith("/") ? "" : "."}${field}`
        return Option.match(
          Option.filter(
            Option.flatMap(json, (value) => lookUp(value, field)),
            (value) => typeof value === "string"
          ),
          {
            onNone: () => mismatch(path, "a string"),
            onSome: (value) => tokenKey(path, value)
          }
        )
      }),
    write: (key) =>
      Either.flatMap(onlyValue(key), (value) =>
        Option.match(
          field === undefined
            ? Option.some(value)
            : Option.map(build([[field, value]]), (object) => JSON.stringify(object)),
          {
            onNone: () => mismatch("SecretString", "a path that can be written"),
            onSome: (SecretString) => Either.right(jsonLine({ ARN: "", Name: "", SecretString }))
          }
        )
      )
  })
