/** The answer of an OAuth 2.0 token endpoint (RFC 6749, section 5.1), with `expires_at` as many helpers add it. */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { InvalidOutput } from "../ApiKeyError.js"
import type { CredentialFormat } from "../CredentialFormat.js"

const Token = Schema.Struct({ access_token: Schema.NonEmptyString })

const decodeObject = Schema.decodeUnknownOption(
  Schema.parseJson(Schema.Record({ key: Schema.String, value: Schema.Unknown }))
)
const isToken = Schema.is(Token)

/** `expires_in` is a number of seconds, or a string of one: some servers quote it. */
const secondsOf = (value: unknown): Option.Option<number> => {
  const seconds = typeof value === "string" && /^\s*\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value
  return typeof seconds === "number" && Number.isFinite(seconds) ? Option.some(seconds) : Option.none()
}

/** RFC 3339: a time without a zone is refused, because it would be read as local. */
const rfc3339 = /^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(?:\.\d+)?(?:[Zz]|[+-]\d{2}:?\d{2})$/

const instantOf = (value: unknown): Option.Option<DateTime.Utc> =>
  Option.orElse(
    Option.flatMap(secondsOf(value), (seconds) => DateTime.make(seconds * 1000)),
    () => (typeof value === "string" && rfc3339.test(value) ? DateTime.make(value) : Option.none())
  ).pipe(Option.map(DateTime.toUtc))

export const oauth: CredentialFormat & { readonly recognizes: (input: string) => boolean } = {
  name: "oauth",
  recognizes: (input) => Option.exists(decodeObject(input), isToken),
  decode: (input, { command, startedAt }) => {
    const refuse = (path: string, expected: string): Either.Either<never, InvalidOutput> =>
      Either.left(new InvalidOutput({ command, format: "oauth", path, expected }))
    const parsed = decodeObject(input)
    if (Option.isNone(parsed)) return refuse("", "a JSON object")
    const { access_token: token, expires_at: at, expires_in: lifetime } = parsed.value
    if (typeof token !== "string" || token === "") return refuse("access_token", "a string that is not empty")
    const expiresAt = instantOf(at)
    if (at !== undefined && at !== null && Option.isNone(expiresAt)) {
      return refuse("expires_at", "epoch seconds or an RFC 3339 time")
    }
    const seconds = secondsOf(lifetime)
    if (lifetime !== undefined && lifetime !== null && Option.isNone(seconds)) {
      return refuse("expires_in", "a number of seconds")
    }
    const endsAt = Option.orElse(expiresAt, () =>
      Option.flatMap(seconds, (value) => DateTime.make(startedAt + value * 1000))
    )
    return Either.right(ApiKey.make({ value: token, expiresAt: Option.getOrUndefined(endsAt) }))
  },
  encode: (key) =>
    Either.right(
      `${JSON.stringify({
        access_token: Redacted.value(key.value),
        token_type: "Bearer",
        ...Option.match(key.expiresAt, {
          onNone: () => ({}),
          onSome: (at) => ({ expires_at: DateTime.formatIso(at) })
        })
      })}\n`
    )
}
