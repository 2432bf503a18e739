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
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, type ConfigInvalid, ProviderClosed } from "../../ApiKeyError.js"
import { wrongField } from "../model/options.js"
import { type ApiKeyStatus, emptyStatus, type Peek, peekSymbol } from "../model/provider.js"
import { at, type Cell, makeCell } from "./cell.js"
import { activeFailure, causeWithRetryAt } from "./history.js"
import { join, type Restore } from "./inFlight.js"
import { type CachedKey, isFresh, isUsable, type Life, lifeOf } from "./lifetime.js"
import { reportRejection } from "./metrics.js"
import { defaultOnAbandon, type LifeOptions, lifeChecks } from "./options.js"
import { type FetchRequest, makeRunner, type Start } from "./runner.js"
import { settleRejection } from "./settle.js"
import { hasKey, initial, isRunning, transitions } from "./state.js"
import { type Counters, makeCounters } from "./telemetry.js"

export type { FetchRequest } from "./runner.js"

export interface ApiKeyCache {
  /** The current key. Fetches one if there is no usable key. */
  readonly get: Effect.Effect<ApiKey, ApiKeyError>
  /** Fetches now, ignoring any back-off. Joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey, ApiKeyError>
  /** Reports that the server rejected this key. Drops it if it is still the current key. */
  readonly reject: (key: ApiKey) => Effect.Effect<void>
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
    const rules = { provider, program, onRepeatedKey, life }
    const start = yield* makeRunner({ cell, counters, rules, format, onAbandon, fetch })
    yield* Effect.addFinalizer(() => close(cell, counters))
    if (options.prefetch === true) yield* at((now) => Effect.sync(() => start(initial, now, "prefetch")))
    return operations(options, { cell, counters, start })
  })

const operations = (
  { provider, program, mayPrompt }: Pick<Options<never>, "provider" | "program" | "mayPrompt">,
  { cell, counters, start }: { readonly cell: Cell; readonly counters: Counters; readonly start: Start }
): ApiKeyCache & { readonly [peekSymbol]: Peek } => {
  const closed = Effect.fail(new ProviderClosed({ provider }))

  const hit = (now: number): CachedKey | undefined => {
    const state = cell.current()
    return hasKey(state) && isFresh(state.cached, now) ? counters.hit(state.cached, now) : undefined
  }

  const get: Effect.Effect<ApiKey, ApiKeyError> = at((now) => hit(now)?.served ?? getUnlessFresh)

  const getUnlessFresh = uninterruptibleAt((now, restore) => {
    const seen = cell.syncClock(now)
    if (hasKey(seen) && !isUsable(seen.cached, now)) cell.move(transitions.expire(seen), now)
    const from = cell.current()
    switch (from._tag) {
      case "Closed":
        return closed
      case "Refreshing":
        return counters.hit(from.cached, now).served
      case "Ready": {
        // Background refresh: must not prompt.
        const isDue = !mayPrompt && !isFresh(from.cached, now) && Option.isNone(activeFailure(from.history, now))
        if (isDue) start(from, now, "background")
        return counters.hit(from.cached, now).served
      }
      case "Fetching":
        return join(from.inFlight, restore, get)
      case "Empty":
        return Option.match(activeFailure(from.history, now), {
          onNone: () => join(start(from, now, "caller"), restore, get),
          // Made again on each get, because `retryAt` moves if the clock is set back.
          onSome: ({ cause, backoff }) => Effect.failCause(causeWithRetryAt(cause, backoff))
        })
    }
  })

  const refresh: Effect.Effect<ApiKey, ApiKeyError> = uninterruptibleAt((now, restore) => {
    const from = cell.syncClock(now)
    if (from._tag === "Closed") return closed
    return join(isRunning(from) ? from.inFlight : start(from, now, "caller"), restore, refresh)
  })

  const reject = (key: ApiKey): Effect.Effect<void> =>
    at((now) => {
      const from = cell.syncClock(now)
      if (!hasKey(from) || !Equal.equals(from.cached.key, key)) return Effect.void
      counters.counts.rejections++
      cell.move(settleRejection(from, now), now)
      return reportRejection(program)
    })

  /** A cache hit without a runtime. */
  const peek: Peek = (now) => hit(now)?.key
  return { get, [peekSymbol]: peek, refresh, reject, status: cell.status, changes: cell.changes }
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
    status: Effect.succeed(failing),
    changes: Stream.make(failing)
  }
}

/** Reads and changes the state in one uninterruptible step, so no caller is interrupted between starting a run and waiting for it. */
const uninterruptibleAt = <A, E>(step: (now: number, restore: Restore) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => at((now) => step(now, restore)))
