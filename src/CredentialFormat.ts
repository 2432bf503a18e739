/**
 * From a helper's stdout to a key and back: the table of formats.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "./ApiKey.js"
import { type ApiKeyError, EmptyOutput, ExpiredOnArrival, InvalidOutput } from "./ApiKeyError.js"
import type { Output } from "./CredentialHelper.js"
import { oauth } from "./formats/oauth.js"
import { firstLine, text } from "./formats/text.js"
import * as HelperCatalog from "./HelperCatalog.js"
import { jwtExpiry } from "./internal/jwt.js"

/**
 * What a decoder knows beside the text.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeContext {
  /** The program's name, for errors. */
  readonly command: string
  /** When the run began, in epoch milliseconds: relative lifetimes count from here. */
  readonly startedAt: number
  /** The end of stderr, fit to be shown. */
  readonly stderr: () => string
}

/**
 * One protocol. `decode` gets valid UTF-8 without a byte order mark and never throws; what it fails with never quotes
 * what it read.
 *
 * @since 0.1.0
 * @category models
 */
export interface CredentialFormat {
  readonly name: string
  readonly decode: (text: string, context: DecodeContext) => Either.Either<ApiKey.ApiKey, ApiKeyError>
  /** The answer a helper of this format would give for a key; a key that the format cannot carry is refused. */
  readonly encode: (key: ApiKey.ApiKey) => Either.Either<string, InvalidOutput>
}

/**
 * Takes what the catalog says of the program, then JSON by its own discriminator, else plain text. Refuses JSON that it
 * does not know.
 */
const auto: CredentialFormat = {
  name: "auto",
  decode: (input, context) => {
    const usual = Option.flatMapNullable(HelperCatalog.find(context.command), ({ format }) => format)
    if (Option.isSome(usual) && isFormatName(usual.value)) return formats[usual.value].decode(input, context)
    const trimmed = input.trim()
    if (!/^[{["]/.test(trimmed)) return text.decode(input, context)
    return oauth.recognizes(trimmed)
      ? oauth.decode(input, context)
      : Either.left(
          new InvalidOutput({
            command: context.command,
            format: "auto",
            path: "",
            expected: "a key on one line, or JSON of a format that it knows",
            remedy: `Print the bare key (jq -r, --output text, --raw), or choose a \`format\`: ${formatNames.join(", ")}`
          })
        )
  },
  encode: (key) => text.encode(key)
}

const formats = { auto, text, "first-line": firstLine, oauth }

/**
 * The names of the formats, as `format` takes them.
 *
 * @since 0.1.0
 * @category models
 */
export type FormatName = keyof typeof formats

const isFormatName = (name: string): name is FormatName => Object.hasOwn(formats, name)

/**
 * All names, in the order of the documentation.
 *
 * @since 0.1.0
 * @category getters
 */
export const formatNames: ReadonlyArray<FormatName> = Object.keys(formats).filter(isFormatName)

/**
 * A format by name, or one of your own.
 *
 * @since 0.1.0
 * @category models
 */
export type Format = FormatName | CredentialFormat

/**
 * @since 0.1.0
 * @category getters
 */
export const get = (format: Format): CredentialFormat => (typeof format === "string" ? formats[format] : format)

/**
 * From what a run gave to a key: valid UTF-8, something in it, the format's own rules, the expiry inside a JWT, and not
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
      Option.match(jwtExpiry(Redacted.value(key.value)), {
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

const strict = new TextDecoder("utf-8", { fatal: true })

/** A NUL in it means UTF-16 or binary data that happens to be valid; a byte order mark is dropped by the decoder. */
const decodeUtf8 = (bytes: Uint8Array): Option.Option<string> =>
  Option.filter(
    Option.liftThrowable((input: Uint8Array) => strict.decode(input))(bytes),
    (decoded) => !decoded.includes("\0")
  )
