/**
 * Keeps one key fresh. Concurrent callers share one run, and refreshes happen in the background. A rejected key is dropped once.
 * A failing helper is not run again until its back-off ends.
 *
 * States and transitions are drawn in docs/concepts/how-a-key-is-kept.md.
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Fiber from "effect/Fiber"
import * as FiberRef from "effect/FiberRef"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, type ConfigInvalid, ProviderClosed } from "../../ApiKeyError.js"
import { wrongField } from "../model/options.js"
import {
  type ApiKeyStatus,
  type AtOrigin,
  currentOrigin,
  emptyStatus,
  type Peek,
  peekSymbol
} from "../model/provider.js"
import { at, type Cell, makeCell } from "./cell.js"
import { activeFailure, causeWithRetryAt, type History, keptKey, pendingRejection } from "./history.js"
import { join, type Restore } from "./inFlight.js"
import { type CachedKey, isFresh, isUsable, type Life, lifeOf } from "./lifetime.js"
import { reportRejection } from "./metrics.js"
import { defaultOnAbandon, type LifeOptions, lifeChecks } from "./options.js"
import { type FetchRequest, makeRunner, type Start } from "./runner.js"
import { type SettleOptions, settleRejection } from "./settle.js"
import { hasKey, initial, isRunning, type State, transitions } from "./state.js"
import { type Counters, makeCounters } from "./telemetry.js"
import { accept, accepts, refuse } from "./verdicts.js"

export type { FetchRequest } from "./runner.js"

export interface ApiKeyCache {
  /** The current key. Fetches one if there is no usable key. */
  readonly get: Effect.Effect<ApiKey, ApiKeyError>
  /** Fetches now, ignoring any back-off. Joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey, ApiKeyError>
  /**
   * Reports that the server at an origin rejected this key. Drops it if it is still the current key. Other origins that
   * accepted it keep it until a run brings a key. Without an origin, it counts for all.
   */
  readonly reject: (key: ApiKey, at?: AtOrigin) => Effect.Effect<void>
  /** Reports that the server at an origin accepted this key. */
  readonly accepted: (key: ApiKey, at: AtOrigin) => void
  readonly status: Effect.Effect<ApiKeyStatus>
  /**
   * Emits the current status, then one on every state change. Expiry by the passage of time alone is not emitted; read
   * `status` for that. Sliding buffer of 16.
   */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

export interface Options<R> extends LifeOptions {
  /** The provider's id, for errors and status. */
  readonly provider: string
  /** The program's name, for errors, metrics and spans. */
  readonly program: string
  /** The format's name, for spans. */
  readonly format: string
  /** The helper may prompt the user, so there is no background refresh before the hard expiry. */
  readonly mayPrompt: boolean
  readonly fetch: (request: FetchRequest) => Effect.Effect<ApiKey, ApiKeyError, R>
}

/** Makes a cache that lives as long as its scope. Closing the scope stops a run in flight and drops the key. */
export const make = <R>(options: Options<R>): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Either.match(checked(options), {
    onLeft: (error) => Effect.succeed(makeInvalid(options.provider, error)),
    onRight: (life) => makeOpen(options, life)
  })

const checked = (options: LifeOptions): Either.Either<Life, ConfigInvalid> =>
  Option.match(wrongField(options, lifeChecks), { onNone: () => lifeOf(options), onSome: Either.left })

const makeOpen = <R>(options: Options<R>, life: Life): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const { provider, program, format, mayPrompt, fetch, onRepeatedKey } = options
    const onAbandon = options.onAbandon ?? defaultOnAbandon(mayPrompt)
    const counters = makeCounters(program)
    const cell = yield* makeCell(provider, counters.counts)
    const rules = { provider, program, onRepeatedKey, life, mayPrompt }
    const start = yield* makeRunner({ cell, counters, rules, format, onAbandon, fetch })
    yield* Effect.addFinalizer(() => close(cell, counters))
    if (options.prefetch === true) yield* at((now) => Effect.sync(() => start(initial, now, "prefetch")))
    return operations(rules, { cell, counters, start })
  })

