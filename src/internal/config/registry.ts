/** A registry of providers. Each is opened on first use, and closed when it was not used for the idle time to live. */

import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiKeyError, type ConfigInvalid, ProviderClosed } from "../../ApiKeyError.js"
import { positiveMillis } from "../cache/lifetime.js"
import type { Requirements } from "../helper/options.js"
import { type ApiKeyStatus, emptyStatus, type Peek, type Provider, peekOf } from "../model/provider.js"
import { inOwnFiber } from "../util/fiber.js"

const defaultIdleTimeToLive = Duration.hours(1)
/** The number of sweeps per idle time to live. A sweep visits every open provider, so there are only a few. */
const sweepsPerIdleTime = 2

type Build = Effect.Effect<Provider, ApiKeyError, Requirements | Scope.Scope>

/** The slot that equal commands share: at most one provider at a time, its scope and its uses. */
export interface Slot {
  readonly build: Build
  readonly opening: Effect.Semaphore
  opened: Option.Option<{ readonly provider: Provider; readonly scope: Scope.CloseableScope; readonly peek: Peek }>
  /** When the last use ended. */
  usedAt: number
  /** The number of current uses: waiting for a key, or subscribed to `changes`. */
  pins: number
}

export const makeSlot = (build: Build): Slot => ({
  build,
  opening: Effect.unsafeMakeSemaphore(1),
  opened: Option.none(),
  usedAt: 0,
  pins: 0
})

/** The slots with an open provider, and the time of the next sweep for idle ones. */
export interface Registry {
  readonly runtime: Runtime.Runtime<Requirements>
  readonly scope: Scope.Scope
  /** The idle time. If it is invalid, opening a provider fails with the error. */
  readonly idleMillis: Either.Either<number, ConfigInvalid>
  readonly open: Set<Slot>
  sweepAt: number
  isClosed: boolean
}

/** Makes a registry that lives as long as its scope. Idle providers need no timer and no fiber. */
export const make = Effect.fnUntraced(function* (
  idleTimeToLive: Duration.DurationInput = defaultIdleTimeToLive
): Effect.fn.Return<Registry, never, Requirements | Scope.Scope> {
  const registry: Registry = {
    // Without the current scope: each provider has its own scope and must not attach to this one.
    runtime: Runtime.updateContext(yield* Effect.runtime<Requirements>(), Context.omit(Scope.Scope)),
    scope: yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential),
    idleMillis: positiveMillis("idleTimeToLive", idleTimeToLive),
    open: new Set(),
    sweepAt: Number.NEGATIVE_INFINITY,
    isClosed: false
  }
  // This finalizer runs first, so that providers are not used while they close.
  yield* Effect.addFinalizer(() =>
    Effect.sync(() => {
      registry.isClosed = true
      for (const slot of registry.open) slot.opened = Option.none()
      registry.open.clear()
    })
  )
  return registry
})

/** The provider in a slot. Opens one if there is none. */
export const openedIn = (registry: Registry, slot: Slot, id: string): Effect.Effect<Provider, ApiKeyError> =>
  Effect.suspend(() =>
    Option.match(slot.opened, {
      onNone: () => slot.opening.withPermits(1)(Effect.suspend(() => openAnew(registry, slot, id))),
      onSome: ({ provider }) => Effect.succeed(provider)
    })
  )

const openAnew = (registry: Registry, slot: Slot, id: string): Effect.Effect<Provider, ApiKeyError> => {
  const { idleMillis, open, runtime, scope } = registry
  if (Option.isSome(slot.opened)) return Effect.succeed(slot.opened.value.provider)
  if (registry.isClosed) return Effect.fail(new ProviderClosed({ provider: id }))
  if (Either.isLeft(idleMillis)) return Effect.fail(idleMillis.left)
  return Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
      const made = yield* Effect.exit(restore(inOwnFiber(runtime, Scope.extend(slot.build, own), { scope })))
      if (registry.isClosed || Exit.isFailure(made)) {
        yield* Scope.close(own, made)
        return yield* registry.isClosed ? new ProviderClosed({ provider: id }) : made
      }
      const provider = made.value
      slot.opened = Option.some({ provider, scope: own, peek: peekOf(provider) })
      // A prefetch does not count as a use, but the idle time starts now.
      slot.usedAt = yield* Clock.currentTimeMillis
      open.add(slot)
      return provider
    })
  )
}

const isIdle = (slot: Slot, now: number, idleMillis: number): boolean =>
  slot.pins === 0 && now - slot.usedAt >= idleMillis

