/**
 * A registry of providers by id, for a program that talks to several services. A provider is opened on first use and closed
 * when idle. Ids with equal helper commands share one cache and one run.
 *
 * @since 0.1.0
 */

import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import { type ApiKeyError, KeyNotConfigured } from "./ApiKeyError.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import { commandUses, toProvider } from "./internal/config/provider.js"
import * as Registry from "./internal/config/registry.js"
import { load } from "./internal/config/resolve.js"
import { providerIds } from "./internal/helper/environment.js"
import type { Requirements } from "./internal/helper/options.js"
import { HostEnvironment } from "./internal/host/HostEnvironment.js"
import { ApiKeyProvider, type ApiKeyStatus, type Provider } from "./internal/model/provider.js"
import { HelperPolicy } from "./internal/policy/model.js"
import { fromResolvedCommand } from "./internal/provider/command.js"
import { type CommandOptions, resolveCommand } from "./internal/provider/resolvedCommand.js"
import * as SharedCommands from "./internal/provider/shared.js"
import { fromSource } from "./internal/provider/source.js"
import { shownId } from "./internal/redact/programName.js"

/**
 * The interface of the registry of providers.
 *
 * @since 0.1.0
 * @category models
 */
export interface Providers {
  /** The configured ids, in the order given. */
  readonly ids: ReadonlyArray<string>
  /** The provider of an id. Runs nothing. It stays valid after its cache is closed: the next `get` opens a new one. */
  readonly get: (id: string) => Effect.Effect<Provider, KeyNotConfigured>
  /** The status of each provider, in the order of `ids`. Unopened providers are `empty`. Reading it does not reset the idle timer. */
  readonly status: Effect.Effect<ReadonlyArray<ApiKeyStatus>>
}

/**
 * Where an id's key comes from: a helper command, an existing provider, or an effect that makes one on first use. The effect's
 * scope closes when the provider is closed; if the effect fails, `get` fails with the same error.
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
   * How long a provider may be idle before it is closed and its key dropped. Default: 1 hour. `Duration.infinity` means never.
   * If it is not a positive duration, each `get` fails with `ConfigInvalid`.
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

const maxIdsShown = 10

/**
 * Makes a registry that lives as long as its scope. An idle provider needs no timer and no fiber: it is closed when the
 * registry is next used.
 *
 * Ids whose commands are equal (argv, `cwd`, `env`, `format` and all other options) share one cache. The helper then finds all
 * these ids in `EFFECT_APIKEY_PROVIDER`, separated by commas. If a helper's output depends on this variable, set `provider`
 * in its options; then the id does not share.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: (options: Options) => Effect.Effect<Providers, never, Requirements | Scope.Scope> =
  Effect.fnUntraced(function* (options) {
    const registry = yield* Registry.make(options.idleTimeToLive)
    const handles = new Map<string, Provider>()
    // Not built on `sharing`, which counts scopes: a slot outlives its provider, and ids that share a slot become idle together.
    const shared = new Map<string, { readonly slot: Registry.Slot; readonly ids: Array<string> }>()
    const prefetched: Array<Effect.Effect<unknown, ApiKeyError>> = []

    const commandSlot = (id: string, options: CommandOptions): Registry.Slot => {
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
      const slot = Registry.makeSlot(build)
      shared.set(identity, { slot, ids: users })
      if (options.prefetch === true) prefetched.push(Registry.openedIn(registry, slot, id))
      return slot
    }

    for (const [id, entry] of Object.entries(options.providers)) {
      if (Effect.isEffect(entry)) handles.set(id, Registry.handle(registry, Registry.makeSlot(entry), id))
      else handles.set(id, "argv" in entry ? Registry.handle(registry, commandSlot(id, entry), id) : entry)
    }

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

const notConfigured = (provider: string, ids: ReadonlyArray<string>): KeyNotConfigured => {
  const shown = ids.slice(0, maxIdsShown).join(", ")
  return new KeyNotConfigured({
    // It may be a key that was given in the place of an id.
    provider: shownId(provider),
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
 *     openai: { argv: ["op", "read", "op://Work/OpenAI/api-key"] },
 *     gateway: { argv: ["get-gateway-token"], timeout: "10 seconds" }
 *   },
 *   idleTimeToLive: "30 minutes"
 * }).pipe(Layer.provide(HelperExecutor.layer))
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
 * The provider of one id as the application's `ApiKeyProvider`. Building it runs nothing. If the id is not configured, it fails
 * with `KeyNotConfigured`.
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
 * The registry from one Effect `Config` for each id, usually `ApiKeySource.config(id)`. Ids with equal commands share one
 * cache.
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
 * }).pipe(Layer.provide(HelperExecutor.layer))
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
 * The registry from `effect-apikey.jsonc`: the environment first, then the project's file, then the user's.
 * docs/guides/configuration-files.md has the full order. Without `ids` it has the ids that the files name.
 *
 * An invalid entry fails its own `get` only. A project's commands and destinations need the user's trust. Equal commands share
 * one cache and one run, within one project or among the user's own; the policy authorizes each id.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFiles = (
  options?: Omit<Options, "providers"> & {
    /** The only file to read. The others are not searched for. */
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
      const registry = yield* make({ ...options, providers: Object.fromEntries(providers) })
      const rules = new Map(resolved.map(({ provider, refusedWhen }) => [provider, refusedWhen]))
      return {
        ...registry,
        // A provider that is not open does not know its rules yet.
        get: (id) => Effect.map(registry.get(id), (provider) => ({ ...provider, refusedWhen: rules.get(id) }))
      }
    })
  )
