/**
 * Keeps one key fresh: any number of callers share one run, a renewal goes on behind their backs, a refused key is dropped
 * once, and a failing helper is left alone for a while.
 *
 * States and transitions are drawn in docs/cache.md.
 *
 * @since 0.1.0
 */

import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "./ApiKey.js"
import { type ApiKeyError, type ConfigInvalid, ProviderClosed } from "./ApiKeyError.js"
import { activeFailure, causeWithRetryAt, runReason } from "./internal/cache/history.js"
import { end, type InFlight, join, makeRunner, type Restore } from "./internal/cache/inFlight.js"
import { type CachedKey, isFresh, isUsable, type Life, lifeOf } from "./internal/cache/lifetime.js"
import { reportRejection } from "./internal/cache/metrics.js"
import type { LifeOptions } from "./internal/cache/options.js"
import { type Rules, refused, settle } from "./internal/cache/settle.js"
import {
  type Empty,
  hasKey,
  initial,
  isRunning,
  isSetBack,
  type Ready,
  type State,
  transitions
} from "./internal/cache/state.js"
import { makeWatchers, statusOf } from "./internal/cache/status.js"
import { inRunSpan, makeCounters } from "./internal/cache/telemetry.js"
import type { RunReason } from "./internal/format/format.js"
import { defaultWhenAbandoned } from "./internal/helper/options.js"
import { type ApiKeyStatus, emptyStatus, type Peek, peekSymbol } from "./internal/model/provider.js"

