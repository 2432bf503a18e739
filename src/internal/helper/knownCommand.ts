/** What is known of a command by the name of its program: the name that messages may say, and the catalog's entry. */

import * as Option from "effect/Option"
import * as HelperCatalog from "../../HelperCatalog.js"
import type { Entry } from "../catalog/entry.js"
import { programName } from "../redact/programName.js"

export interface KnownCommand {
  /** The program's name, for messages, metrics and spans: never an argument. */
  readonly name: string
  readonly entry: Option.Option<Entry>
}

/** Looks at the disk where the program's name has a space, so it is asked once a command. */
export const knownCommand = (command: ReadonlyArray<string>, cwd: string | undefined): KnownCommand => {
  const name = programName(command, cwd)
  return { name, entry: HelperCatalog.find(name) }
}

/**
 * Whether the helper may ask a person: its program is known to, or it has the terminal. Before a run `onTerminal` says whether it
 * may come to have it, in a run whether it has it.
 */
export const mayPrompt = (entry: KnownCommand["entry"], onTerminal: boolean): boolean =>
  onTerminal || Option.exists(entry, (known) => known.mayPrompt)
