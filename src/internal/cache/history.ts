/** The history of a cache, kept with or without a key: the last failure, the last rejection and the digest of the last key. */

import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RunReason } from "../format/format.js"
import { inCode } from "../model/options.js"
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
import { type CachedKey, isUsable, rewindCachedKey } from "./lifetime.js"
import { accepts } from "./verdicts.js"

export interface History {
  /** The failure of the last run, if it failed. */
  readonly failure: Option.Option<Failure>
  readonly rejection: Option.Option<Rejection>
  /** The digest of the last key. */
  readonly digest: Option.Option<string>
  /** The expiry of the last key, if the helper declared one. */
  readonly declaredExpiry: Option.Option<number>
}

/** A failure and its back-off, during which no run starts. */
export interface Failure {
  readonly cause: Cause.Cause<ApiKeyError>
  readonly backoff: Backoff
  /** The number of consecutive failures. */
  readonly times: number
  /** A login is required: the circuit is open until a run succeeds. */
  readonly loginRequired: boolean
}

/** The last key that the server rejected. */
export interface Rejection {
  readonly cached: CachedKey
  readonly at: number
  /** The number of consecutive rejections without an accepted key in between. */
  readonly consecutive: number
  /** None until the run that the rejection causes returns a key. */
  readonly backoff: Option.Option<Backoff>
  /** The next key was rejected too, or was the same key. */
  readonly recurred: boolean
  /** The number of rejections that caused a run within the back-off of the one before. */
  readonly atOnce: number
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

/** Whether a back-off began in the future, which means that the clock was set back. */
export const isHistoryAhead = (history: History, now: number): boolean =>
  backoffsOf(history).some(Option.exists((rest) => isAhead(rest, now))) ||
  Option.exists(pendingRejection(history), ({ cached }) => now < cached.lastReadAt)

export const rewindHistory = (history: History, now: number): History => ({
  ...history,
  failure: Option.map(history.failure, (known) => ({ ...known, backoff: rewindBackoff(known.backoff, now) })),
  rejection: Option.map(history.rejection, (known) => ({
    ...known,
    cached: Option.isNone(known.backoff) ? rewindCachedKey(known.cached, now) : known.cached,
    backoff: Option.map(known.backoff, (rest) => rewindBackoff(rest, now))
  }))
})

/** The failure that is served during the back-off. */
export const activeFailure = ({ failure }: History, now: number): Option.Option<Failure> =>
  Option.filter(failure, (known) => isActive(known.backoff, now))

/** The error to publish for a failure. A defect is replaced, because it may contain helper output. */
export const errorOf = (cause: Cause.Cause<ApiKeyError>): ApiKeyError =>
  Option.getOrElse(Cause.failureOption(cause), () =>
    inCode(
      "a run died with a defect",
      "Correct your own format or fetch that threw it; `refresh` fails with the defect"
    )
  )

const isLoginRequired = (error: ApiKeyError): boolean =>
  error._tag === "NonZeroExit" && error.reason === "LoginRequired"

/** Sets `retryAt` for callers already waiting as well as for those that arrive during the back-off. */
export const causeWithRetryAt = (cause: Cause.Cause<ApiKeyError>, rest: Backoff): Cause.Cause<ApiKeyError> =>
  Cause.map(cause, (error) => withRetryAt(error, DateTime.unsafeMake(rest.until)))

/** `isPrompt`: the user was asked because of a rejection, which must not happen more often than rejections cause runs. */
export const recordFailure = (
  { failure }: History,
  cause: Cause.Cause<ApiKeyError>,
  { isPrompt, now, random }: { readonly isPrompt: boolean; readonly now: number; readonly random: number }
): Failure => {
  const times =
    1 +
    Option.getOrElse(
      Option.map(failure, (known) => known.times),
      () => 0
    )
  const needsLogin = Option.exists(Cause.failureOption(cause), isLoginRequired)
  const rest = backoff(
    now,
    doubling(isPrompt ? rejectionBackoff : needsLogin ? loginBackoff : failureBackoff, times, random)
  )
  return {
    cause: causeWithRetryAt(cause, rest),
    times,
    backoff: rest,
    loginRequired: needsLogin || Option.exists(failure, (known) => known.loginRequired)
  }
}

/** A rejection whose run has not returned a key yet. */
export const pendingRejection = ({ rejection }: History): Option.Option<Rejection> =>
  Option.filter(rejection, (known) => Option.isNone(known.backoff))

/** The rejected key, for an origin that accepts it, until a run brings a key. */
export const keptKey = (history: History, origin: string | undefined, now: number): Option.Option<CachedKey> =>
  pendingRejection(history).pipe(
    Option.map(({ cached }) => cached),
    Option.filter((cached) => isUsable(cached, now) && accepts(cached.verdicts, origin))
  )

/** The rejection in whose back-off another one causes no run. */
export const restingRejection = ({ rejection }: History, now: number): Option.Option<Rejection> =>
  Option.filter(rejection, (known) => Option.exists(known.backoff, (rest) => isActive(rest, now)))

/** Records a rejection that causes a run. */
export const recordRejection = (
  { rejection }: History,
  cached: CachedKey,
  { atOnce, now }: { readonly atOnce: number; readonly now: number }
): Rejection => ({
  cached,
  at: now,
  consecutive: Option.match(rejection, {
    onNone: () => 0,
    onSome: (known) => (known.recurred ? known.consecutive : 0)
  }),
  backoff: Option.none(),
  recurred: false,
  atOnce
})

/** The back-off after a rejection's run has returned a key: the rejected key again, or another. */
const nextBackoff = (self: Rejection, now: number) => {
  const consecutive = self.consecutive + 1
  return { consecutive, rest: backoff(now, doubling(rejectionBackoff, consecutive, 0)) }
}

/** The rejection to keep after a run that returned a key. */
export const rejectionAfterKey = (
  history: History,
  { repeats, isNew, now }: { readonly repeats: boolean; readonly isNew: boolean; readonly now: number }
): Option.Option<Rejection> =>
  Option.map(history.rejection, (known) => {
    if (Option.isSome(known.backoff)) return isNew ? { ...known, recurred: false } : known
    const { consecutive, rest } = nextBackoff(known, now)
    return { ...known, consecutive, backoff: Option.some(rest), recurred: repeats }
  })

/** With `onRepeatedKey: "fail"` the rejection stays pending, so that the next run gets the reason `rejected` again. */
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
