/**
 * Formats: the protocols of a helper's output, decoded to a key and encoded from one.
 *
 * @since 0.1.0
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "./ApiKey.js"
import { type ApiKeyError, EmptyOutput, ExpiredOnArrival, InvalidOutput } from "./ApiKeyError.js"
import { formatNames } from "./formats/table.js"
import type { Output } from "./internal/format/format.js"
import { type Format, get } from "./internal/format/lookup.js"
import { tokenExpiry } from "./internal/format/tokenExpiry.js"
import { decodeUtf8 } from "./internal/util/bytes.js"

export type { CredentialFormat } from "./internal/format/format.js"
export type { Format } from "./internal/format/lookup.js"

/**
 * The names that are a format by themselves, in the order of the documentation. `json` is missing: it needs a `field`.
 *
 * @since 0.1.0
 * @category getters
 */
export const names = formatNames

/**
 * The output of a helper of this format for a key. It fails if the format cannot carry the key or its expiry. Formats with headers write
 * a bearer header for a key that has no headers; other formats leave out a header that only repeats the key as a bearer token.
 *
 * @example
 * ```ts
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as CredentialFormat from "effect-apikey/CredentialFormat"
 *
 * const key = ApiKey.make({ value: "s3cre7", username: "bob" })
 *
 * console.log(CredentialFormat.encode("git-credential", key)) // Right("username=bob\npassword=s3cre7\n")
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const encode = (format: Format, key: ApiKey.ApiKey): Either.Either<string, InvalidOutput> =>
  get(format).encode(key)

/**
 * The key in the output of a run. The output must be UTF-8, not blank and as the format says. The key gets the earlier of its own expiry
 * and the one that the token carries, and must not have expired at `now`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const decode = (
  format: Format,
  output: Output,
  now: DateTime.Utc
): Either.Either<ApiKey.ApiKey, ApiKeyError> => {
  const { name, decode: decodeText } = get(format)
  const { command, stderr } = output
  return decodeUtf8(Redacted.value(output.stdout)).pipe(
    Either.fromOption(
      () =>
        new InvalidOutput({
          command,
          format: name,
          path: "",
          expected: "UTF-8 text",
          remedy:
            "The command printed binary data or another encoding; check its arguments (wrong key, missing decode?)."
        })
    ),
    Either.filterOrLeft(
      (input) => input.trim() !== "",
      () => new EmptyOutput({ command, stderr: stderr() })
    ),
    Either.flatMap((input) => decodeText(input, output)),
    Either.map((key) =>
      Option.match(tokenExpiry(Redacted.value(key.value)), {
        onNone: () => key,
        onSome: (at) => ApiKey.expiringBy(key, at)
      })
    ),
    Either.flatMap((key) =>
      Option.match(
        Option.filter(key.expiresAt, (at) => DateTime.lessThanOrEqualTo(at, now)),
        {
          onNone: () => Either.right(key),
          onSome: (expiredAt) => Either.left(new ExpiredOnArrival({ command, expiredAt }))
        }
      )
    )
  )
}
