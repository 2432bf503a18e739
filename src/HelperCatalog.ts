/**
 * What is known of well-known credential helpers: how to install them, what their failures mean and what to do then.
 * Data; a helper that is not in it loses only its hints.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Reason } from "./ApiKeyError.js"
import type { FormatName } from "./formats/table.js"
import { entries } from "./internal/catalog/entries.js"

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
  readonly remedy?: string
  /** Where it differs from the entry's. */
  readonly evidence?: Evidence
}

/**
 * Whether a failure was seen with the real program, or is taken from its manual or source.
 *
 * @since 0.1.0
 * @category models
 */
export type Evidence = "measured" | "manual"

/**
 * What is known of one program.
 *
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  readonly name: string
  /** The program's name, as it stands on PATH. */
  readonly program: RegExp
  /** What to do where it is not installed. */
  readonly install: string
  /** Whether `failures` were seen with the real program, unless one says otherwise. */
  readonly evidence: Evidence
  /** The version that was measured, or the manual that says so. */
  readonly source: string
  /** The formats it can print, the usual one first. */
  readonly speaks: ReadonlyArray<FormatName>
  readonly failures: ReadonlyArray<Failure>
  /** The format of whatever it prints; `auto` takes it. Absent where that depends on the arguments. */
  readonly format?: Exclude<FormatName, "auto">
  /** It may ask a person, by a window, a fingerprint or a browser, without any terminal. */
  readonly mayPrompt: boolean
  /** For how long a key without an expiry is kept. */
  readonly timeToLive?: Duration.DurationInput
}

/**
 * All entries.
 *
 * @since 0.1.0
 * @category getters
 */
export const all: ReadonlyArray<Entry> = entries

/**
 * Looks a program up by its name, without folder and without `.exe`, `.cmd` or `.bat`.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (program: string): Option.Option<Entry> => {
  const name = program.replace(/\.(?:exe|cmd|bat)$/i, "")
  return Option.fromNullable(all.find((entry) => entry.program.test(name)))
}

/**
 * How a run failed. `stdout` is looked at and never shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailedRun {
  readonly exitCode: number
  readonly stderr: string
  readonly stdout: string
  /** `stderr` went to the terminal and was not read. Default: false. */
  readonly onTerminal?: boolean
}

/**
 * What a failure means.
 *
 * @since 0.1.0
 * @category models
 */
export interface Meaning {
  readonly reason: Reason
  /** What to do, in one line. */
  readonly remedy?: string
  /** What the helper says of it in its answer, fit to be shown. */
  readonly detail?: string
}

/**
 * What a failure means: by the catalog, else by what the format says of the answer, else by its status (75, EX_TEMPFAIL, is
 * `Unavailable`), else `Unknown`. Of a run that wrote to the terminal only the status and stdout are known: what hangs on
 * stderr is not guessed, and the remedy is the log-in's, with an "if".
 *
 * @since 0.1.0
 * @category getters
 */
export const classify = (
  entry: Option.Option<Entry>,
  failure: FailedRun,
  explain: (failure: FailedRun) => Option.Option<Meaning> = Option.none
): Meaning => {
  const unread = failure.onTerminal === true
  const known = Option.flatMapNullable(entry, ({ failures }) =>
    failures.find(
      (candidate) =>
        !(unread && hangsOnStderr(candidate)) &&
        (candidate.exitCode === undefined || candidate.exitCode === failure.exitCode) &&
        (candidate.stderr === undefined || candidate.stderr.test(failure.stderr)) &&
        (candidate.stdout === undefined || candidate.stdout.test(failure.stdout))
    )
  )
  return known.pipe(
    Option.map(({ reason, remedy }): Meaning => ({ reason, ...(remedy === undefined ? {} : { remedy }) })),
    Option.orElse(() => explain(failure)),
    Option.getOrElse((): Meaning => {
      const reason = failure.exitCode === temporaryFailure ? "Unavailable" : "Unknown"
      return Option.match(unread ? logIn(entry) : Option.none(), {
        onNone: () => ({ reason }),
        onSome: (remedy) => ({ reason, remedy })
      })
    })
  )
}

/** A row for all that is left over (`Unknown`) is meant for what the rows before it did not find in stderr. */
const hangsOnStderr = ({ reason, stderr, stdout }: Failure): boolean =>
  stderr !== undefined || (reason === "Unknown" && stdout === undefined)

const logIn = (entry: Option.Option<Entry>): Option.Option<string> =>
  Option.flatMapNullable(
    entry,
    ({ failures }) => failures.find(({ reason }) => reason === "LoginRequired")?.remedy
  ).pipe(Option.map((remedy) => `It said why on the terminal. If a log-in is missing: ${remedy}`))

/** sysexits.h: EX_TEMPFAIL */
const temporaryFailure = 75
