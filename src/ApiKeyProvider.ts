/**
 * The service from which an application gets its key, and the layers that build it.
 *
 * @since 0.1.0
 */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as ApiKey from "./ApiKey.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import type { Requirements } from "./internal/helper/options.js"
import { ApiKeyProvider, defaultProvider, make, type Provider } from "./internal/model/provider.js"
import { fromCommand } from "./internal/provider/command.js"
import { type Fetch, type FetchOptions, fromEffect } from "./internal/provider/effect.js"
import { fromFirstOf } from "./internal/provider/firstOf.js"
import type { CommandOptions } from "./internal/provider/resolvedCommand.js"
import { fromSource, type SourceOptions } from "./internal/provider/source.js"

export type { LifeOptions } from "./internal/cache/options.js"
export type { Requirements } from "./internal/helper/options.js"
export { ApiKeyProvider, type ApiKeyStatus, make, type Provider } from "./internal/model/provider.js"
export { fromCommand } from "./internal/provider/command.js"
export { type Fetch, type FetchOptions, fromEffect } from "./internal/provider/effect.js"
export { fromFirstOf } from "./internal/provider/firstOf.js"
export type { CommandOptions } from "./internal/provider/resolvedCommand.js"
export { fromSource, type SourceOptions } from "./internal/provider/source.js"

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
 *     ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"], timeout: "10 seconds" }).pipe(
 *       Layer.provide(HelperExecutor.layer)
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
 * The key from a source. Environment, files and `auth.json` are read at each `get`; only a command needs a `HelperExecutor`.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layer(
 *   ApiKeySource.firstOf([
 *     ApiKeySource.env("OPENAI_API_KEY"),
 *     ApiKeySource.file("/run/secrets/openai"),
 *     ApiKeySource.command(["op", "read", "op://Work/OpenAI/api-key"])
 *   ])
 * ).pipe(Layer.provide(HelperExecutor.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export function layer(
  source: ApiKeySource.Literal | ApiKeySource.Env,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider>
export function layer(
  source: Exclude<ApiKeySource.Single, ApiKeySource.Command>,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path>
export function layer(
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, never, Requirements>
export function layer(
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, never, Requirements> {
  return Layer.scoped(ApiKeyProvider, fromSource(source, options))
}

/**
 * A fixed key. If the server rejects it, the status becomes `rejected`, and the key is still served because there is no other.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerLiteral = (
  key: string | Redacted.Redacted<string> | ApiKey.ApiKey,
  options?: { readonly provider?: string | undefined }
): Layer.Layer<ApiKeyProvider> => {
  const get = Effect.succeed(ApiKey.isApiKey(key) ? key : ApiKey.make({ value: key }))
  return Layer.sync(ApiKeyProvider, () => make({ provider: options?.provider ?? defaultProvider, get }))
}

/**
 * The key in an environment variable, read at each `get`. Fails with `KeyNotConfigured` if it is unset or blank.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (name: string, options?: SourceOptions): Layer.Layer<ApiKeyProvider> =>
  layer({ _tag: "Env", env: name }, options)

/**
 * The key in a file, read at each `get`. Fails with `KeyNotConfigured` if the file is missing. If other users can read it, a
 * warning is logged; with `strict` it is an `InsecurePermissions` error.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFile = (
  path: string,
  options?: SourceOptions & { readonly strict?: boolean | undefined }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layer({ _tag: "File", file: path, strict: options?.strict ?? false }, options)

/**
 * The key of an entry in opencode's `auth.json`, read at each `get`. Fails with `KeyNotConfigured` if the entry is missing. The
 * provider's name is `id` by default.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuth = (
  id: string,
  options?: SourceOptions & { readonly strict?: boolean | undefined }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layer({ _tag: "Auth", auth: id, strict: options?.strict ?? false }, { ...options, provider: options?.provider ?? id })

/**
 * The key from the source that an Effect `Config` yields. `ApiKeySource.config` reads it from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config<ApiKeySource.ApiKeySource>,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, ConfigError.ConfigError, Requirements> =>
  Layer.unwrapEffect(Effect.map(config, (source) => layer(source, options)))

/**
 * The key that an Effect fetches, cached like the key of a command. See `fromEffect`.
 *
 * @example
 * ```ts
 * import * as HttpClient from "@effect/platform/HttpClient"
 * import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as ApiKeyError from "effect-apikey/ApiKeyError"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as DateTime from "effect/DateTime"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const url = "https://login.example.com/token"
 *
 * const Answer = Schema.Struct({ access_token: Schema.String, expires_in: Schema.Number })
 *
 * const fetchToken = Effect.gen(function* () {
 *   const response = yield* HttpClient.post(url)
 *   const answer = yield* HttpClientResponse.schemaBodyJson(Answer)(response)
 *   const now = yield* DateTime.now
 *   return ApiKey.make({
 *     value: answer.access_token,
 *     expiresAt: DateTime.add(now, { seconds: answer.expires_in })
 *   })
 * }).pipe(
 *   Effect.timeout("10 seconds"),
 *   Effect.mapError(
 *     ({ _tag }) => new ApiKeyError.SourceUnreadable({ source: "token service", path: url, code: _tag })
 *   )
 * )
 *
 * // It needs an HttpClient.
 * export const GatewayKey = ApiKeyProvider.layerEffect(fetchToken, { provider: "gateway" })
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEffect = <R = never>(
  fetch: Fetch<R>,
  options?: FetchOptions
): Layer.Layer<ApiKeyProvider, never, Exclude<R, Scope.Scope>> =>
  Layer.scoped(ApiKeyProvider, fromEffect(fetch, options))

/**
 * The key of the first provider that has one. After `KeyNotConfigured` the next provider is tried; after other failures only
 * with `onFailure: "next"`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFirstOf = <E, R>(
  layers: readonly [Layer.Layer<ApiKeyProvider, E, R>, ...ReadonlyArray<Layer.Layer<ApiKeyProvider, E, R>>],
  options?: { readonly provider?: string | undefined; readonly onFailure?: "stop" | "next" | undefined }
): Layer.Layer<ApiKeyProvider, E, R> =>
  Layer.scoped(
    ApiKeyProvider,
    Effect.map(
      Effect.forEach(layers, (each) =>
        Effect.map(Layer.build(each), (context) => Context.get(context, ApiKeyProvider))
      ),
      (providers) => fromFirstOf(providers, options)
    )
  )

/**
 * A tag class that `Tag` makes.
 *
 * @since 0.1.0
 * @category models
 */
export type TagClass<Self, Id extends string> = Context.TagClass<Self, Id, Provider> & {
  /** This tag's layer, from any layer of an `ApiKeyProvider`. */
  readonly layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>) => Layer.Layer<Self, E, R>
}

/**
 * A tag of your own, for a program that needs several providers.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 *
 * class OpenAiKey extends ApiKeyProvider.Tag<OpenAiKey>()("OpenAiKey") {}
 * class GatewayKey extends ApiKeyProvider.Tag<GatewayKey>()("GatewayKey") {}
 *
 * export const OpenAiKeyLive = OpenAiKey.layer(ApiKeyProvider.layerEnv("OPENAI_API_KEY"))
 * export const GatewayKeyLive = GatewayKey.layer(ApiKeyProvider.layerCommand({ argv: ["get-token"] }))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export const Tag =
  <Self>() =>
  <const Id extends string>(id: Id): TagClass<Self, Id> => {
    const tag = Context.Tag(id)<Self, Provider>()
    return Object.assign(tag, {
      layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>): Layer.Layer<Self, E, R> =>
        Layer.map(from, (context) => Context.make(tag, Context.get(context, ApiKeyProvider)))
    })
  }
