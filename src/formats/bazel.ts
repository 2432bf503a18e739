/**
 * The credential helper specification of Bazel and its kin: the URI on stdin, headers and perhaps an expiry on stdout.
 *
 * Protocol: https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { define, field, jsonLine } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { Rfc3339 } from "../internal/format/instant.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { isAuthorization } from "../internal/format/keySyntax.js"
import { AnyText, fromJson, maybe, mismatch } from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("bazel"),
  uri: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: "The URI whose headers are requested on stdin: https://example.com/path"
    })
  )
})

const Answer = Schema.Struct({
  headers: maybe(
    Schema.Record({
      key: Schema.String,
      value: Schema.Array(AnyText).annotations({
        description: "a list of strings"
      })
    })
  ),
  expires: maybe(Rfc3339)
})

const read = fromJson(Answer)

/** The header that holds the secret: `Authorization`, else the first. */
const ownHeader = <A>(headers: Readonly<Record<string, A>>): Option.Option<readonly [name: string, value: A]> => {
  const entries = Object.entries(headers)
  return Option.fromNullable(entries.find(([name]) => isAuthorization(name)) ?? entries[0])
}

/** The secret in the headers, for those who want one word: the credential after the scheme. */
const secretIn = (headers: Readonly<Record<string, string>>): Option.Option<string> =>
  Option.map(ownHeader(headers), ([name, value]) => (isAuthorization(name) ? value.replace(/^[!-~]+ +/, "") : value))

export const bazel = ({ uri }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "bazel",
    readsStdin: true,
    ...(uri === undefined ? {} : { input: jsonLine({ uri }) }),
    recognizes: ({ object }) =>
      !("token" in object) &&
      typeof object["headers"] === "object" &&
      object["headers"] !== null &&
      Object.values(object["headers"]).every(Array.isArray) &&
      Object.keys(object["headers"]).length > 0,
    read: (text) =>
      Either.gen(function* () {
        const answer = yield* read(text)
        // An empty list is the same as no such header.
        const given = Object.entries(Option.getOrElse(answer.headers, () => ({}))).filter(
          ([, values]) => values.length > 0
        )
        const [chosen] = Option.toArray(ownHeader(Object.fromEntries(given)))
        if (chosen !== undefined && chosen[1].length > 1) {
          return yield* mismatch(`headers.${isAuthorization(chosen[0]) ? "Authorization" : "*"}`, "one value")
        }
        const headers = yield* KeySyntax.headers(
          Object.fromEntries(given.map(([name, values]) => [name, values.join(", ")]))
        )
        const secret = secretIn(headers)
        if (Option.isNone(secret)) {
          return yield* mismatch(
            "headers",
            "at least one header",
            "The helper has no credential for that URI; correct the format's uri, or log in with that tool."
          )
        }
        return new ApiKey.ApiKey({
          value: Redacted.make(secret.value),
          expiresAt: answer.expires,
          headers: ApiKey.make({ value: secret.value, headers }).headers
        })
      }),
    write: (key) => {
      if (Option.isSome(key.username)) return mismatch("username", "a key without a user name")
      if (Option.isSome(key.sessionToken)) return mismatch("sessionToken", "a key without a session token")
      const own = Object.entries(key.headers).map(([name, value]) => [name, [Redacted.value(value)]] as const)
      // A caller that needs headers gets a bare key as a bearer token.
      const headers = own.length === 0 ? [["Authorization", [`Bearer ${Redacted.value(key.value)}`]] as const] : own
      return Either.right(
        jsonLine({
          headers: Object.fromEntries(headers),
          ...field("expires", Option.map(key.expiresAt, DateTime.formatIso))
        })
      )
    }
  })
