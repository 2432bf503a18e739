/** What a cache remembers whether or not it holds a key: the last failure, the last refusal, and which key was the last. */

import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RunReason } from "../format/format.js"
import { inCode } from "../model/configInvalid.js"
import { withRetryAt } from "../model/retryAt.js"
import {
  type Backoff,
  backoff,
  doubling,
  failureBackoff,
  isActive,
  isAhead,
  loginBackoff,
  rejectionBackoff,
  rewindBackoff
} from "./backoff.js"
import type { CachedKey } from "./lifetime.js"

export interface History {
  /** Of the last run, if it failed. */
  readonly failure: Option.Option<Failure>
  readonly rejection: Option.Option<Rejection>
  /** Of the last key. */
  readonly digest: Option.Option<string>
  /** When the last key expires, if the helper said so. */
  readonly declaredExpiry: Option.Option<number>
}

/** Why nothing is tried for a while. */
export interface Failure {
  readonly cause: Cause.Cause<ApiKeyError>
  readonly backoff: Backoff
  /** How many times in a row. */
  readonly times: number
  /** A log-in is needed: the circuit is open until a run succeeds. */
  readonly loginRequired: boolean
}

/** The last key that the server refused. */
export interface Rejection {
  readonly cached: CachedKey
  readonly at: number
  /** How many times in a row a refusal did not end with a key that the server takes. */
  readonly consecutive: number
  /** None until the run that it causes brings a key. */
  readonly backoff: Option.Option<Backoff>
  /** The key that came instead was refused as well, or was the same one. */
  readonly recurred: boolean
}

export const emptyHistory: History = {
  failure: Option.none(),
  rejection: Option.none(),
  digest: Option.none(),
  declaredExpiry: Option.none()
}

const backoffsOf = ({ failure, rejection }: History): ReadonlyArray<Option.Option<Backoff>> => [
  Option.map(failure, (known) => known.backoff),
  Option.flatMap(rejection, (known) => known.backoff)
]

/** A back-off began at an instant that is still to come: the clock was set back. */
export const isHistoryAhead = (history: History, now: number): boolean =>
  backoffsOf(history).some(Option.exists((rest) => isAhead(rest, now)))

export const rewindHistory = (history: History, now: number): History => ({
  ...history,
  failure: Option.map(history.failure, (known) => ({ ...known, backoff: rewindBackoff(known.backoff, now) })),
  rejection: Option.map(history.rejection, (known) => ({
    ...known,
    backoff: Option.map(known.backoff, (rest) => rewindBackoff(rest, now))
  }))
})

/** The failure that is served instead of trying again. */
export const activeFailure = ({ failure }: History, now: number): Option.Option<Failure> =>
  Option.filter(failure, (known) => isActive(known.backoff, now))

/** What is told of a failure. Of a defect only that it is one: it may hold what the helper printed. */
export const errorOf = (cause: Cause.Cause<ApiKeyError>): ApiKeyError =>
  Option.getOrElse(Cause.failureOption(cause), () =>
    inCode(
      "a run ended with a defect",
      "Correct the format or the fetch of your own that threw it; `refresh` fails with it"
    )
  )

const isLoginRequired = (error: ApiKeyError): boolean =>
  error._tag === "NonZeroExit" && error.reason === "LoginRequired"

/** Who waited is told of the back-off as well as who comes in it. */
export const causeWithRetryAt = (cause: Cause.Cause<ApiKeyError>, rest: Backoff): Cause.Cause<ApiKeyError> =>
  Cause.map(cause, (error) => withRetryAt(error, DateTime.unsafeMake(rest.until)))

export const recordFailure = (
  { failure }: History,
  cause: Cause.Cause<ApiKeyError>,
  now: number,
  random: number
): Failure => {
  const times =
    1 +
    Option.getOrElse(
      Option.map(failure, (known) => known.times),
      () => 0
    )
  const needsLogin = Option.exists(Cause.failureOption(cause), isLoginRequired)
  const rest = backoff(now, doubling(needsLogin ? loginBackoff : failureBackoff, times, random))
  return {
    cause: causeWithRetryAt(cause, rest),
    times,
    backoff: rest,
    loginRequired: needsLogin || Option.exists(failure, (known) => known.loginRequired)
  }
}

/** A refusal whose run has not brought a key yet. */
export const pendingRejection = ({ rejection }: History): Option.Option<Rejection> =>
  Option.filter(rejection, (known) => Option.isNone(known.backoff))

/** Whether a refusal now causes no run. */
export const isInRejectionBackoff = ({ rejection }: History, now: number): boolean =>
  Option.exists(
    Option.flatMap(rejection, (known) => known.backoff),
    (rest) => isActive(rest, now)
  )

/** The refusal of a key that causes a run. */
export const recordRejection = ({ rejection }: History, cached: CachedKey, now: number): Rejection => ({
  cached,
  at: now,
  consecutive: Option.match(rejection, {
    onNone: () => 0,
    onSome: (known) => (known.recurred ? known.consecutive : 0)
  }),
  backoff: Option.none(),
  recurred: false
})

/** For how long a refusal rests once its run has brought a key: the refused one again, or another. */
const nextBackoff = (self: Rejection, now: number) => {
  const consecutive = self.consecutive + 1
  return { consecutive, rest: backoff(now, doubling(rejectionBackoff, consecutive, 0)) }
}

/** What a run that brought a key makes of the refusal before it. */
export const rejectionAfterKey = (
  history: History,
  { repeats, isNew, now }: { readonly repeats: boolean; readonly isNew: boolean; readonly now: number }
): Option.Option<Rejection> =>
  Option.map(history.rejection, (known) => {
    if (Option.isSome(known.backoff)) return isNew ? { ...known, recurred: false } : known
    const { consecutive, rest } = nextBackoff(known, now)
    return { ...known, consecutive, backoff: Option.some(rest), recurred: repeats }
  })

/** What `onRepeatedKey: "fail"` makes of it: the refusal stays open, so that the next run is told of it again. */
export const recordRepeat = (
  self: Rejection,
  cause: Cause.Cause<ApiKeyError>,
  now: number
): readonly [Failure, Option.Option<Rejection>] => {
  const { consecutive, rest } = nextBackoff(self, now)
  return [
    { cause: causeWithRetryAt(cause, rest), backoff: rest, times: 0, loginRequired: false },
    Option.some({ ...self, consecutive })
  ]
}

export const runReason = (history: History): RunReason =>
  Option.isSome(pendingRejection(history)) ? "rejected" : Option.isSome(history.digest) ? "expiry" : "first"
