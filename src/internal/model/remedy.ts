/** What to do about an error, as data, and how each surface renders it. */

import * as Schema from "effect/Schema"

const Value = Schema.Union(
  Schema.String,
  Schema.Number,
  Schema.Array(Schema.String),
  Schema.Record({ key: Schema.String, value: Schema.String })
)

/**
 * What to do about an error.
 *
 * - `text`: what to do, in one line
 * - `option`: the option of a command to set or change, such as `"timeout"`
 * - `example`: a value for that option
 *
 * Each surface renders the option in its own spelling: code as `timeout: "1 minute"`, the command line as `--timeout "1 minute"`,
 * configuration files as JSON.
 *
 * @since 0.1.0
 * @category models
 */
export const Remedy = Schema.Struct({
  text: Schema.String,
  option: Schema.optional(Schema.String),
  example: Schema.optional(Value)
})

/**
 * @since 0.1.0
 * @category models
 */
export type Remedy = typeof Remedy.Type

/** A remedy, or its text if it has no option. */
export type RemedyInput = string | Remedy

export const toRemedy = (input: RemedyInput): Remedy => (typeof input === "string" ? { text: input } : input)

/** A value in the syntax of code: `{ name: "json", field: "data.key" }`. */
const asCode = (value: unknown): string =>
  JSON.stringify(value, undefined, 1)
    .replace(/\n\s*/g, " ")
    .replace(/"([A-Za-z]+)":/g, "$1:")

const asJson = (value: unknown): string => JSON.stringify(value, undefined, 1).replace(/\n\s*/g, " ")

const withOption = ({ text }: Remedy, shown: string): string => `${text.replace(/\.$/, "")}: ${shown}`

/** Renders a remedy for code: the option as a property. */
export const inCodeWords = (remedy: Remedy): string => {
  const { example, option, text } = remedy
  if (option === undefined) return text
  return withOption(remedy, example === undefined ? `\`${option}\`` : `\`${option}: ${asCode(example)}\``)
}

/** Renders a remedy for a configuration file: the option as a JSON property. */
export const inJsonWords = (remedy: Remedy): string => {
  const { example, option, text } = remedy
  if (option === undefined) return text
  return withOption(remedy, example === undefined ? `"${option}"` : `"${option}": ${asJson(example)}`)
}
