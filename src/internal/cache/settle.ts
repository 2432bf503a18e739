/** Settles a run that has ended: computes the new state of the cache and the result for the waiters. */

import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, ExpiredOnArrival, KeyRejected, ProviderClosed } from "../../ApiKeyError.js"
import type { OnRepeatedKey } from "../model/options.js"
import {
  errorOf,
  pendingRejection,
  type Rejection,
  recordFailure,
  recordRejection,
  recordRepeat,
  rejectionAfterKey,
  restingRejection
} from "./history.js"
import { cachedKeyOf, isUsable, type Life } from "./lifetime.js"
import type { RunResult } from "./metrics.js"
import { type Fetching, hasKey, isRunning, type Ready, type Refreshing, type State, transitions } from "./state.js"

/** The settings that affect the result. */
export interface SettleOptions {
  readonly provider: string
  readonly program: string
  readonly onRepeatedKey?: OnRepeatedKey | undefined
  readonly life: Life
  /** A run may prompt the user. */
  readonly mayPrompt: boolean
}

/** The exit of a run, and its time. */
export interface Ended {
  readonly exit: Exit.Exit<ApiKey, ApiKeyError>
  readonly now: number
  readonly random: number
}

/** The outcome: a result for the waiters, or another run because the key was rejected in the meantime. */
export type Settlement =
  | { readonly _tag: "Superseded"; readonly result: RunResult }
  | {
      readonly _tag: "Settled"
      readonly state: State
      readonly answer: Exit.Exit<ApiKey, ApiKeyError>
      readonly result: RunResult
      readonly announce: Effect.Effect<void>
    }

/** If the cache was closed in the meantime, the waiters get `ProviderClosed`. */
export const settle = (rules: SettleOptions, from: State, { exit, now, random }: Ended): Settlement =>
  isRunning(from)
    ? Exit.match(exit, {
        onSuccess: (key) => settleKey(rules, from, key, now, random),
        onFailure: (cause) => settleFailure(rules, from, cause, now, random)
      })
    : settled(from, Exit.fail(new ProviderClosed({ provider: rules.provider })))

const settled = (
  state: State,
  answer: Exit.Exit<ApiKey, ApiKeyError>,
  result: RunResult = "nothing new",
  announce: Effect.Effect<void> = Effect.void
): Settlement => ({ _tag: "Settled", state, answer, result, announce })

const settleKey = (
  rules: SettleOptions,
  from: Fetching | Refreshing,
  key: ApiKey,
  now: number,
  random: number
): Settlement => {
  const { history } = from
  const repeated = Option.filter(pendingRejection(history), ({ cached }) => Equal.equals(cached.key, key))
  const repeats = Option.isSome(repeated)
  // The run started before the rejection, so the helper did not know of it. Its result is outdated.
  if (repeats && from.inFlight.reason !== "rejected") return { _tag: "Superseded", result: "nothing new" }
  const previous = hasKey(from) ? Option.some(from.cached) : Option.map(repeated, ({ cached }) => cached)
  const declaredBefore = Option.contains(history.digest, key.digest) ? history.declaredExpiry : Option.none()
  const cached = cachedKeyOf(rules.life, key, { now, random, previous, declaredBefore })
  if (!isUsable(cached, now)) {
    const expiredAt = Option.getOrElse(key.expiresAt, () => DateTime.unsafeMake(now))
    const expired = new ExpiredOnArrival({ command: rules.program, expiredAt })
    return settleFailure(rules, from, Cause.fail(expired), now, random)
  }
  if (Option.isSome(repeated) && rules.onRepeatedKey === "fail") return settleRepeat(rules, from, repeated.value, now)
  const isNew = Option.exists(history.digest, (digest) => digest !== key.digest)
  const stored = transitions.store(
    from,
    repeats ? { ...cached, suspect: true } : cached,
    rejectionAfterKey(history, { repeats, isNew, now })
  )
  const isFirstRepeat = Option.exists(repeated, ({ consecutive }) => consecutive === 0)
  return settled(
    stored,
    Exit.succeed(key),
    repeats ? "repeat" : isNew ? "renewal" : "nothing new",
    isFirstRepeat ? warnOfRepeat(rules) : undefined
  )
}

/** `onRepeatedKey: "fail"`. */
const settleRepeat = (
  rules: SettleOptions,
  from: Fetching | Refreshing,
  refused: Rejection,
  now: number
): Settlement => {
  const error = new KeyRejected({ command: rules.program, rejectedAt: DateTime.unsafeMake(refused.at) })
  const [failure, rejection] = recordRepeat(refused, Cause.fail(error), now)
  return settled(transitions.fail(from, failure, rejection), Exit.failCause(failure.cause), "repeat")
}

const settleFailure = (
  rules: SettleOptions,
  from: Fetching | Refreshing,
  cause: Cause.Cause<ApiKeyError>,
  now: number,
  random: number
): Settlement => {
  const wasInterrupted = Cause.isInterruptedOnly(cause)
  if (wasInterrupted && from.inFlight.phase === "stopping")
    return settled(transitions.stop(from), Exit.failCause(cause))
  // The waiters were not interrupted, so they must not see an interruption.
  const reported = wasInterrupted ? Cause.die(new Error("the run was interrupted by what it ran")) : cause
  const isPrompt = rules.mayPrompt && from.inFlight.reason === "rejected"
  const failure = recordFailure(from.history, reported, { isPrompt, now, random })
  const isKnown = Option.exists(from.history.failure, ({ loginRequired }) => loginRequired)
  const what = failure.loginRequired
    ? isKnown
      ? undefined
      : "a login is required"
    : hasKey(from) && isUsable(from.cached, now)
      ? "a refresh failed; the current key is still used"
      : undefined
  return settled(
    transitions.fail(from, failure, from.history.rejection),
    Exit.failCause(failure.cause),
    "nothing new",
    what === undefined ? undefined : warn(rules, what, errorOf(reported))
  )
}

/** Bounds the runs of a back-off if a server accepts every new key on one path and rejects it on another. */
const maxAtOnce = 10

/**
 * Computes the new state after the server rejected the key. During a back-off only a key that was accepted before causes a run,
 * and never one that may prompt the user.
 */
export const settleRejection = (
  { mayPrompt }: SettleOptions,
  from: Ready | Refreshing,
  { now, wasAccepted }: { readonly now: number; readonly wasAccepted: boolean }
): State => {
  const { cached, history } = from
  if (!isUsable(cached, now)) return transitions.expire(from)
  const atOnce = Option.match(restingRejection(history, now), {
    onNone: () => 0,
    onSome: (known) => known.atOnce + 1
  })
  return atOnce === 0 || (wasAccepted && !mayPrompt && atOnce <= maxAtOnce)
    ? transitions.reject(from, recordRejection(history, cached, { atOnce, now }))
    : transitions.markSuspect(from)
}

const warn = ({ provider }: SettleOptions, what: string, error: ApiKeyError): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWarning(`${provider}: ${what}: ${error.message}. ${error.hint}`), "error", error._tag)

const warnOfRepeat = ({ provider, program }: SettleOptions): Effect.Effect<void> =>
  Effect.logWarning(`${provider}: the server rejected the key and ${program} printed it again; it is still served`)
