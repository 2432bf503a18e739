/** The status of a cache, put together from its state when somebody asks. */

import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type ApiKeyStatus, emptyStatus } from "../model/provider.js"
import { type Backoff, isActive } from "./backoff.js"
import { errorOf, pendingRejection } from "./history.js"
import { isFresh } from "./lifetime.js"
import { hasKey, isRunning, type State } from "./state.js"
import type { Counts } from "./telemetry.js"

export const statusOf = (provider: string, state: State, counts: Counts, now: number): ApiKeyStatus => {
  const { runs, hits, renewals, rejections } = counts
  const counted = { ...emptyStatus(provider), runs, hits, renewals, rejections }
  if (state._tag === "Closed") return counted
  const cached = hasKey(state) ? Option.some(state.cached) : Option.none()
  const { failure, rejection } = state.history
  const pauses: ReadonlyArray<Option.Option<Backoff>> = [
    Option.map(failure, ({ backoff }) => backoff),
    // A key that the server takes has no run to wait for.
    Option.exists(cached, ({ suspect }) => suspect)
      ? Option.flatMap(rejection, ({ backoff }) => backoff)
      : Option.none()
  ]
  return {
    ...counted,
    state: nameOf(state, now),
    age: Option.map(cached, ({ cachedAt }) => Duration.millis(Math.max(0, now - cachedAt))),
    softExpiry: Option.flatMap(cached, ({ refreshAt }) => DateTime.make(refreshAt)),
    hardExpiry: Option.flatMap(cached, ({ expiresAt }) => DateTime.make(expiresAt)),
    lastFailure: Option.map(failure, ({ cause }) => errorOf(cause)),
    nextTry: Option.firstSomeOf(pauses.map(Option.filter((rest) => isActive(rest, now)))).pipe(
      Option.flatMap(({ until }) => DateTime.make(until))
    )
  }
}

/** What matters most comes first: a run that is on, a server that says no, a helper that fails. */
const nameOf = (state: Exclude<State, { _tag: "Closed" }>, now: number): ApiKeyStatus["state"] => {
  if (isRunning(state)) return "refreshing"
  const refused = hasKey(state) ? state.cached.suspect : Option.isSome(pendingRejection(state.history))
  if (refused) return "rejected"
  if (Option.isSome(state.history.failure)) return "failing"
  if (!hasKey(state)) return "empty"
  return isFresh(state.cached, now) ? "fresh" : "stale"
}

/** A slow reader loses what came before. */
const kept = 16

export interface Watchers<A> {
  readonly publish: (current: () => A) => void
  /** The value now and what is told from then on. */
  readonly watch: (now: Effect.Effect<A>) => Stream.Stream<A>
  readonly close: Effect.Effect<void>
}

export const makeWatchers = <A>(): Watchers<A> => {
  const queues = new Set<Queue.Queue<A>>()
  let isClosed = false
  const queue = Effect.acquireRelease(
    Effect.tap(Queue.sliding<A>(kept), (made) =>
      isClosed ? Queue.shutdown(made) : Effect.sync(() => queues.add(made))
    ),
    (made) =>
      Effect.zipRight(
        Effect.sync(() => queues.delete(made)),
        Queue.shutdown(made)
      )
  )
  return {
    publish: (current) => {
      if (queues.size === 0) return
      const value = current()
      // Not `unsafeOffer`, which drops the newest of a queue that is full.
      for (const each of queues) Effect.runSync(each.offer(value))
    },
    watch: (now) =>
      Stream.unwrapScoped(Effect.map(queue, (own) => Stream.concat(Stream.fromEffect(now), Stream.fromQueue(own)))),
    close: Effect.suspend(() => {
      isClosed = true
      const open = Array.from(queues)
      queues.clear()
      return Effect.forEach(open, Queue.shutdown, { discard: true })
    })
  }
}
