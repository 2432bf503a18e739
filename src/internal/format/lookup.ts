/** From what names a format to the format: for `auto`, the catalog and then the output decide. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import * as Table from "../../formats/table.js"
import * as HelperCatalog from "../../HelperCatalog.js"
import { inCode } from "../model/options.js"
import { decodeUtf8 } from "../util/bytes.js"
import type { CredentialFormat, Output } from "./format.js"

/**
 * What you may give as a format: its name, an object with the name and its parameters, or a format of your own.
 *
 * @example
 * ```ts
 * import type * as CredentialFormat from "effect-apikey/CredentialFormat"
 *
 * export const formats: ReadonlyArray<CredentialFormat.Format> = [
 *   "oauth",
 *   { name: "git-credential", url: "https://example.com" },
 *   { name: "json", field: "data.key", expiresAt: "/data/exp" } // `json` needs a field, so its name alone is not a format
 * ]
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Format = Table.FormatSpec | CredentialFormat

const automatic = Table.automatic((program) =>
  Option.flatMapNullable(HelperCatalog.find(program), ({ format }) => format)
)

const isOwn = (format: Format): format is CredentialFormat => hasProperty(format, "decode")

/** The format that a name or an object names. */
export const get = (format: Format): CredentialFormat =>
  format === "auto" ? automatic : isOwn(format) ? format : Table.formatOf(format)

const isSpec = Schema.is(Table.FormatSpec, { onExcessProperty: "error" })

/**
 * The format for a run of a program. For values that no compiler has checked: an unknown name or a wrong parameter is `ConfigInvalid`.
 * `auto` becomes the catalog's format of the program, so that the helper gets that format's input and environment.
 */
export const resolve = (format: Format, program = ""): Either.Either<CredentialFormat, ConfigInvalid> =>
  isOwn(format) || isSpec(format)
    ? Either.right(format === "auto" ? Option.getOrElse(automatic.usual(program), () => automatic) : get(format))
    : Either.left(
        inCode(
          "`format` is not a format, or its parameters are wrong",
          `One of ${Table.formatNames.join(", ")}, or an object such as { name: "json", field: "data.key" }`
        )
      )

/** The name of the format that decodes an output. For `auto` it is none if the output has no known format. */
export const recognized = (format: Format, output: Output): Option.Option<string> =>
  format === "auto"
    ? Option.flatMap(decodeUtf8(Redacted.value(output.stdout)), (input) =>
        Option.map(automatic.chosen(input, output.command), ({ name }) => name)
      )
    : Option.some(get(format).name)