/** Removes each provider before closing it, so that no caller gets a closing one. A new caller waits for the close. */
const letGo = ({ open }: Registry, slot: Slot, now: number, idleMillis: number): Effect.Effect<unknown> =>
  slot.opening
    .withPermitsIfAvailable(1)(
      Effect.suspend(() =>
        Option.match(slot.opened, {
          onNone: () => Effect.void,
          onSome: ({ provider, scope: own }) =>
            Effect.flatMap(Effect.interruptible(provider.status), ({ state }) => {
              if (state === "refreshing" || !isIdle(slot, now, idleMillis)) return Effect.void
              slot.opened = Option.none()
              open.delete(slot)
              return Scope.close(own, Exit.void)
            })
        })
      )
    )
    .pipe(
      Effect.uninterruptible,
      // Not the cause: a defect may hold what a helper printed.
      Effect.catchAllCause(() => Effect.logDebug("an idle provider failed to close"))
    )

/** Sweeps in a separate fiber, so that a slow or failing close of another provider does not affect the caller. */
const sweepIfDue = (registry: Registry, asked: Slot, now: number): void => {
  const { open, runtime, scope, sweepAt } = registry
  // Without a runtime no provider is open.
  if (Either.isLeft(registry.idleMillis)) return
  const idleMillis = registry.idleMillis.right
  const isDue =
    now >= sweepAt || sweepAt - now > idleMillis || (Option.isSome(asked.opened) && isIdle(asked, now, idleMillis))
  if (!isDue) return
  registry.sweepAt = now + idleMillis / sweepsPerIdleTime
  // If the clock was set back, a last use in the future counts as now.
  for (const slot of open) slot.usedAt = Math.min(slot.usedAt, now)
  const idle = [asked, ...open].filter((slot) => isIdle(slot, now, idleMillis))
  const ends = Effect.forEach(idle, (slot) => letGo(registry, slot, now, idleMillis), { discard: true })
  Runtime.runFork(runtime, ends, { scope })
}

const using = <A>(
  registry: Registry,
  slot: Slot,
  use: (now: number) => Effect.Effect<A, ApiKeyError>
): Effect.Effect<A, ApiKeyError> =>
  Effect.clockWith((clock) => {
    const now = clock.unsafeCurrentTimeMillis()
    sweepIfDue(registry, slot, now)
    slot.usedAt = now
    return use(now)
  })

/** A provider that stays valid after the provider in its slot is closed: its next use opens another one. */
export const handle = (registry: Registry, slot: Slot, id: string): Provider => {
  const named = (status: ApiKeyStatus): ApiKeyStatus => ({ ...status, provider: id })
  const provider = openedIn(registry, slot, id)
  const get = pinned(
    slot,
    Effect.flatMap(provider, ({ get }) => get)
  )
  const refresh = pinned(
    slot,
    Effect.flatMap(provider, ({ refresh }) => refresh)
  )
  return {
    // A hit takes no time, so it is not counted as a current use.
    get: using(registry, slot, (now) => {
      const key = Option.isSome(slot.opened) ? slot.opened.value.peek(now) : undefined
      return key === undefined ? get : Effect.succeed(key)
    }),
    refresh: using(registry, slot, () => refresh),
    reject: (key, at) =>
      Effect.suspend(() =>
        Option.match(slot.opened, { onNone: () => Effect.void, onSome: ({ provider }) => provider.reject(key, at) })
      ),
    accepted: (key, at) => {
      if (Option.isSome(slot.opened)) slot.opened.value.provider.accepted?.(key, at)
    },
    status: Effect.suspend(() =>
      Option.match(slot.opened, {
        onNone: () => Effect.succeed(emptyStatus(id)),
        onSome: ({ provider }) => Effect.map(provider.status, named)
      })
    ),
    changes: Stream.unwrapScoped(
      pin(slot).pipe(
        Effect.zipRight(provider),
        Effect.match({
          onFailure: (error) =>
            Stream.make<[ApiKeyStatus]>({ ...emptyStatus(id), state: "failing", lastFailure: Option.some(error) }),
          onSuccess: ({ changes }) => Stream.map(changes, named)
        })
      )
    )
  }
}

const pin = (slot: Slot): Effect.Effect<void, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      slot.pins++
    }),
    () => unpin(slot)
  )

const unpin = (slot: Slot): Effect.Effect<void> =>
  Effect.map(Clock.currentTimeMillis, (now) => {
    slot.pins--
    slot.usedAt = now
  })

/** Counts a use that takes time. */
const pinned = <A, E>(slot: Slot, use: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => {
    slot.pins++
    return Effect.onExit(restore(use), () => unpin(slot))
  })
