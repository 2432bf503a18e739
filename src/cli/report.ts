/** The parts of a failure's report: a remedy that names flags, and a line of the helper's stderr. */

import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type { ApiKeyError } from "../ApiKeyError.js"
import * as HelperCatalog from "../HelperCatalog.js"
import { inJsonWords, type Remedy } from "../internal/model/remedy.js"
import { shellWord } from "../internal/util/shell.js"

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** A value as one shell word. */
const word = (value: unknown): string =>
  typeof value === "string" ? shellWord(value) : shellWord(JSON.stringify(value))

/** A format as flags: `--format git-credential --url https://…` for `{ name: "git-credential", url: "https://…" }`. */
const formatFlags = ({ name, ...parameters }: Readonly<Record<string, unknown>>): string =>
  [
    `--format ${word(name)}`,
    ...Object.entries(parameters).map(([key, value]) => `--${kebab(key)} ${word(value)}`)
  ].join(" ")

const flagFor = (option: string, example: Remedy["example"]): string | undefined => {
  switch (option) {
    case "argv":
      return `-- ${Array.isArray(example) ? example.map(word).join(" ") : "COMMAND [ARG...]"}`
    case "timeout":
      return `--timeout ${example === undefined ? "TIME" : word(example)}`
    case "format":
      return isRecord(example) ? formatFlags(example) : `--format ${example === undefined ? "NAME" : word(example)}`
    default:
      return undefined
  }
}

/** The remedy for a command after `--`, with its option as a flag. An option without a flag is shown for a configuration file. */
export const inFlagWords = (remedy: Remedy): string => {
  const { example, option, text } = remedy
  const flag = option === undefined ? undefined : flagFor(option, example)
  return flag === undefined ? inJsonWords(remedy) : `${text.replace(/\.$/, "")}: ${flag}`
}

const maxLength = 200

/** The line of stderr by which the catalog recognizes the failure, else the last line. */
export const stderrLine = (error: ApiKeyError): string | undefined => {
  if (!("stderr" in error)) return undefined
  const lines = error.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const telling = Option.flatMapNullable(HelperCatalog.find(error.command), ({ failures }) =>
    failures
      .filter(({ reason }) => "reason" in error && reason === error.reason)
      .flatMap(({ stderr }) => lines.filter((line) => stderr?.test(line)))
      .at(0)
  )
  return Option.getOrElse(telling, () => lines.at(-1))?.slice(0, maxLength)
}
