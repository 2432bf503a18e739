/**
 * The service an application asks for its key, and the layers that make one.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ApiKey from "./ApiKey.js"
import * as ApiKeyCache from "./ApiKeyCache.js"
import { type ApiKeyError, KeyNotConfigured } from "./ApiKeyError.js"
import * as CredentialFormat from "./CredentialFormat.js"
import * as CredentialHelper from "./CredentialHelper.js"
import * as HelperCatalog from "./HelperCatalog.js"
import { programName } from "./internal/programName.js"

/**
 * How a provider stands: never the secret.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiKeyStatus = ApiKeyCache.ApiKeyStatus

/**
 * What a provider can do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Provider {
  /** The current key, fetched if need be. */
  readonly get: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** Fetches now, past any back-off; joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** The server refused this very key. */
  readonly reject: (key: ApiKey.ApiKey) => Effect.Effect<void>
  readonly status: Effect.Effect<ApiKeyStatus>
  /** The status now and at every change. */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

/**
 * The key provider of an application. Where one program needs two, see `Service`.
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiKeyProvider extends Context.Tag("effect-apikey/ApiKeyProvider")<ApiKeyProvider, Provider>() {}

/**
 * A provider from its `get`; everything else has defaults: `refresh` is `get`, a rejected key is only marked.
 *
 * @example
 * ```ts
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Effect from "effect/Effect"
 *
 * export const fake = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-test" })) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Pick<Provider, "get"> & Partial<Provider> & { readonly provider?: string }): Provider => {
  let hits = 0
  let rejected: Option.Option<ApiKey.ApiKey> = Option.none()
  let current: Option.Option<ApiKey.ApiKey> = Option.none()
  let rejections = 0
  let lastFailure: Option.Option<ApiKeyError> = Option.none()
  const get = options.get.pipe(
    Effect.tapBoth({
      onFailure: (error) =>
        Effect.sync(() => {
          lastFailure = Option.some(error)
        }),
      onSuccess: (key) =>
        Effect.sync(() => {
          hits++
          current = Option.some(key)
          lastFailure = Option.none()
        })
    })
  )
  const isRefused = (): boolean => Option.exists(current, (key) => Option.exists(rejected, Equal.equals(key)))
  const status =
    options.status ??
    Effect.sync(
      (): ApiKeyStatus => ({
        provider: options.provider ?? defaultProvider,
        state: isRefused()
          ? "rejected"
          : Option.isSome(lastFailure)
            ? "failing"
            : Option.isSome(current)
              ? "fresh"
              : "empty",
        age: Option.none(),
        softExpiry: Option.none(),
        hardExpiry: Option.flatMap(current, ({ expiresAt }) => expiresAt),
        runs: 0,
        hits,
        renewals: 0,
        rejections,
        lastFailure,
        nextTry: Option.none()
      })
    )
  return {
    get,
    refresh: options.refresh ?? get,
    reject:
      options.reject ??
      ((key) =>
        Effect.sync(() => {
          rejections++
          rejected = Option.some(key)
        })),
    status,
    changes: options.changes ?? Stream.fromEffect(status)
  }
}

const defaultProvider = "default"

/**
 * Everything that shapes a command's runs, the format of its answer, and the life of its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions extends CredentialHelper.Options, ApiKeyCache.LifeOptions {
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string | undefined
  /** The protocol that the command's stdout speaks. Default `"auto"`. */
  readonly format?: CredentialFormat.Format | undefined
}

/**
 * What running a helper needs: `HelperExecutor.layerNode` has it all.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * A provider whose key a helper command prints, as a value; it lives as long as the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromCommand = (options: CommandOptions): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const provider = options.provider ?? defaultProvider
  const program = programName(options.command)
  const entry = HelperCatalog.find(program)
  const format = options.format ?? "auto"
  const mayPrompt = Option.exists(entry, (known) => known.mayPrompt)
  const timeToLive =
    options.timeToLive ?? Option.getOrUndefined(Option.flatMapNullable(entry, (known) => known.timeToLive))
  return ApiKeyCache.make({
    ...options,
    provider,
    program,
    format: CredentialFormat.get(format).name,
    mayPrompt: mayPrompt || (options.interactive ?? "never") !== "never",
    timeToLive,
    fetch: (request) =>
      Effect.gen(function* () {
        const output = yield* CredentialHelper.run(options, { ...request, provider })
        const now = yield* DateTime.now
        return yield* CredentialFormat.decode(format, output, now)
      })
  })
}

/**
 * The key that a helper command prints.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function* () {
 *   const provider = yield* ApiKeyProvider.ApiKeyProvider
 *   const key = yield* provider.get
 *   console.log(key) // the secret is not shown
 * })
 *
 * export const main = program.pipe(
 *   Effect.provide(
 *     ApiKeyProvider.layerCommand({ command: ["op", "read", "op://Private/OpenAI/api-key"], timeout: "10 seconds" }).pipe(
 *       Layer.provide(HelperExecutor.layerNode)
 *     )
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCommand = (options: CommandOptions): Layer.Layer<ApiKeyProvider, never, Requirements> =>
  Layer.scoped(ApiKeyProvider, fromCommand(options))

/**
 * A key that is known. When the server refuses it, it is only marked: there is no other.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (key: ApiKey.ApiKey | Redacted.Redacted<string>): Layer.Layer<ApiKeyProvider> => {
  const value = ApiKey.isApiKey(key) ? key : ApiKey.make({ value: key })
  return Layer.sync(ApiKeyProvider, () => make({ get: Effect.succeed(value) }))
}

/**
 * The key in an environment variable, read at each `get`. Unset or blank is `KeyNotConfigured`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  name: string,
  options?: { readonly provider?: string | undefined }
): Layer.Layer<ApiKeyProvider> => {
  const provider = options?.provider ?? defaultProvider
  const tried = [`environment variable ${name}`]
  const read = Effect.suspend(() => {
    const value = process.env[name]
    if (value === undefined || value.trim() === "") return Effect.fail(new KeyNotConfigured({ provider, tried }))
    return Effect.flatMap(Clock.currentTimeMillis, (startedAt) =>
      CredentialFormat.get("text").decode(value, { command: name, startedAt, stderr: () => "" })
    )
  })
  return Layer.sync(ApiKeyProvider, () => make({ provider, get: read }))
}

/**
 * A tag class as `Service` makes it.
 *
 * @since 0.1.0
 * @category models
 */
export type ServiceClass<Self, Id extends string> = Context.TagClass<Self, Id, Provider> & {
  /** This tag's layer, from any layer of an `ApiKeyProvider`. */
  readonly layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>) => Layer.Layer<Self, E, R>
}

/**
 * A tag of one's own, where one program needs two providers.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 *
 * class OpenAiKey extends ApiKeyProvider.Service<OpenAiKey>()("OpenAiKey") {}
 * class GatewayKey extends ApiKeyProvider.Service<GatewayKey>()("GatewayKey") {}
 *
 * export const OpenAiKeyLive = OpenAiKey.layer(ApiKeyProvider.layerEnv("OPENAI_API_KEY"))
 * export const GatewayKeyLive = GatewayKey.layer(ApiKeyProvider.layerCommand({ command: ["get-token"] }))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export const Service =
  <Self>() =>
  <const Id extends string>(id: Id): ServiceClass<Self, Id> => {
    const tag = Context.Tag(id)<Self, Provider>()
    return Object.assign(tag, {
      layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>): Layer.Layer<Self, E, R> =>
        Layer.map(from, (context) => Context.make(tag, Context.get(context, ApiKeyProvider)))
    })
  }
