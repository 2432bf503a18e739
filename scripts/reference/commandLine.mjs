// docs/reference/command-line.md: the help texts, as the program prints them.
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { commandNames, parse } from "../../src/cli/program.ts"
import { fenced, list, page } from "./markdown.mjs"

const version = "0.0.0"

// Commander takes the width and the styles from the terminal that this script may have.
process.stdout.isTTY = false
process.env["NO_COLOR"] = "1"

/** What it prints, without styles: the output is not a terminal. */
const helpOf = (words) => {
  const lines = []
  const recording = { ...Console.defaultConsole, log: (line) => Effect.sync(() => lines.push(line)) }
  const action = Either.getOrThrowWith(parse([...words, "--help"], [], version), ({ problem }) => new Error(problem))
  Effect.runSync(Effect.withConsole(action, recording))
  return lines.join("\n")
}

const section = (words) => {
  const [description, ...rest] = helpOf(words).split("\n\n")
  return [`## ${["effect-apikey", ...words].join(" ")}`, description, fenced(rest.join("\n\n"))]
}

export const problems = () => []

export const make = () =>
  page(
    "Command line",
    "src/cli/program.ts",
    "What `effect-apikey COMMAND --help` prints. [The guide](../guides/command-line.md) shows the usual tasks.",
    list([
      "The key alone goes to stdout. Everything else goes to stderr.",
      "What follows `--` is a helper command with its arguments. effect-apikey takes no flag from there.",
      "A failure prints what happened and what to do. [Errors](errors.md#exit-statuses) lists the exit statuses."
    ]),
    commandNames().flatMap(section)
  )
