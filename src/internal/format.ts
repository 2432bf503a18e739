/** What every format is made of: reading that fails with a place and an expectation, writing that is checked by reading it back. */
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../ApiKey.js"
import { type ApiKeyError, InvalidOutput, isApiKeyError, NonZeroExit } from "../ApiKeyError.js"
import type { CredentialFormat, DecodeContext, Explanation } from "../CredentialFormat.js"
import * as Fit from "./fit.js"
import { type Refusal, refuse } from "./shape.js"
import { asRead } from "./utf8.js"

/** Ours is the program when a key is written. */
export const ourselves: DecodeContext = { command: "effect-apikey", startedAt: 0, stderr: () => "" }

export interface Definition extends Omit<CredentialFormat, "decode" | "encode"> {
  readonly read: (text: string, context: DecodeContext) => Either.Either<ApiKey.ApiKey, Refusal | ApiKeyError>
  readonly write: (key: ApiKey.ApiKey) => Either.Either<string, Refusal>
}

export const define = ({ read, write, ...rest }: Definition): CredentialFormat => {
  const { name } = rest
  const invalid = (command: string, refusal: Refusal): InvalidOutput =>
    new InvalidOutput({ command, format: name, ...refusal })
  const decode: CredentialFormat["decode"] = (text, context) =>
    Either.mapLeft(read(text, context), (left) => (isApiKeyError(left) ? left : invalid(context.command, left)))
  return {
    ...rest,
    decode,
    encode: (key) =>
      write(key).pipe(
        Either.filterOrLeft(
          (text) =>
            Option.exists(asRead(text), (back) =>
              Either.match(decode(back, ourselves), { onLeft: () => false, onRight: Equal.equals(key) })
            ),
          (): Refusal => ({ path: "", expected: "a key that this format can carry" })
        ),
        Either.mapLeft((refusal) => invalid(ourselves.command, refusal))
      )
  }
}

/** The secret of a key that is nothing but a secret (and perhaps an expiry). */
export const onlyValue = (key: ApiKey.ApiKey): Either.Either<string, Refusal> => {
  if (Option.isSome(key.username)) return refuse("username", "a key without a user name")
  return withoutUser(key)
}

/** The same for a format that has a place for a user name. */
export const withoutUser = (key: ApiKey.ApiKey): Either.Either<string, Refusal> => {
  if (Option.isSome(key.sessionToken)) return refuse("sessionToken", "a key without a session token")
  if (Object.keys(key.headers).length > 0) return refuse("headers", "a key without headers of its own")
  return Either.right(Redacted.value(key.value))
}

/** A failure that the answer itself tells, though the helper ended well. */
export const failed = (
  command: string,
  { detail = "", reason, remedy }: Explanation
): Either.Either<never, NonZeroExit> =>
  Either.left(
    new NonZeroExit({ command, exitCode: 0, stderr: detail, reason, ...(remedy === undefined ? {} : { remedy }) })
  )

/** One JSON object a line's end: what most helpers print. */
export const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`

/** Adds a field only where there is something to write. */
export const field = <A>(name: string, value: Option.Option<A>): Record<string, A> =>
  Option.match(value, { onNone: () => ({}), onSome: (some) => ({ [name]: some }) })

/** A key that is a token and perhaps an expiry. */
export const tokenKey = (
  path: string,
  value: string,
  expiresAt: ApiKey.Fields["expiresAt"] = Option.none()
): Either.Either<ApiKey.ApiKey, Refusal> =>
  Either.map(Fit.token(value, path), (fit) => new ApiKey.ApiKey({ value: Redacted.make(fit), expiresAt }))
