/**
 * The clients of @effect/ai's packages, with the current key in every request. Their tags are those of the packages.
 *
 * A package is imported when its client is made, so you install only the ones that you use.
 *
 * @since 0.1.0
 */

import type * as AnthropicClient from "@effect/ai-anthropic/AnthropicClient"
import type * as GoogleClient from "@effect/ai-google/GoogleClient"
import type * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import type * as OpenRouterClient from "@effect/ai-openrouter/OpenRouterClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import type * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import type { ConfigInvalid } from "../ApiKeyError.js"
import { ApiKeyProvider, type Provider } from "../internal/model/provider.js"
import { loadOptionalPackage } from "../internal/request/optionalPackage.js"
import type { HeaderScheme } from "../internal/request/scheme.js"
import * as ApiKeyHttpClient from "./HttpClient.js"

/**
 * The options of @effect/ai-openai's client, without its key.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenAiOptions = Omit<Parameters<typeof OpenAiClient.make>[0], "apiKey">

/**
 * The options of @effect/ai-anthropic's client, without its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnthropicOptions extends Omit<Parameters<typeof AnthropicClient.make>[0], "apiKey"> {
  /** Default: `{ header: "x-api-key" }`, for keys. Use `"bearer"` for OAuth and gateway tokens. */
  readonly scheme?: "bearer" | { readonly header: string } | undefined
}

/**
 * The options of @effect/ai-google's client, without its key.
 *
 * @since 0.1.0
 * @category models
 */
export type GoogleOptions = Omit<Parameters<typeof GoogleClient.make>[0], "apiKey">

/**
 * The options of @effect/ai-openrouter's client, without its key.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenRouterOptions = Omit<Parameters<typeof OpenRouterClient.make>[0], "apiKey">

interface ClientOptions {
  readonly apiUrl?: string | undefined
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
  readonly scheme?: HeaderScheme | undefined
}

interface Defaults {
  readonly apiUrl: string
  readonly scheme: HeaderScheme
}

type Needs = HttpClient.HttpClient | Scope.Scope

/** Adds our transform below the user's, so that the user's sees the final response. */
const authorized = <O extends ClientOptions>(provider: Provider, options: O, defaults: Defaults): O => {
  const withApiKey = ApiKeyHttpClient.withApiKeyAsRequestError(provider, {
    baseUrl: options.apiUrl ?? defaults.apiUrl,
    scheme: options.scheme ?? defaults.scheme
  })
  const transform = options.transformClient ?? ((client: HttpClient.HttpClient) => client)
  return { ...options, transformClient: (client: HttpClient.HttpClient) => transform(withApiKey(client)) }
}

/** The constructors for one package of @effect/ai. */
const define = <
  Id,
  S,
  O extends ClientOptions,
  M extends { readonly make: (options: O) => Effect.Effect<S, never, Needs> }
>(
  name: string,
  load: () => Promise<M>,
  tag: (module: M) => Context.Tag<Id, S>,
  defaults: Defaults
) => {
  const module = loadOptionalPackage(name, load)
  const makeOf = (module: M, provider: Provider, options: O) => module.make(authorized(provider, options, defaults))
  return {
    makeWith: (provider: Provider, options: O) => Effect.flatMap(module, (module) => makeOf(module, provider, options)),
    layer: (options: O): Layer.Layer<Id, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
      Layer.unwrapEffect(
        Effect.map(module, (module) =>
          Layer.scoped(
            tag(module),
            Effect.flatMap(ApiKeyProvider, (provider) => makeOf(module, provider, options))
          )
        )
      )
  }
}

const openAi = define<OpenAiClient.OpenAiClient, OpenAiClient.Service, OpenAiOptions, typeof OpenAiClient>(
  "@effect/ai-openai",
  () => import("@effect/ai-openai/OpenAiClient"),
  (module) => module.OpenAiClient,
  { apiUrl: "https://api.openai.com/v1", scheme: "bearer" }
)

const anthropic = define<
  AnthropicClient.AnthropicClient,
  AnthropicClient.Service,
  AnthropicOptions,
  typeof AnthropicClient
>(
  "@effect/ai-anthropic",
  () => import("@effect/ai-anthropic/AnthropicClient"),
  (module) => module.AnthropicClient,
  { apiUrl: "https://api.anthropic.com", scheme: { header: "x-api-key" } }
)

