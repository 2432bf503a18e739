/** What one row of the catalog holds. How it is known is documentation, in docs/data/helpers.ts. */

import type * as Duration from "effect/Duration"
import type { Reason } from "../../ApiKeyError.js"
import type { FormatName } from "../../formats/table.js"
import type { RemedyInput } from "../model/remedy.js"

/**
 * One meaning of a failure: all of the conditions given must hold. The first that fits counts.
 *
 * @since 0.1.0
 * @category models
 */
export interface Failure {
  readonly exitCode?: number
  /** Looked for in what the helper wrote on stderr. */
  readonly stderr?: RegExp
  /** Looked for in what it wrote on stdout; that text is never shown. */
  readonly stdout?: RegExp
  readonly reason: Reason
  /** What to do, in one line. */
  readonly remedy?: RemedyInput
}

/**
 * What is known of one program.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** The program's name, as it stands on PATH. */
  readonly program: RegExp
  /** What to do where it is not installed. */
  readonly install: string
  readonly failures: ReadonlyArray<Failure>
  /** The format of whatever it prints; `auto` takes it. Absent where that depends on the arguments. */
  readonly format?: Exclude<FormatName, "auto">
  /** The format of single sub-commands, where it depends on them. */
  readonly subcommandFormats?: Readonly<Record<string, Exclude<FormatName, "auto">>>
  /** It may prompt the user without a terminal: in a window, by fingerprint or in a browser. */
  readonly mayPrompt: boolean
  /**
   * Variables for a run of the program, so that it neither colours, pages nor answers in another shape: a value sets one,
   * `undefined` unsets one that would be inherited. The caller's `env` overrides them.
   */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The same for a run without a terminal, so that it fails instead of prompting there. */
  readonly envWithoutTerminal?: Readonly<Record<string, string | undefined>>
  /** For how long a key without an expiry is kept. */
  readonly timeToLive?: Duration.DurationInput
}
