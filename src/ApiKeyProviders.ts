/**
 * Many providers by id, for a runtime that talks to several: made when first used, let go when nobody uses them, and two ids
 * with an equal helper command share one cache and one run.
 *
 * @since 0.1.0
 */

import * as Clock from "effect/Clock"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiKeyError, KeyNotConfigured, ProviderClosed } from "./ApiKeyError.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import { positiveMillis } from "./internal/cache/lifetime.js"
import { commandUses, toProvider } from "./internal/config/provider.js"
import { load } from "./internal/config/resolve.js"
import { providerIds } from "./internal/helper/environment.js"
import type { Requirements } from "./internal/helper/options.js"
import { HostEnvironment } from "./internal/host/HostEnvironment.js"
import {
  ApiKeyProvider,
  type ApiKeyStatus,
  emptyStatus,
  type Peek,
  type Provider,
  peekOf
} from "./internal/model/provider.js"
import { HelperPolicy } from "./internal/policy/model.js"
import { fromResolvedCommand } from "./internal/provider/command.js"
import { type CommandOptions, resolveCommand } from "./internal/provider/resolvedCommand.js"
import * as SharedCommands from "./internal/provider/shared.js"
import { fromSource } from "./internal/provider/source.js"
import { inOwnFiber } from "./internal/util/fiber.js"

/**
 * What a registry of providers can do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Providers {
  /** The configured ids, in the order given. */
  readonly ids: ReadonlyArray<string>
  /** The provider of an id. It stays good when what is behind it is let go: its next `get` makes that anew. Runs nothing. */
  readonly get: (id: string) => Effect.Effect<Provider, KeyNotConfigured>
  /** How each id's provider stands, in the order of `ids`. Those not in use are `empty`; asking is no use. */
  readonly status: Effect.Effect<ReadonlyArray<ApiKeyStatus>>
}

/**
 * Where an id's key comes from: a helper command, a provider that is there already, or one to be made at its first use, in
 * a scope that ends when it is let go; what making it fails with is what its `get` fails with.
 *
 * @since 0.1.0
 * @category models
 */
export type Entry = CommandOptions | Provider | Effect.Effect<Provider, ApiKeyError, Requirements | Scope.Scope>

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  readonly providers: Readonly<Record<string, Entry>>
  /**
   * A provider that nobody has used for so long is let go, with its key. Default 1 h; `Duration.infinity` means never; what is no
   * time above 0 is `ConfigInvalid` at each `get`.
   */
  readonly idleTimeToLive?: Duration.DurationInput | undefined
}

/**
 * The providers of an application that talks to several services.
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiKeyProviders extends Context.Tag("effect-apikey/ApiKeyProviders")<ApiKeyProviders, Providers>() {}

const defaultIdleTimeToLive = Duration.hours(1)
/** A sweep looks at every open provider, so it comes only so many times in an idle time to live. */
const sweepsPerIdleTime = 2
const maxIdsShown = 10

/** What equal commands share: at most one provider at a time, its scope, and who uses it. */
interface Slot {
  readonly build: Effect.Effect<Provider, ApiKeyError, Requirements | Scope.Scope>
  readonly opening: Effect.Semaphore
  opened: Option.Option<{ readonly provider: Provider; readonly scope: Scope.CloseableScope; readonly peek: Peek }>
  /** When the last use ended. */
  usedAt: number
  /** Uses that are not over: waiting for a key, or watching `changes`. */
  pins: number
}

