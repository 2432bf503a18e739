/** Builds a format. Decoding fails with a path and an expectation; encoding is checked by decoding its output. */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../../ApiKey.js"
import { type ApiKeyError, InvalidOutput, isApiKeyError, NonZeroExit } from "../../ApiKeyError.js"
import { withoutSecrets } from "../redact/redact.js"
import { asRead } from "../util/bytes.js"
import type { Meaning } from "./failure.js"
import type { CredentialFormat, DecodeContext } from "./format.js"
import { jwtExpiry } from "./jwt.js"
import * as KeySyntax from "./keySyntax.js"
import { type Mismatch, mismatch } from "./schema.js"

/** The context for encoding: this program writes the key. */
const ourselves: DecodeContext = {
  command: "effect-apikey",
  startedAt: 0,
  stderr: () => "",
  redact: (text) => withoutSecrets(text, [text])
}

export interface Definition extends Omit<CredentialFormat, "decode" | "encode"> {
  readonly read: (text: string, context: DecodeContext) => Either.Either<ApiKey.ApiKey, Mismatch | ApiKeyError>
  readonly write: (key: ApiKey.ApiKey) => Either.Either<string, Mismatch>
}

export const define = ({ read, write, ...rest }: Definition): CredentialFormat => {
  const { name } = rest
  const invalid = (command: string, found: Mismatch): InvalidOutput =>
    new InvalidOutput({ command, format: name, ...found })
  const decode: CredentialFormat["decode"] = (text, context) =>
    Either.mapLeft(read(text, context), (left) => (isApiKeyError(left) ? left : invalid(context.command, left)))
  return {
    ...rest,
    decode,
    encode: (key) =>
      write(key).pipe(
        Either.flatMap((text): Either.Either<string, Mismatch> => {
          const back = Option.flatMap(asRead(text), (input) => Either.getRight(decode(input, ourselves)))
          return Option.match(
            Option.filter(back, (read) => Equal.equals(withoutBearerHeader(read), withoutBearerHeader(key))),
            {
              onNone: () => mismatch("", "a key that this format can carry"),
              onSome: (read) =>
                losesExpiry(read, key)
                  ? mismatch(
                      "expiresAt",
                      "a key without an expiry",
                      "This format has no place for an expiry: choose one that has (oauth, exec-credential, json with expiresAt), or leave the expiry out."
                    )
                  : Either.right(text)
            }
          )
        }),
        Either.mapLeft((found) => invalid(ourselves.command, found))
      )
  }
}

/** A bearer token, with or without an explicit header. Most formats can express only one of the two. */
const withoutBearerHeader = (key: ApiKey.ApiKey): ApiKey.ApiKey => {
  const [header, ...others] = Object.entries(key.headers)
  const isBearer =
    header !== undefined &&
    others.length === 0 &&
    KeySyntax.isAuthorization(header[0]) &&
    Option.isNone(key.username) &&
    Redacted.value(header[1]) === `Bearer ${Redacted.value(key.value)}`
  const { expiresAt, sessionToken, value } = key
  return isBearer ? new ApiKey.ApiKey({ value, sessionToken, expiresAt }) : key
}

/** A key with an expiry must carry it, in the format's expiry field or in a JWT. Else a reader would keep the key too long. */
const losesExpiry = (read: ApiKey.ApiKey, key: ApiKey.ApiKey): boolean => {
  const within = jwtExpiry(Redacted.value(read.value))
  const ends = [...Option.toArray(read.expiresAt), ...Option.toArray(within)]
  return Option.exists(key.expiresAt, (at) => !ends.some((end) => DateTime.lessThanOrEqualTo(end, at)))
}

/** The secret of a key that consists only of a secret and perhaps an expiry. */
export const onlyValue = (key: ApiKey.ApiKey): Either.Either<string, Mismatch> => {
  if (Option.isSome(key.username)) return mismatch("username", "a key without a user name")
  return withoutUser(key)
}

/** The same for a format with a user name. */
export const withoutUser = (key: ApiKey.ApiKey): Either.Either<string, Mismatch> => {
  if (Option.isSome(key.sessionToken)) return mismatch("sessionToken", "a key without a session token")
  if (Object.keys(withoutBearerHeader(key).headers).length > 0)
    return mismatch("headers", "a key without its own headers")
  return Either.right(Redacted.value(key.value))
}

/** A failure that the output reports although the exit status is 0. */
export const failed = (
  { command, redact }: Pick<DecodeContext, "command" | "redact">,
  { detail = "", reason, remedy }: Meaning
): Either.Either<never, NonZeroExit> =>
  Either.left(
    new NonZeroExit({
      command,
      exitCode: 0,
      stderr: redact(detail),
      reason,
      ...(remedy === undefined ? {} : { remedy })
    })
  )

/** One JSON object and a newline, as most helpers print. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Adds a field only if it has a value. */
export const field = <A>(name: string, value: Option.Option<A>): Record<string, A> =>
  Option.match(value, { onNone: () => ({}), onSome: (some) => ({ [name]: some }) })

/** Makes a key from a token and perhaps an expiry. */
export const tokenKey = (
  path: string,
  value: string,
  expiresAt: ApiKey.Fields["expiresAt"] = Option.none()
): Either.Either<ApiKey.ApiKey, Mismatch> =>
  Either.map(KeySyntax.token(value, path), (token) => new ApiKey.ApiKey({ value: Redacted.make(token), expiresAt }))
