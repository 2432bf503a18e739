/** What the program name of a command tells: the name to show in messages, and the catalog's entry. */

import * as Option from "effect/Option"
import * as HelperCatalog from "../../HelperCatalog.js"
import type { Entry } from "../catalog/entry.js"
import { programName } from "../redact/programName.js"

export interface KnownCommand {
  /** The program's name for messages, metrics and spans. Never an argument. */
  readonly name: string
  readonly entry: Option.Option<Entry>
}

/** Accesses the disk if the program's name contains a space, so call it once per command. */
export const knownCommand = (command: ReadonlyArray<string>, cwd: string | undefined): KnownCommand => {
  const name = programName(command, cwd)
  return { name, entry: HelperCatalog.find(name) }
}

/**
 * Whether the helper may prompt the user: because its program is known to, or because it uses the terminal. Before a run
 * `onTerminal` means that it may get the terminal; during a run, that it has it.
 */
export const mayPrompt = (entry: KnownCommand["entry"], onTerminal: boolean): boolean =>
  onTerminal || Option.exists(entry, (known) => known.mayPrompt)
