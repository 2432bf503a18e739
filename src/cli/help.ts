/** The layout of a help text: description, examples, usage, then sub-commands and options in aligned columns. */

import type { Command } from "commander"

export interface HelpText {
  readonly description: string
  readonly examples: ReadonlyArray<{ readonly what: string; readonly line: string }>
  /** The usage lines, without the command's name. */
  readonly usage: ReadonlyArray<string>
}

const bold = (text: string): string => `\u001B[1m${text}\u001B[22m`

/** The full name of a sub-command: `effect-apikey opencode init` for `init`. */
const fullName = (command: Command): string =>
  command.parent === null ? command.name() : `${fullName(command.parent)} ${command.name()}`

const usageIndent = " ".repeat("Usage: ".length)

/** Adds the help text to a command. Commander aligns the columns, and removes styles if NO_COLOR is set or the output is not a terminal. */
export const withHelp = (command: Command, { description, examples, usage }: HelpText): Command => {
  const shown = examples.map(({ line, what }) => `  # ${what}\n  ${line}`).join("\n\n")
  return command
    .summary(description)
    .helpOption("-h, --help", "Print this help.")
    .addHelpText("before", `${description}\n\n${bold("Examples:")}\n${shown}\n`)
    .configureHelp({
      styleTitle: bold,
      subcommandTerm: (each) => each.name(),
      commandDescription: () => "",
      visibleArguments: () => [],
      commandUsage: (each) => usage.map((line) => `${fullName(each)} ${line}`.trimEnd()).join(`\n${usageIndent}`)
    })
}