const operations = (
  rules: SettleOptions,
  { cell, counters, start }: { readonly cell: Cell; readonly counters: Counters; readonly start: Start }
): ApiKeyCache & { readonly [peekSymbol]: Peek } => {
  const { mayPrompt, program, provider } = rules
  const closed = Effect.fail(new ProviderClosed({ provider }))

  const hit = (now: number): CachedKey | undefined => {
    const state = cell.current()
    return hasKey(state) && isFresh(state.cached, now) ? counters.hit(state.cached, now) : undefined
  }

  const get: Effect.Effect<ApiKey, ApiKeyError> = at((now) => hit(now)?.served ?? getUnlessFresh)

  /** Whether a run in the background is due. Such a run must not prompt. */
  const isDue = (history: History, cached: CachedKey, now: number): boolean =>
    !mayPrompt && !isFresh(cached, now) && Option.isNone(activeFailure(history, now))

  const getUnlessFresh = uninterruptibleAt((now, restore, origin) => {
    const seen = cell.syncClock(now)
    if (hasKey(seen) && !isUsable(seen.cached, now)) cell.move(transitions.expire(seen), now)
    const from = cell.current()
    switch (from._tag) {
      case "Closed":
        return closed
      case "Refreshing":
        return counters.hit(from.cached, now).served
      case "Ready":
        if (isDue(from.history, from.cached, now)) start(from, now, "background")
        return counters.hit(from.cached, now).served
      case "Fetching":
        return Option.match(keptKey(from.history, origin, now), {
          onNone: () => join(from.inFlight, restore, get),
          onSome: (kept) => counters.hit(kept, now).served
        })
      case "Empty": {
        const kept = keptKey(from.history, origin, now)
        if (Option.isSome(kept)) {
          if (isDue(from.history, kept.value, now)) start(from, now, "background")
          return counters.hit(kept.value, now).served
        }
        return Option.match(activeFailure(from.history, now), {
          onNone: () => join(start(from, now, "caller"), restore, get),
          // Made again on each get, because `retryAt` moves if the clock is set back.
          onSome: ({ cause, backoff }) => Effect.failCause(causeWithRetryAt(cause, backoff))
        })
      }
    }
  })

  const refresh: Effect.Effect<ApiKey, ApiKeyError> = uninterruptibleAt((now, restore) => {
    const from = cell.syncClock(now)
    if (from._tag === "Closed") return closed
    return join(isRunning(from) ? from.inFlight : start(from, now, "caller"), restore, refresh)
  })

  const reject = (key: ApiKey, { origin }: Partial<AtOrigin> = {}): Effect.Effect<void> =>
    at((now) => {
      const from = cell.syncClock(now)
      const judged = judgedKey(from, key)
      // Of a key that was dropped already, only the refusal of an origin that kept it is new.
      const isNew = judged !== undefined && (hasKey(from) || accepts(judged.verdicts, origin))
      const wasAccepted = judged !== undefined && refuse(judged.verdicts, origin)
      if (!isNew) return Effect.void
      counters.counts.rejections++
      cell.move(hasKey(from) ? settleRejection(rules, from, { now, wasAccepted }) : from, now)
      return reportRejection(program)
    })

  const accepted = (key: ApiKey, { origin }: AtOrigin): void => {
    const judged = judgedKey(cell.current(), key)
    if (judged !== undefined) accept(judged.verdicts, origin)
  }

  /** A cache hit without a runtime. */
  const peek: Peek = (now) => hit(now)?.key
  return { get, [peekSymbol]: peek, refresh, reject, accepted, status: cell.status, changes: cell.changes }
}

/** What is known of this key, if it is the current one, or the rejected one until a run brings another. */
const judgedKey = (state: State, key: ApiKey): CachedKey | undefined => {
  if (state._tag === "Closed") return undefined
  const cached = hasKey(state) ? state.cached : Option.getOrUndefined(pendingRejection(state.history))?.cached
  return cached !== undefined && Equal.equals(cached.key, key) ? cached : undefined
}

const close = (cell: Cell, counters: Counters): Effect.Effect<void> =>
  Effect.suspend(() => {
    const state = cell.current()
    const stopped = isRunning(state) ? Fiber.interrupt(state.inFlight.fiber) : Effect.void
    cell.close()
    return stopped.pipe(Effect.zipRight(cell.endChanges), Effect.zipRight(Effect.suspend(counters.publishRest)))
  })

/** A cache with invalid options: every `get` fails and no run starts. */
const makeInvalid = (provider: string, error: ConfigInvalid): ApiKeyCache => {
  const failing = { ...emptyStatus(provider), state: "failing", lastFailure: Option.some(error) } as const
  return {
    get: Effect.fail(error),
    refresh: Effect.fail(error),
    reject: () => Effect.void,
    accepted: () => undefined,
    status: Effect.succeed(failing),
    changes: Stream.make(failing)
  }
}

/** Reads and changes the state in one uninterruptible step, so no caller is interrupted between starting a run and waiting for it. */
const uninterruptibleAt = <A, E>(
  step: (now: number, restore: Restore, origin: string | undefined) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) =>
    FiberRef.getWith(currentOrigin, (origin) => at((now) => step(now, restore, origin)))
  )