export type { LifeOptions } from "./internal/cache/options.js"
export type { ApiKeyStatus } from "./internal/model/provider.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyCache {
  /** The current key; fetched when there is none that may be used. */
  readonly get: Effect.Effect<ApiKey, ApiKeyError>
  /** Fetches now, past any back-off; joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey, ApiKeyError>
  /** The server refused this very key: it is dropped if it is still the current one. */
  readonly reject: (key: ApiKey) => Effect.Effect<void>
  readonly status: Effect.Effect<ApiKeyStatus>
  /**
   * The status now, and at every change that somebody's use brings; that time passes is told by nobody (`status` tells). A slow
   * reader finds the last 16.
   */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface FetchRequest {
  readonly reason: RunReason
  /** Nobody waits for it: nobody may be asked. */
  readonly background: boolean
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<R> extends LifeOptions {
  /** The provider's id, for errors and status. */
  readonly provider: string
  /** The program's name, for errors, metrics and spans. */
  readonly program: string
  /** The format's name, for spans. */
  readonly format: string
  /** The helper may ask a person: no renewal that nobody asked for. */
  readonly mayPrompt: boolean
  readonly fetch: (request: FetchRequest) => Effect.Effect<ApiKey, ApiKeyError, R>
}

/**
 * Makes a cache that lives as long as its scope: closing it stops a run in flight and forgets the key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(options: Options<R>): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Either.match(lifeOf(options), {
    onLeft: (error) => Effect.succeed(refusing(options.provider, error)),
    onRight: (life) => keeping(options, life)
  })

const keeping = <R>(options: Options<R>, life: Life): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const { provider, program, format, mayPrompt } = options
    const rules: Rules = { provider, program, onRepeat: options.onRepeat, life }
    const finishes = (options.whenAbandoned ?? defaultWhenAbandoned(mayPrompt)) === "finish"
    const counters = makeCounters(program)
    const watchers = makeWatchers<ApiKeyStatus>()
    const closed = Effect.fail(new ProviderClosed({ provider }))
    let state: State = initial

    /** Every change of the state goes through here, so that those who watch are told. */
    const move = (to: State, now: number): void => {
      state = to
      watchers.publish(() => statusOf(provider, to, counters.counts, now))
    }
    /** That the clock was set back shows when somebody looks at it. */
    const syncClock = (now: number): State => {
      if (isSetBack(state, now)) move(transitions.rewind(state, now), now)
      return state
    }

    // --- asking

    const hit = (now: number): CachedKey | undefined =>
      hasKey(state) && isFresh(state.cached, now) ? counters.hit(state.cached, now) : undefined

    const get: Effect.Effect<ApiKey, ApiKeyError> = at((now) => hit(now)?.served ?? getSlowly)

    const getSlowly = uninterruptibleAt((now, restore) => {
      const seen = syncClock(now)
      if (hasKey(seen) && !isUsable(seen.cached, now)) move(transitions.expire(seen), now)
      const from = state
      switch (from._tag) {
        case "Closed":
          return closed
        case "Refreshing":
          return counters.hit(from.cached, now).served
        case "Ready": {
          // Nobody asked for this run, so nobody may be asked for a fingerprint.
          const renews = !mayPrompt && !isFresh(from.cached, now) && Option.isNone(activeFailure(from.history, now))
          if (renews) start(from, now, "background")
          return counters.hit(from.cached, now).served
        }
        case "Fetching":
          return join(from.inFlight, restore, get)
        case "Empty":
          return Option.match(activeFailure(from.history, now), {
            onNone: () => join(start(from, now, "caller"), restore, get),
            // Anew, because the back-off moves with a clock that is set back.
            onSome: ({ cause, backoff }) => Effect.failCause(causeWithRetryAt(cause, backoff))
          })
      }
    })

    const refresh: Effect.Effect<ApiKey, ApiKeyError> = uninterruptibleAt((now, restore) => {
      const from = syncClock(now)
      if (from._tag === "Closed") return closed
      return join(isRunning(from) ? from.inFlight : start(from, now, "caller"), restore, refresh)
    })

    const reject = (key: ApiKey): Effect.Effect<void> =>
      at((now) => {
        const from = syncClock(now)
        if (!hasKey(from) || !Equal.equals(from.cached.key, key)) return Effect.void
        counters.counts.rejections++
        move(refused(from, now), now)
        return reportRejection(program)
      })

    const status = at((now) => Effect.succeed(statusOf(provider, syncClock(now), counters.counts, now)))

    // --- a run

    const start = (from: Empty | Ready, now: number, by: "caller" | "background" | "prefetch"): InFlight => {
      const plan = {
        kept: finishes || by !== "caller",
        background: by === "background",
        reason: runReason(from.history)
      }
      const inFlight = launch(plan, by === "caller")
      counters.counts.runs++
      move(transitions.start(from, inFlight), now)
      return inFlight
    }

    const run = (inFlight: InFlight): Effect.Effect<void, never, R> =>
      Effect.gen(function* () {
        const { background, reason } = inFlight
        const startedAt = yield* Clock.currentTimeMillis
        const exit = yield* Effect.suspend(() => options.fetch({ reason, background })).pipe(
          Effect.interruptible,
          inRunSpan(inFlight, { program, format, reason }),
          Effect.exit
        )
        const random = yield* Random.next
        const now = yield* Clock.currentTimeMillis
        const settlement = settle(rules, state, { exit, now, random })
        const reported = counters.report(inFlight, { exit, startedAt, now }, settlement.result)
        if (settlement._tag === "Superseded") {
          inFlight.reason = "rejected"
          counters.counts.runs++
          return yield* Effect.zipRight(reported, run(inFlight))
        }
        move(settlement.state, now)
        end(inFlight, settlement.answer)
        yield* Effect.zipRight(reported, settlement.announce)
      })
    /** A run that could not be landed, such as one whose key is none, is one that failed: nobody waits for ever. */
    const failRun = (inFlight: InFlight, cause: Cause.Cause<never>): Effect.Effect<void> =>
      at((now) => {
        const settlement = settle(rules, state, { exit: Exit.failCause(cause), now, random: 0 })
        if (inFlight.phase === "done" || settlement._tag === "Superseded") return Effect.void
        move(settlement.state, now)
        end(inFlight, settlement.answer)
        return settlement.announce
      }).pipe(Effect.ensuring(Effect.sync(() => end(inFlight, Exit.failCause(cause)))))
    const launch = yield* makeRunner((inFlight) =>
      Effect.catchAllCause(run(inFlight), (cause) => failRun(inFlight, cause))
    )

    // --- the scope

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        const stopped = isRunning(state) ? Fiber.interrupt(state.inFlight.fiber) : Effect.void
        if (state._tag !== "Closed") state = transitions.close(state)
        return stopped.pipe(Effect.zipRight(watchers.close), Effect.zipRight(Effect.suspend(counters.publishRest)))
      })
    )
    if (options.prefetch === true) yield* at((now) => Effect.sync(() => start(initial, now, "prefetch")))
    /** A hit, for callers without a runtime. */
    const peek: Peek = (now) => hit(now)?.key
    return { get, [peekSymbol]: peek, refresh, reject, status, changes: watchers.watch(status) }
  })

/** Options of a life that no key could have: nothing is ever run. */
const refusing = (provider: string, error: ConfigInvalid): ApiKeyCache => {
  const failing = { ...emptyStatus(provider), state: "failing", lastFailure: Option.some(error) } as const
  return {
    get: Effect.fail(error),
    refresh: Effect.fail(error),
    reject: () => Effect.void,
    status: Effect.succeed(failing),
    changes: Stream.make(failing)
  }
}

const at = <A, E>(step: (now: number) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.clockWith((clock) => step(clock.unsafeCurrentTimeMillis()))

/** What reads and changes the state is one step: nobody can be interrupted between starting a run and waiting for it. */
const uninterruptibleAt = <A, E>(step: (now: number, restore: Restore) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => at((now) => step(now, restore)))
