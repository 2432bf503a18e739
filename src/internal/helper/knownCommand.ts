/** What a command tells before it runs: the name to show in messages, and what the catalog knows of it. */

import * as Option from "effect/Option"
import * as HelperCatalog from "../../HelperCatalog.js"
import type { Entry, Failure } from "../catalog/entry.js"
import { seenThrough } from "../catalog/wrappers.js"
import { programName } from "../redact/programName.js"

export interface KnownCommand {
  /** The program's name for messages, metrics and spans. Never an argument. */
  readonly name: string
  /** The name of the program that prints the key: `op` in `env OP_ACCOUNT=work op read …`. */
  readonly printer: string
  /** What the catalog knows of the program, or of the command that it runs if it is a wrapper. */
  readonly entry: Option.Option<Entry>
  /** What to do if the program is not installed. */
  readonly install: Option.Option<string>
}

/** Accesses the disk if the program's name contains a space, so call it once per command. */
export const knownCommand = (command: ReadonlyArray<string>, cwd: string | undefined): KnownCommand => {
  // Code without types may give anything. The check of the options, which comes later, has the error for it.
  const isArgv = Array.isArray(command) && command.every((each) => typeof each === "string")
  const [name = "", ...inside] = (isArgv ? seenThrough(command) : [command]).map((argv) => programName(argv, cwd))
  const own = HelperCatalog.find(name)
  return {
    name,
    printer: inside.at(-1) ?? name,
    entry: inside.reduce((outer, program) => combined(outer, HelperCatalog.find(program)), own),
    install: Option.map(own, (known) => known.install)
  }
}

/** The exit status of shells, env and others if they do not find the program. */
const notFoundStatus = 127

/**
 * Most wrappers are not in the catalog. Some are helpers themselves, such as `op run`, and may fail or prompt before the command
 * inside starts. Its statuses may be those of either, so only messages decide for the wrapper.
 */
const combined = (outer: Option.Option<Entry>, inner: Option.Option<Entry>): Option.Option<Entry> =>
  Option.match(inner, {
    onNone: () => Option.map(outer, ({ format: _, subcommandFormats: __, timeToLive: ___, ...rest }) => rest),
    onSome: (known) => {
      const wrapper = Option.getOrUndefined(outer)
      return Option.some({
        ...known,
        env: { ...wrapper?.env, ...known.env },
        envWithoutTerminal: { ...wrapper?.envWithoutTerminal, ...known.envWithoutTerminal },
        mayPrompt: known.mayPrompt || (wrapper?.mayPrompt ?? false),
        failures: [
          { exitCode: notFoundStatus, stderr: /not found|No such file/i, reason: "Unknown", remedy: known.install },
          ...known.failures.filter(hasMessage),
          ...(wrapper?.failures ?? []).filter(hasMessage),
          ...known.failures.filter((failure) => !hasMessage(failure))
        ]
      })
    }
  })

const hasMessage = ({ stderr, stdout }: Failure): boolean => stderr !== undefined || stdout !== undefined

/** The variables that the catalog sets and unsets for a run. */
export const catalogEnv = (
  entry: KnownCommand["entry"],
  onTerminal: boolean
): Readonly<Record<string, string | undefined>> =>
  Option.match(entry, {
    onNone: () => ({}),
    onSome: ({ env, envWithoutTerminal }) => ({ ...env, ...(onTerminal ? {} : envWithoutTerminal) })
  })

/**
 * Whether the helper may prompt the user: because its program is known to, or because it uses the terminal. Before a run
 * `onTerminal` means that it may get the terminal; during a run, that it has it.
 */
export const mayPrompt = (entry: KnownCommand["entry"], onTerminal: boolean): boolean =>
  onTerminal || Option.exists(entry, (known) => known.mayPrompt)
