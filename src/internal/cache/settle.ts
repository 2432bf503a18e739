/** What becomes of a cache when a run of its helper has ended, and what those who wait for it are told. */

import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, ExpiredOnArrival, KeyRejected, ProviderClosed } from "../../ApiKeyError.js"
import {
  type Ended,
  errorOf,
  failureAfter,
  openRejection,
  type Rejection,
  refusalOf,
  rejectionAfter,
  repeatFailed,
  restsFromRejection
} from "./history.js"
import { entryOf, isUsable, type Life } from "./lifetime.js"
import type { Brought } from "./metrics.js"
import { type Fetching, type Holding, hasFlight, hasKey, type Renewing, type State, transitions } from "./state.js"

/** What shapes it. */
export interface Rules {
  readonly provider: string
  readonly program: string
  readonly onRepeat?: "serve" | "fail" | undefined
  readonly life: Life
}

/** It has an answer for those who wait, or has to be made again because the key was refused meanwhile. */
export type Landing =
  | { readonly _tag: "Overtaken"; readonly brought: Brought }
  | {
      readonly _tag: "Landed"
      readonly state: State
      readonly answer: Exit.Exit<ApiKey, ApiKeyError>
      readonly brought: Brought
      readonly announce: Effect.Effect<void>
    }

/** Whoever waits for a run that ends in a closed cache is told so. */
export const land = (rules: Rules, from: State, { exit, now, random }: Ended): Landing =>
  hasFlight(from)
    ? Exit.match(exit, {
        onSuccess: (key) => landKey(rules, from, key, now, random),
        onFailure: (cause) => landFailure(rules, from, cause, now, random)
      })
    : landed(from, Exit.fail(new ProviderClosed({ provider: rules.provider })))

const landed = (
  state: State,
  answer: Exit.Exit<ApiKey, ApiKeyError>,
  brought: Brought = "nothing new",
  announce: Effect.Effect<void> = Effect.void
): Landing => ({ _tag: "Landed", state, answer, brought, announce })

const landKey = (rules: Rules, from: Fetching | Renewing, key: ApiKey, now: number, random: number): Landing => {
  const { past } = from
  const repeated = Option.filter(openRejection(past), ({ entry }) => Equal.equals(entry.key, key))
  const repeats = Option.isSome(repeated)
  // It was under way when the key was refused, so the helper did not know: its answer is the older news.
  if (repeats && from.flight.reason !== "rejected") return { _tag: "Overtaken", brought: "nothing new" }
  const held = hasKey(from) ? Option.some(from.entry) : Option.map(repeated, ({ entry }) => entry)
  const saidBefore = Option.contains(past.digest, key.digest) ? past.saidAt : Option.none()
  const entry = entryOf(rules.life, key, { now, random, held, saidBefore })
  if (!isUsable(entry, now)) {
    const expiredAt = Option.getOrElse(key.expiresAt, () => DateTime.unsafeMake(now))
    const expired = new ExpiredOnArrival({ command: rules.program, expiredAt })
    return landFailure(rules, from, Cause.fail(expired), now, random)
  }
  if (Option.isSome(repeated) && rules.onRepeat === "fail") return landRepeat(rules, from, repeated.value, now)
  const isNew = Option.exists(past.digest, (digest) => digest !== key.digest)
  const kept = transitions.keep(
    from,
    repeats ? { ...entry, suspect: true } : entry,
    rejectionAfter(past, { repeats, isNew, now })
  )
  const isFirstRepeat = Option.exists(repeated, ({ strikes }) => strikes === 0)
  return landed(
    kept,
    Exit.succeed(key),
    repeats ? "repeat" : isNew ? "renewal" : "nothing new",
    isFirstRepeat ? warnOfRepeat(rules) : undefined
  )
}

/** `onRepeat: "fail"`. */
const landRepeat = (rules: Rules, from: Fetching | Renewing, refused: Rejection, now: number): Landing => {
  const error = new KeyRejected({ command: rules.program, rejectedAt: DateTime.unsafeMake(refused.at) })
  const [failure, rejection] = repeatFailed(refused, Cause.fail(error), now)
  return landed(transitions.fail(from, failure, rejection), Exit.failCause(failure.cause), "repeat")
}

const landFailure = (
  rules: Rules,
  from: Fetching | Renewing,
  cause: Cause.Cause<ApiKeyError>,
  now: number,
  random: number
): Landing => {
  const wasInterrupted = Cause.isInterruptedOnly(cause)
  if (wasInterrupted && from.flight.phase === "stopping") return landed(transitions.stop(from), Exit.failCause(cause))
  // Whoever waits was not interrupted, so that is not what they may see.
  const told = wasInterrupted ? Cause.die(new Error("the run was interrupted by what it ran")) : cause
  const failure = failureAfter(from.past, told, now, random)
  const isKnown = Option.exists(from.past.failure, ({ loginRequired }) => loginRequired)
  const what = failure.loginRequired
    ? isKnown
      ? undefined
      : "a log-in is needed"
    : hasKey(from) && isUsable(from.entry, now)
      ? "a renewal failed, the current key goes on"
      : undefined
  return landed(
    transitions.fail(from, failure, from.past.rejection),
    Exit.failCause(failure.cause),
    "nothing new",
    what === undefined ? undefined : warn(rules, what, errorOf(told))
  )
}

/** The server refused the key that is held. */
export const refused = (from: Holding | Renewing, now: number): State =>
  !isUsable(from.entry, now)
    ? transitions.expire(from)
    : restsFromRejection(from.past, now)
      ? transitions.doubt(from)
      : transitions.reject(from, refusalOf(from.past, from.entry, now))

const warn = ({ provider }: Rules, what: string, error: ApiKeyError): Effect.Effect<void> =>
  Effect.annotateLogs(Effect.logWarning(`${provider}: ${what}: ${error.message}. ${error.hint}`), "error", error._tag)

const warnOfRepeat = ({ provider, program }: Rules): Effect.Effect<void> =>
  Effect.logWarning(`${provider}: the server refused the key, and ${program} repeats it; it is served all the same`)