const google = define<GoogleClient.GoogleClient, GoogleClient.Service, GoogleOptions, typeof GoogleClient>(
  "@effect/ai-google",
  () => import("@effect/ai-google/GoogleClient"),
  (module) => module.GoogleClient,
  { apiUrl: "https://generativelanguage.googleapis.com", scheme: { header: "x-goog-api-key" } }
)

const openRouter = define<
  OpenRouterClient.OpenRouterClient,
  OpenRouterClient.Service,
  OpenRouterOptions,
  typeof OpenRouterClient
>(
  "@effect/ai-openrouter",
  () => import("@effect/ai-openrouter/OpenRouterClient"),
  (module) => module.OpenRouterClient,
  { apiUrl: "https://openrouter.ai/api/v1", scheme: "bearer" }
)

/**
 * Makes the client of @effect/ai-openai, with the key provider of the context. Fails with `ConfigInvalid` if the package is not
 * installed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenAi = (
  options: OpenAiOptions = {}
): Effect.Effect<OpenAiClient.Service, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(ApiKeyProvider, (provider) => makeOpenAiWith(provider, options))

/**
 * Makes the client with a key provider that you pass.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenAiWith = (
  provider: Provider,
  options: OpenAiOptions = {}
): Effect.Effect<OpenAiClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  openAi.makeWith(provider, options)

/**
 * The client as a layer, with the key provider of the context. If there is no key, a request fails with an `AiError` whose
 * cause is the `ApiKeyError` (`ApiKeyError.fromCause` finds it).
 *
 * @example
 * ```ts
 * import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
 * import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as EffectAi from "effect-apikey/sdk/EffectAi"
 * import * as Layer from "effect/Layer"
 *
 * export const Model = OpenAiLanguageModel.layer({ model: "gpt-5" }).pipe(
 *   Layer.provide(EffectAi.layerOpenAi()),
 *   Layer.provide(ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"] })),
 *   Layer.provide([FetchHttpClient.layer, HelperExecutor.layer])
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOpenAi = (
  options: OpenAiOptions = {}
): Layer.Layer<OpenAiClient.OpenAiClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  openAi.layer(options)

/**
 * Makes the client of @effect/ai-anthropic, with the key provider of the context. Fails with `ConfigInvalid` if the package is not
 * installed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAnthropic = (
  options: AnthropicOptions = {}
): Effect.Effect<AnthropicClient.Service, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(ApiKeyProvider, (provider) => makeAnthropicWith(provider, options))

/**
 * Makes the client with a key provider that you pass.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAnthropicWith = (
  provider: Provider,
  options: AnthropicOptions = {}
): Effect.Effect<AnthropicClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  anthropic.makeWith(provider, options)

/**
 * The client as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAnthropic = (
  options: AnthropicOptions = {}
): Layer.Layer<AnthropicClient.AnthropicClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  anthropic.layer(options)

/**
 * Makes the client of @effect/ai-google, with the key provider of the context. Fails with `ConfigInvalid` if the package is not
 * installed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeGoogle = (
  options: GoogleOptions = {}
): Effect.Effect<GoogleClient.Service, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(ApiKeyProvider, (provider) => makeGoogleWith(provider, options))

/**
 * Makes the client with a key provider that you pass.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeGoogleWith = (
  provider: Provider,
  options: GoogleOptions = {}
): Effect.Effect<GoogleClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  google.makeWith(provider, options)

/**
 * The client as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerGoogle = (
  options: GoogleOptions = {}
): Layer.Layer<GoogleClient.GoogleClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  google.layer(options)

/**
 * Makes the client of @effect/ai-openrouter, with the key provider of the context. Fails with `ConfigInvalid` if the package is not
 * installed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenRouter = (
  options: OpenRouterOptions = {}
): Effect.Effect<OpenRouterClient.Service, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient | Scope.Scope> =>
  Effect.flatMap(ApiKeyProvider, (provider) => makeOpenRouterWith(provider, options))

/**
 * Makes the client with a key provider that you pass.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenRouterWith = (
  provider: Provider,
  options: OpenRouterOptions = {}
): Effect.Effect<OpenRouterClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  openRouter.makeWith(provider, options)

/**
 * The client as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOpenRouter = (
  options: OpenRouterOptions = {}
): Layer.Layer<OpenRouterClient.OpenRouterClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  openRouter.layer(options)
