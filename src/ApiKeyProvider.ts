/**
 * The service an application asks for its key, and the layers that make one.
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
import * as ApiKey from "./ApiKey.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import type { Requirements } from "./internal/helper/options.js"
import { ApiKeyProvider, defaultProvider, make, type Provider } from "./internal/model/provider.js"
import { fromCommand } from "./internal/provider/command.js"
import { fromFirstOf } from "./internal/provider/firstOf.js"
import type { CommandOptions } from "./internal/provider/resolvedCommand.js"
import { fromReadable, fromSource, type SourceOptions } from "./internal/provider/source.js"
import { type Readable, readEnv } from "./internal/source/read.js"

export type { Requirements } from "./internal/helper/options.js"
export { ApiKeyProvider, type ApiKeyStatus, make, type Provider } from "./internal/model/provider.js"
export { fromCommand } from "./internal/provider/command.js"
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
): Layer.Layer<ApiKeyProvider> =>
  Layer.sync(ApiKeyProvider, () => {
    const provider = options?.provider ?? defaultProvider
    return make({ provider, get: readEnv(name, provider) })
  })

/**
 * The key from a source.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerSource(
 *   ApiKeySource.firstOf([
 *     ApiKeySource.env("OPENAI_API_KEY"),
 *     ApiKeySource.file("/run/secrets/openai"),
 *     ApiKeySource.command(["op", "read", "op://Work/OpenAI/api-key"])
 *   ])
 * ).pipe(Layer.provide(HelperExecutor.layerNode))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSource = (
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, never, Requirements> => Layer.scoped(ApiKeyProvider, fromSource(source, options))

/**
 * The key from the source that an Effect `Config` yields: `ApiKeySource.config` reads it from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config<ApiKeySource.ApiKeySource>,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, ConfigError.ConfigError, Requirements> =>
  Layer.scoped(
    ApiKeyProvider,
    Effect.flatMap(config, (source) => fromSource(source, options))
  )

/**
 * The key in a file, read at each `get`. Missing is `KeyNotConfigured`; readable by others is a warning, with `strict` an error.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFile = (
  path: string,
  options?: SourceOptions & { readonly strict?: boolean }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layerReadable({ _tag: "File", file: path, strict: options?.strict ?? false }, options)

const layerReadable = (
  source: Readable,
  options: SourceOptions | undefined
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ApiKeyProvider, fromReadable(source, options))

/**
 * The key of an entry in opencode's `auth.json`, read at each `get`. Missing is `KeyNotConfigured`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuthJson = (
  id: string,
  options?: SourceOptions & { readonly strict?: boolean }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layerReadable({ _tag: "Auth", auth: id, strict: options?.strict ?? false }, { provider: id, ...options })

/**
 * The key of the first of several providers that has one: `KeyNotConfigured` lets the next one try, another failure does so
 * only with `onFailure: "next"`.
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
 * export const GatewayKeyLive = GatewayKey.layer(ApiKeyProvider.layerCommand({ argv: ["get-token"] }))
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
