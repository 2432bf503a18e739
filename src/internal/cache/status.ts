/** The status of a cache, computed from its state on demand. */

import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
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
    // If the server accepts the key, there is no back-off to report.
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

/** The name of the state, by importance: a run in flight, a rejection, a failure, then the key's age. */
const nameOf = (state: Exclude<State, { _tag: "Closed" }>, now: number): ApiKeyStatus["state"] => {
  if (isRunning(state)) return "refreshing"
  const refused = hasKey(state) ? state.cached.suspect : Option.isSome(pendingRejection(state.history))
  if (refused) return "rejected"
  if (Option.isSome(state.history.failure)) return "failing"
  if (!hasKey(state)) return "empty"
  return isFresh(state.cached, now) ? "fresh" : "stale"
}

/** Size of the sliding buffer: a slow subscriber loses older values. */
const bufferSize = 16

export interface Changes<A> {
  readonly publish: (current: () => A) => void
  /** The current value and every later one. */
  readonly stream: (now: Effect.Effect<A>) => Stream.Stream<A>
  readonly end: Effect.Effect<void>
}

export const makeChanges = <A>(): Effect.Effect<Changes<A>> =>
  Effect.map(PubSub.sliding<A>(bufferSize), (pubsub) => {
    // PubSub does not report its number of subscribers. Without subscribers no value is computed.
    let subscribers = 0
    const subscription = Effect.zipRight(
      Effect.acquireRelease(
        Effect.sync(() => subscribers++),
        () => Effect.sync(() => subscribers--)
      ),
      PubSub.subscribe(pubsub)
    )
    return {
      publish: (current) => {
        if (subscribers > 0 && pubsub.isActive()) Effect.runSync(PubSub.publish(pubsub, current()))
      },
      stream: (now) =>
        Stream.unwrapScoped(
          Effect.map(subscription, (queue) => Stream.concat(Stream.fromEffect(now), Stream.fromQueue(queue)))
        ),
      end: PubSub.shutdown(pubsub)
    }
  })
