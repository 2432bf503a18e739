/**
 * From a helper's stdout to a key and back: the table of formats.
 *
 * @since 0.1.0
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "./ApiKey.js"
import { type ApiKeyError, type ConfigInvalid, EmptyOutput, ExpiredOnArrival, InvalidOutput } from "./ApiKeyError.js"
import * as Table from "./formats/table.js"
import * as HelperCatalog from "./HelperCatalog.js"
import type { CredentialFormat, Output } from "./internal/format/format.js"
import { tokenExpiry } from "./internal/format/tokenExpiry.js"
import { inCode } from "./internal/model/configInvalid.js"
import { decodeUtf8 } from "./internal/util/bytes.js"

export type { Meaning as Explanation } from "./internal/format/failure.js"
export type { Answer, CredentialFormat, DecodeContext } from "./internal/format/format.js"

/**
 * The Schema of a format's name.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FormatName = Table.FormatName

/**
 * The names that a format may be given by alone. `json` is not among them: it needs a `field`.
 *
 * @since 0.1.0
 * @category models
 */
export type FormatName = typeof FormatName.Type

/**
 * A format with its parameters, where it has some.
 *
 * @since 0.1.0
 * @category models
 */
export const FormatOptions = Table.FormatOptions

/**
 * @since 0.1.0
 * @category models
 */
export type FormatOptions = typeof FormatOptions.Type

/**
 * How a configuration names a format: by its name, or as an object with the name and its parameters.
 *
 * @example
 * ```ts
 * import * as CredentialFormat from "effect-apikey/CredentialFormat"
 * import * as Schema from "effect/Schema"
 *
 * const isFormat = Schema.is(CredentialFormat.FormatSpec)
 *
 * console.log(isFormat("oauth")) // true
 * console.log(isFormat({ name: "git-credential", url: "https://example.com" })) // true
 * console.log(isFormat({ name: "json", field: "data.key", expiresAt: "/data/exp" })) // true
 * console.log(isFormat("json")) // false: it needs a field
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const FormatSpec = Table.FormatSpec

/**
 * @since 0.1.0
 * @category schemas
 */
export type FormatSpec = typeof FormatSpec.Type

/**
 * All names, in the order of the documentation.
 *
 * @since 0.1.0
 * @category getters
 */
export const formatNames: ReadonlyArray<FormatName> = Table.formatNames

const automatic = Table.automatic((program) =>
  Option.flatMapNullable(HelperCatalog.find(program), ({ format }) => format)
)

/**
 * A format by name or with its parameters, or one of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = FormatSpec | CredentialFormat

const isOwn = (format: Format): format is CredentialFormat => hasProperty(format, "decode")

/**
 * The format that a name or an object stands for.
 *
 * @since 0.1.0
 * @category getters
 */
export const get = (format: Format): CredentialFormat =>
  format === "auto" ? automatic : isOwn(format) ? format : Table.formatOf(format)

const isSpec = Schema.is(FormatSpec, { onExcessProperty: "error" })

/**
 * The format to speak with a program, for what no compiler has checked: a name or parameters that do not exist are `ConfigInvalid`.
 * `auto` becomes the format that the catalog says of the program, so that what is said to it is said from the start.
 *
 * @since 0.1.0
 * @category getters
 */
export const resolve = (format: Format, program = ""): Either.Either<CredentialFormat, ConfigInvalid> =>
  isOwn(format) || isSpec(format)
    ? Either.right(format === "auto" ? Option.getOrElse(automatic.usual(program), () => automatic) : get(format))
    : Either.left(
        inCode(
          "`format` is not a format, or its parameters are wrong",
          `One of ${formatNames.join(", ")}, or an object such as { name: "json", field: "data.key" }`
        )
      )

/**
 * The name of the format that a run's output is read by: for `auto` the one that it takes it for, none when it knows none.
 *
 * @since 0.1.0
 * @category getters
 */
export const recognized = (format: Format, output: Output): Option.Option<string> =>
  format === "auto"
    ? Option.flatMap(decodeUtf8(Redacted.value(output.stdout)), (input) =>
        Option.map(automatic.chosen(input, output.command), ({ name }) => name)
      )
    : Option.some(get(format).name)

/**
 * The answer of a helper for a key, in a format. A key that needs no headers of its own goes to a client that wants headers as a
 * bearer token, and one whose only header is that of a bearer token goes to others without it.
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
 * From what a run gave to a key: valid UTF-8, something in it, the format's own rules, the expiry that the token carries, and not
 * expired at `now`.
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
