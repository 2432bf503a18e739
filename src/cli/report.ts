/** The words in which the command line reports a failure: hints that name flags, and the helper's own line. */

import * as Option from "effect/Option"
import type { ApiKeyError } from "../ApiKeyError.js"
import * as HelperCatalog from "../HelperCatalog.js"

/** What is an option in code is a flag here, or has none. */
const flags: ReadonlyArray<readonly [pattern: RegExp, replacement: string]> = [
  [/raise `timeout`/, "give it more: --timeout TIME"],
  [/Choose the `format` that the command speaks/, "Choose the format that the command speaks (--format NAME)"],
  [/\bformat: "([a-z-]+)"/, "--format $1"],
  // A flag takes a format's name alone.
  [
    /choose a `format`: (.*), json \(with a field\)$/,
    "choose a format (--format NAME): $1; json needs effect-apikey.jsonc"
  ],
  [/\bformat: (\{.*\})/, "in effect-apikey.jsonc, as the command's format: $1"],
  [/^`command` takes an array.*$/, "Give the program and each argument as a word of its own, not all in one string."],
  [
    /^No shell expands `~` here; write the folder out\.$/,
    "Leave the `~` outside quotes, so that your shell expands it."
  ]
]

/** A hint in the words of the command line. */
export const asFlags = (hint: string): string =>
  flags.reduce((rest, [pattern, replacement]) => rest.replace(pattern, replacement), hint)

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
