/**
 * Data about well-known credential helpers: how to install them, what their failures mean and what to do. Other helpers
 * work too, without these hints.
 *
 * @since 0.1.0
 */

import * as Option from "effect/Option"
import { entries } from "./internal/catalog/entries.js"
import type { Entry, Failure } from "./internal/catalog/entry.js"
import type { FailedRun, Meaning } from "./internal/format/failure.js"

export type { Entry, Failure } from "./internal/catalog/entry.js"
export type { FailedRun, Meaning } from "./internal/format/failure.js"

/**
 * All entries.
 *
 * @since 0.1.0
 * @category getters
 */
export const all: ReadonlyArray<Entry> = entries

/**
 * Finds the entry of a program by its name, without directory and without `.exe`, `.cmd` or `.bat`.
 *
 * @since 0.1.0
 * @category getters
 */
export const find = (program: string): Option.Option<Entry> => {
  const name = program.replace(/\.(?:exe|cmd|bat)$/i, "")
  return Option.fromNullable(all.find((entry) => entry.program.test(name)))
}

/**
 * What a failure means: by the catalog, else by the format, else by the exit status (75, EX_TEMPFAIL, is `Unavailable`),
 * else `Unknown`. If stderr went to the terminal, only the status and stdout are known. Then rows that need stderr do not
 * apply, and the remedy mentions the login with an "if".
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
    Option.orElse(() => (opensDevice.test(failure.stderr) ? Option.some(writesByName) : Option.none())),
    Option.getOrElse((): Meaning => {
      const reason = failure.exitCode === temporaryFailure ? "Unavailable" : "Unknown"
      return Option.match(unread ? logIn(entry) : Option.none(), {
        onNone: () => ({ reason }),
        onSome: (remedy) => ({ reason, remedy })
      })
    })
  )
}

/** On Linux a helper's stdout and stderr are sockets, which have no name that could be opened. */
const opensDevice = /\/dev\/(?:stdout|stderr|fd\/[12])\b.*No such device|No such device or address: '\/dev\//

const writesByName: Meaning = {
  reason: "Unknown",
  remedy:
    "A helper cannot open /dev/stdout or /dev/stderr by name here: write with >&1 and >&2, or without -o /dev/stdout."
}

/** A catch-all row (`Unknown`) only makes sense if the rows before it could search stderr. */
const hangsOnStderr = ({ reason, stderr, stdout }: Failure): boolean =>
  stderr !== undefined || (reason === "Unknown" && stdout === undefined)

const logIn = (entry: Option.Option<Entry>): Option.Option<string> =>
  Option.flatMapNullable(
    entry,
    ({ failures }) => failures.find(({ reason }) => reason === "LoginRequired")?.remedy
  ).pipe(Option.map((remedy) => `It printed the reason on the terminal. If a login is missing: ${remedy}`))

/** sysexits.h: EX_TEMPFAIL */
const temporaryFailure = 75