/**
 * Makes a registry that lives as long as its scope. An idle provider costs neither a timer nor a fiber: it is let go when
 * the registry is next used.
 *
 * Ids whose commands are equal (argv, `cwd`, `env`, `format` and every other option) share one cache. The helper then finds
 * all of them, with commas between, in `EFFECT_APIKEY_PROVIDER`; a helper that answers by it needs `provider` in its options,
 * which sets it apart.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<Providers, never, Requirements | Scope.Scope> =>
  Effect.gen(function* () {
    // Without the scope: what is made in one of its own must not end up in this one.
    const runtime = Runtime.updateContext(yield* Effect.runtime<Requirements>(), Context.omit(Scope.Scope))
    const scope = yield* Scope.fork(yield* Effect.scope, ExecutionStrategy.sequential)
    const checkedIdle = positiveMillis("idleTimeToLive", options.idleTimeToLive ?? defaultIdleTimeToLive)
    const idleMillis = Either.getOrElse(checkedIdle, () => Duration.toMillis(defaultIdleTimeToLive))
    const open = new Set<Slot>()
    let sweepAt = Number.NEGATIVE_INFINITY
    let isClosed = false

    // --- opening and letting go

    const openedOf = (slot: Slot, id: string): Effect.Effect<Provider, ApiKeyError> =>
      Effect.suspend(() =>
        Option.match(slot.opened, {
          onNone: () => slot.opening.withPermits(1)(Effect.suspend(() => openAnew(slot, id))),
          onSome: ({ provider }) => Effect.succeed(provider)
        })
      )

    const openAnew = (slot: Slot, id: string): Effect.Effect<Provider, ApiKeyError> => {
      if (Option.isSome(slot.opened)) return Effect.succeed(slot.opened.value.provider)
      if (isClosed) return Effect.fail(new ProviderClosed({ provider: id }))
      if (Either.isLeft(checkedIdle)) return Effect.fail(checkedIdle.left)
      return Effect.uninterruptibleMask((restore) =>
        Effect.gen(function* () {
          const own = yield* Scope.fork(scope, ExecutionStrategy.sequential)
          const made = yield* Effect.exit(restore(inOwnFiber(runtime, Scope.extend(slot.build, own), { scope })))
          if (isClosed || Exit.isFailure(made)) {
            yield* Scope.close(own, made)
            return yield* isClosed ? new ProviderClosed({ provider: id }) : made
          }
          const provider = made.value
          slot.opened = Option.some({ provider, scope: own, peek: peekOf(provider) })
          // A prefetch is no use, and yet not idle since for ever.
          slot.usedAt = yield* Clock.currentTimeMillis
          open.add(slot)
          return provider
        })
      )
    }

    const isIdle = (slot: Slot, now: number): boolean => slot.pins === 0 && now - slot.usedAt >= idleMillis

    /** Each is taken out before it is closed, so that nobody is given one that is about to close; who asks anew waits for that. */
    const letGo = (slot: Slot, now: number): Effect.Effect<unknown> =>
      slot.opening
        .withPermitsIfAvailable(1)(
          Effect.suspend(() =>
            Option.match(slot.opened, {
              onNone: () => Effect.void,
              onSome: ({ provider, scope: own }) =>
                Effect.flatMap(Effect.interruptible(provider.status), ({ state }) => {
                  if (state === "refreshing" || !isIdle(slot, now)) return Effect.void
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
          Effect.catchAllCause(() => Effect.logDebug("a provider that was let go did not end well"))
        )

    /** Goes on outside of whoever asks: a slow end of another provider, or a defect in it, is not theirs. */
    const sweep = (asked: Slot, now: number): void => {
      sweepAt = now + idleMillis / sweepsPerIdleTime
      // After a step of the clock backward nobody has been used in the future.
      for (const slot of open) slot.usedAt = Math.min(slot.usedAt, now)
      const idle = [asked, ...open].filter((slot) => isIdle(slot, now))
      const ends = Effect.forEach(idle, (slot) => letGo(slot, now), { discard: true })
      Runtime.runFork(runtime, ends, { scope })
    }

    const isSweepDue = (slot: Slot, now: number): boolean =>
      now >= sweepAt || sweepAt - now > idleMillis || (Option.isSome(slot.opened) && isIdle(slot, now))

    const using = <A>(slot: Slot, use: (now: number) => Effect.Effect<A, ApiKeyError>): Effect.Effect<A, ApiKeyError> =>
      Effect.clockWith((clock) => {
        const now = clock.unsafeCurrentTimeMillis()
        if (isSweepDue(slot, now)) sweep(slot, now)
        slot.usedAt = now
        return use(now)
      })

    // --- the handles

    const handle = (id: string, slot: Slot): Provider => {
      const named = (status: ApiKeyStatus): ApiKeyStatus => ({ ...status, provider: id })
      const provider = openedOf(slot, id)
      const get = pinned(
        slot,
        Effect.flatMap(provider, ({ get }) => get)
      )
      const refresh = pinned(
        slot,
        Effect.flatMap(provider, ({ refresh }) => refresh)
      )
      return {
        // A hit is over at once.
        get: using(slot, (now) => {
          const key = Option.isSome(slot.opened) ? slot.opened.value.peek(now) : undefined
          return key === undefined ? get : Effect.succeed(key)
        }),
        refresh: using(slot, () => refresh),
        reject: (key) =>
          Effect.suspend(() =>
            Option.match(slot.opened, { onNone: () => Effect.void, onSome: ({ provider }) => provider.reject(key) })
          ),
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

    // --- who shares what

    const handles = new Map<string, Provider>()
    const shared = new Map<string, { readonly slot: Slot; readonly ids: Array<string> }>()
    const prefetched: Array<Effect.Effect<unknown, ApiKeyError>> = []

    const commandSlot = (id: string, options: CommandOptions): Slot => {
      const command = resolveCommand(options)
      const { identity } = command
      const known = shared.get(identity)
      if (known !== undefined) {
        known.ids.push(id)
        return known.slot
      }
      const users = [id]
      const build = Effect.suspend(() =>
        fromResolvedCommand(command, { provider: options.provider ?? providerIds(users) })
      )
      const slot = slotOf(build)
      shared.set(identity, { slot, ids: users })
      if (options.prefetch === true) prefetched.push(openedOf(slot, id))
      return slot
    }

    for (const [id, entry] of Object.entries(options.providers)) {
      if (Effect.isEffect(entry)) handles.set(id, handle(id, slotOf(entry)))
      else handles.set(id, "command" in entry ? handle(id, commandSlot(id, entry)) : entry)
    }

    // The first to run: what it ends is not used while it ends.
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
        for (const slot of open) slot.opened = Option.none()
        open.clear()
      })
    )
    for (const opening of prefetched) yield* Effect.ignore(opening)

    return {
      ids: Array.from(handles.keys()),
      get: (id) =>
        Option.match(Option.fromNullable(handles.get(id)), {
          onNone: () => Effect.fail(notConfigured(id, Array.from(handles.keys()))),
          onSome: Effect.succeed
        }),
      status: Effect.forEach(handles, ([id, { status }]) => Effect.map(status, (known) => ({ ...known, provider: id })))
    }
  })

const slotOf = (build: Slot["build"]): Slot => ({
  build,
  opening: Effect.unsafeMakeSemaphore(1),
  opened: Option.none(),
  usedAt: 0,
  pins: 0
})

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

/** A use that takes time. */
const pinned = <A, E>(slot: Slot, use: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => {
    slot.pins++
    return Effect.onExit(restore(use), () => unpin(slot))
  })

const notConfigured = (provider: string, ids: ReadonlyArray<string>): KeyNotConfigured => {
  const shown = ids.slice(0, maxIdsShown).join(", ")
  return new KeyNotConfigured({
    provider,
    tried: [],
    remedy:
      ids.length === 0
        ? "No provider is configured."
        : `Use one that is configured: ${shown}${ids.length > maxIdsShown ? ", …" : ""}`
  })
}

/**
 * The registry as a layer.
 *
 * @example
 * ```ts
 * import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const Keys = ApiKeyProviders.layer({
 *   providers: {
 *     openai: { command: ["op", "read", "op://Work/OpenAI/api-key"] },
 *     gateway: { command: ["get-gateway-token"], timeout: "10 seconds" }
 *   },
 *   idleTimeToLive: "30 minutes"
 * }).pipe(Layer.provide(HelperExecutor.layerNode))
 *
 * export const OpenAiKey = ApiKeyProviders.layerFor("openai").pipe(Layer.provide(Keys))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<ApiKeyProviders, never, Requirements> =>
  Layer.scoped(ApiKeyProviders, make(options))

/**
 * The provider of one id as the application's `ApiKeyProvider`. Builds without running anything; an id that is not
 * configured is `KeyNotConfigured`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFor = (id: string): Layer.Layer<ApiKeyProvider, KeyNotConfigured, ApiKeyProviders> =>
  Layer.effect(
    ApiKeyProvider,
    Effect.flatMap(ApiKeyProviders, (providers) => providers.get(id))
  )

/**
 * The registry from Effect `Config`s, one an id: `ApiKeySource.config(id)` is the usual one. Ids whose commands are equal share
 * one cache.
 *
 * @example
 * ```ts
 * import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const Keys = ApiKeyProviders.layerConfig({
 *   openai: ApiKeySource.config("openai"),
 *   anthropic: ApiKeySource.config("anthropic")
 * }).pipe(Layer.provide(HelperExecutor.layerNode))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  configs: Readonly<Record<string, Config.Config<ApiKeySource.ApiKeySource>>>,
  options?: Omit<Options, "providers">
): Layer.Layer<ApiKeyProviders, ConfigError.ConfigError, Requirements> =>
  Layer.scoped(
    ApiKeyProviders,
    Effect.gen(function* () {
      const sources = Object.entries(yield* Effect.all(configs))
      const share = yield* SharedCommands.make(sources.map(([id, source]) => ({ id, trustDomain: "", source })))
      const providers = sources.map(([id, source]): [string, Entry] => [
        id,
        fromSource(source, { provider: id, open: share("") })
      ])
      return yield* make({ ...options, providers: Object.fromEntries(providers) })
    })
  )

/**
 * The registry from `effect-apikey.jsonc`, the project's and the user's, with the environment before both; docs/configuration.md
 * has the order. Without `ids` it has those that the files name. What is wrong with an entry comes out when its key is asked for,
 * and what a project brings waits for the user's trust. Equal commands share one cache and one run, a project's only with that
 * project's; the policy is asked for each id.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFiles = (
  options?: Omit<Options, "providers"> & {
    /** The one file that counts, instead of looking for them. */
    readonly config?: string | undefined
    readonly ids?: ReadonlyArray<string> | undefined
  }
): Layer.Layer<ApiKeyProviders, never, Requirements | HelperPolicy> =>
  Layer.scoped(
    ApiKeyProviders,
    Effect.gen(function* () {
      const policy = yield* HelperPolicy
      const configuration = yield* load({ config: options?.config })
      const ids = options?.ids ?? configuration.ids
      const resolved = yield* Effect.forEach(new Set(ids), configuration.resolve)
      const { home } = yield* HostEnvironment
      const share = yield* SharedCommands.make(resolved.flatMap(commandUses), home)
      const providers = resolved.map((each): [string, Entry] => [
        each.provider,
        Effect.provideService(toProvider(each, { share }), HelperPolicy, policy)
      ])
      return yield* make({ ...options, providers: Object.fromEntries(providers) })
    })
  )
