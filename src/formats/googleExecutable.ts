/**
 * Google's executable-sourced credentials (workload identity federation): version 1, a subject token that is still to be
 * exchanged at Google's token service, or `success: false` with a code and a message. Times are epoch seconds.
 *
 * Protocol: https://google.aip.dev/auth/4117 (External Account Credentials, executable source)
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import { define, failed, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { EpochSeconds, toEpochSeconds } from "../internal/format/instant.js"
import { jwtExpiry } from "../internal/format/jwt.js"
import { AnyText, fromJson, jsonOf, maybe, mismatch, objectOf } from "../internal/format/schema.js"
import { secretsIn } from "../internal/redact/candidates.js"
import { withoutSecrets } from "../internal/redact/redact.js"
import { printable, tail } from "../internal/redact/terminal.js"

const prefix = "urn:ietf:params:oauth:token-type:"
const tokenTypes = ["jwt", "id_token", "saml2"] as const

export const Spec = Schema.Struct({
  name: Schema.Literal("google-executable"),
  audience: Schema.optional(Schema.String.annotations({ description: "Passed in GOOGLE_EXTERNAL_ACCOUNT_AUDIENCE." })),
  tokenType: Schema.optional(
    Schema.Literal(...tokenTypes).annotations({
      description: "The type of the subject token, requested and written. Default: id_token."
    })
  ),
  impersonatedEmail: Schema.optional(
    Schema.String.annotations({ description: "Passed in GOOGLE_EXTERNAL_ACCOUNT_IMPERSONATED_EMAIL." })
  ),
  outputFile: Schema.optional(
    Schema.String.annotations({
      description: "Passed in GOOGLE_EXTERNAL_ACCOUNT_OUTPUT_FILE; the helper writes it."
    })
  )
})

const version = Schema.Literal(1).annotations({ description: "the number 1" })

const Success = Schema.Struct({
  version,
  success: Schema.Literal(true).annotations({ description: "true or false" }),
  token_type: Schema.Literal(...tokenTypes.map((type) => `${prefix}${type}` as const)).annotations({
    description: `${prefix}id_token, …:jwt or …:saml2`
  }),
  id_token: maybe(AnyText),
  saml_response: maybe(AnyText),
  expiration_time: maybe(EpochSeconds)
})

const readSuccess = fromJson(Success)
const readFailure = fromJson(Schema.Struct({ version, code: AnyText, message: AnyText }))

const maxMessage = 300

/** The message is for people, yet it may quote a token: whatever else the answer says is taken out of it. */
const explain = (stdout: string): Option.Option<Meaning> => {
  const object = Option.flatMap(jsonOf(stdout), objectOf)
  if (!Option.exists(object, ({ success }) => success === false)) return Option.none()
  return Option.map(Either.getRight(readFailure(stdout)), ({ code, message }) => {
    const others = Object.entries(Option.getOrElse(object, () => ({}))).filter(
      ([name]) => name !== "code" && name !== "message" && name !== "success" && name !== "version"
    )
    return {
      reason: (Object.hasOwn(meanings, code) ? meanings[code] : undefined) ?? "Unknown",
      detail: tail(withoutSecrets(printable(`${code}: ${message}`), stringsIn(others)), maxMessage)
    }
  })
}

/** A field's name that is shorter is a name, and no secret. */
const minNameLength = 12

/** Every string and number in it and every name, however deep: by a list, since a helper may nest deeper than a stack is high. */
const stringsIn = (value: unknown): ReadonlyArray<string> => {
  const strings: Array<string> = []
  const left: Array<unknown> = [value]
  while (left.length > 0) {
    const next = left.pop()
    if (typeof next === "number") strings.push(String(next))
    else if (typeof next === "string") strings.push(next, ...secretsIn(next))
    else if (Array.isArray(next)) for (const item of next) left.push(item)
    else if (typeof next === "object" && next !== null)
      for (const [name, own] of Object.entries(next)) left.push(...(name.length < minNameLength ? [] : [name]), own)
  }
  return strings
}

/** Codes are the helper's own; those of HTTP, which Google's examples use, mean what they mean there. */
const meanings: Readonly<Record<string, Meaning["reason"]>> = {
  "401": "LoginRequired",
  "403": "Denied",
  "404": "NotFound",
  "503": "Unavailable"
}

export const googleExecutable = ({
  audience,
  impersonatedEmail,
  outputFile,
  tokenType
}: typeof Spec.Type): CredentialFormat => {
  const given = (name: string, value: string | undefined): Record<string, string> =>
    value === undefined ? {} : { [`GOOGLE_EXTERNAL_ACCOUNT_${name}`]: value }
  return define({
    name: "google-executable",
    environment: (interactive) => ({
      ...given("AUDIENCE", audience),
      ...given("TOKEN_TYPE", tokenType === undefined ? undefined : `${prefix}${tokenType}`),
      ...given("IMPERSONATED_EMAIL", impersonatedEmail),
      ...given("OUTPUT_FILE", outputFile),
      ...given("INTERACTIVE", interactive ? "1" : "0")
    }),
    explain: ({ stdout }) => explain(stdout),
    recognizes: ({ object }) => typeof object["version"] === "number" && typeof object["success"] === "boolean",
    read: (text, { command, redact }) => {
      if (Option.exists(Option.flatMap(jsonOf(text), objectOf), ({ success }) => success === false)) {
        return Either.flatMap(readFailure(text), () =>
          failed(
            { command, redact },
            Option.getOrElse(explain(text), (): Meaning => ({ reason: "Unknown" }))
          )
        )
      }
      return Either.flatMap(readSuccess(text), ({ expiration_time, id_token, saml_response, token_type }) =>
        token_type === `${prefix}saml2`
          ? tokenKey(
              "saml_response",
              Option.getOrElse(saml_response, () => ""),
              expiration_time
            )
          : tokenKey(
              "id_token",
              Option.getOrElse(id_token, () => ""),
              expiration_time
            )
      )
    },
    write: (key) =>
      Either.flatMap(onlyValue(key), (token) =>
        Option.match(
          Option.orElse(key.expiresAt, () => jwtExpiry(Redacted.value(key.value))),
          {
            onNone: () => mismatch("expiration_time", "a key with an expiry: Google's libraries want one"),
            onSome: (at) =>
              Either.right(
                jsonLine({
                  version: 1,
                  success: true,
                  token_type: `${prefix}${tokenType ?? "id_token"}`,
                  [tokenType === "saml2" ? "saml_response" : "id_token"]: token,
                  expiration_time: toEpochSeconds(at)
                })
              )
          }
        )
      )
  })
}
