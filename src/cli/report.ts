/** How the command line reports a failure: remedies that name flags, and the helper's own line. */

import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type { ApiKeyError } from "../ApiKeyError.js"
import * as HelperCatalog from "../HelperCatalog.js"
import { inJsonWords, type Remedy } from "../internal/model/remedy.js"
import { shellWord } from "../internal/util/shell.js"

const kebab = (name: string): string => name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)

/** One word of a shell, or what stands for it. */
const word = (value: unknown): string =>
  typeof value === "string" ? shellWord(value) : shellWord(JSON.stringify(value))

/** `--format git-credential --url https://…` of `{ name: "git-credential", url: "https://…" }`. */
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

/** For a command that was given here: the option as a flag. An option without a flag belongs into a configuration file. */
export const inFlagWords = (remedy: Remedy): string => {
  const { example, option, text } = remedy
  const flag = option === undefined ? undefined : flagFor(option, example)
  return flag === undefined ? inJsonWords(remedy) : `${text.replace(/\.$/, "")}: ${flag}`
}

const maxLength = 200

/** Of what it wrote on stderr the line that the catalog knows the failure by, else the last one. */
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
