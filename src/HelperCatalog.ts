/**
 * What is known of well-known credential helpers: how to install them, what their failures mean and what to do then.
 * Data; a helper that is not in it loses only its hints.
 *
 * @since 0.1.0
 */
import type * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { Reason } from "./ApiKeyError.js"

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
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Entry {
  /** The program's name, as it stands on PATH. */
  readonly program: RegExp
  readonly install?: string
  readonly failures: ReadonlyArray<Failure>
  /** The format it usually speaks; `auto` takes it. */
  readonly format?: string
  /** It may ask a person, by a window, a fingerprint or a browser, without any terminal. */
  readonly mayPrompt: boolean
  /** For how long a key without an expiry is kept. */
  readonly timeToLive?: Duration.DurationInput
}

const gpgLocked: Failure = {
  stderr: /decryption failed: No secret key|No pinentry|Inappropriate ioctl for device/,
  reason: "LoginRequired",
  remedy: "Unlock the key with gpg at a terminal (export GPG_TTY=$(tty)), or import the secret key."
}

const entries: ReadonlyArray<Entry> = [
  {
    program: /^op$/,
    install: "Install the 1Password command line (1password-cli) and sign in: op signin",
    failures: [
      {
        stderr: /not currently signed in|account is not signed in/,
        reason: "LoginRequired",
        remedy: "Sign in to 1Password: op signin"
      }
    ],
    mayPrompt: true,
    timeToLive: "1 hour"
  },
  {
    program: /^pass$/,
    install: "Install pass (the standard Unix password manager).",
    failures: [
      {
        exitCode: 1,
        stderr: /is not in the password store/,
        reason: "NotFound",
        remedy: "List what is there: pass ls"
      },
      gpgLocked
    ],
    format: "first-line",
    mayPrompt: true,
    timeToLive: "1 hour"
  },
  {
    program: /^gopass$/,
    install: "Install gopass.",
    failures: [gpgLocked],
    format: "first-line",
    mayPrompt: true,
    timeToLive: "1 hour"
  }
]

/**
 * Looks a program up by its name, without folder and without `.exe`, `.cmd` or `.bat`.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (program: string): Option.Option<Entry> => {
  const name = program.replace(/\.(?:exe|cmd|bat)$/i, "")
  return Option.fromNullable(entries.find((entry) => entry.program.test(name)))
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
 * `Unavailable`), else `Unknown`.
 *
 * @since 0.1.0
 * @category getters
 */
export const classify = (
  entry: Option.Option<Entry>,
  failure: FailedRun,
  explain: (failure: FailedRun) => Option.Option<Meaning> = Option.none
): Meaning => {
  const known = Option.flatMapNullable(entry, ({ failures }) =>
    failures.find(
      (candidate) =>
        (candidate.exitCode === undefined || candidate.exitCode === failure.exitCode) &&
        (candidate.stderr === undefined || candidate.stderr.test(failure.stderr)) &&
        (candidate.stdout === undefined || candidate.stdout.test(failure.stdout))
    )
  )
  return known.pipe(
    Option.map(({ reason, remedy }): Meaning => ({ reason, ...(remedy === undefined ? {} : { remedy }) })),
    Option.orElse(() => explain(failure)),
    Option.getOrElse((): Meaning => ({ reason: failure.exitCode === temporaryFailure ? "Unavailable" : "Unknown" }))
  )
}

/** sysexits.h: EX_TEMPFAIL */
const temporaryFailure = 75
