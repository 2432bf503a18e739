/**
 * The clients of @effect/ai's packages, with a fresh key in every request.
 *
 * Each package is loaded when its client is made, so that only the one that is used need be installed.
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
import type { Scheme } from "../internal/request/scheme.js"
import * as ApiKeyHttpClient from "./HttpClient.js"

/**
 * The options of @effect/ai-openai's client, less its key.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenAiOptions = Omit<Parameters<typeof OpenAiClient.make>[0], "apiKey">

/**
 * The options of @effect/ai-anthropic's client, less its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface AnthropicOptions extends Omit<Parameters<typeof AnthropicClient.make>[0], "apiKey"> {
  /** `"x-api-key"` for keys (default), `"bearer"` for OAuth and gateway tokens. */
  readonly scheme?: "x-api-key" | "bearer" | undefined
}

/**
 * The options of @effect/ai-google's client, less its key.
 *
 * @since 0.1.0
 * @category models
 */
export type GoogleOptions = Omit<Parameters<typeof GoogleClient.make>[0], "apiKey">

/**
 * The options of @effect/ai-openrouter's client, less its key.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenRouterOptions = Omit<Parameters<typeof OpenRouterClient.make>[0], "apiKey">

interface ClientOptions {
  readonly apiUrl?: string | undefined
  readonly transformClient?: ((client: HttpClient.HttpClient) => HttpClient.HttpClient) | undefined
  readonly scheme?: "x-api-key" | "bearer" | undefined
}

interface Defaults {
  readonly apiUrl: string
  readonly scheme: Scheme
}

type Needs = HttpClient.HttpClient | Scope.Scope

/** The options with our transform in front of the user's, so that the user's sees what comes back. */
const authorized = <O extends ClientOptions>(provider: Provider, options: O, defaults: Defaults): O => {
  const withApiKey = ApiKeyHttpClient.withApiKeyAsRequestError(provider, {
    baseUrl: options.apiUrl ?? defaults.apiUrl,
    scheme: options.scheme ?? defaults.scheme
  })
  const transform = options.transformClient ?? ((client: HttpClient.HttpClient) => client)
  return { ...options, transformClient: (client: HttpClient.HttpClient) => transform(withApiKey(client)) }
}

/** What a package of @effect/ai gives: its client, and the layer of that with the provider of the context. */
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
    make: (provider: Provider, options: O) => Effect.flatMap(module, (module) => makeOf(module, provider, options)),
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
  { apiUrl: "https://api.anthropic.com", scheme: "x-api-key" }
)

const google = define<GoogleClient.GoogleClient, GoogleClient.Service, GoogleOptions, typeof GoogleClient>(
  "@effect/ai-google",
  () => import("@effect/ai-google/GoogleClient"),
  (module) => module.GoogleClient,
  { apiUrl: "https://generativelanguage.googleapis.com", scheme: "x-goog-api-key" }
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
 * The client of @effect/ai-openai.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenAi = (
  provider: Provider,
  options: OpenAiOptions = {}
): Effect.Effect<OpenAiClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  openAi.make(provider, options)

/**
 * The client's layer, with the provider of the context. A failing helper is an `AiError` with the typed error as its cause:
 * `ApiKeyError.fromCause` finds it.
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
 *   Layer.provide([FetchHttpClient.layer, HelperExecutor.layerNode])
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
 * The client of @effect/ai-anthropic.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAnthropic = (
  provider: Provider,
  options: AnthropicOptions = {}
): Effect.Effect<AnthropicClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  anthropic.make(provider, options)

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAnthropic = (
  options: AnthropicOptions = {}
): Layer.Layer<AnthropicClient.AnthropicClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  anthropic.layer(options)

/**
 * The client of @effect/ai-google.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeGoogle = (
  provider: Provider,
  options: GoogleOptions = {}
): Effect.Effect<GoogleClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  google.make(provider, options)

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerGoogle = (
  options: GoogleOptions = {}
): Layer.Layer<GoogleClient.GoogleClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  google.layer(options)

/**
 * The client of @effect/ai-openrouter.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenRouter = (
  provider: Provider,
  options: OpenRouterOptions = {}
): Effect.Effect<OpenRouterClient.Service, ConfigInvalid, HttpClient.HttpClient | Scope.Scope> =>
  openRouter.make(provider, options)

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOpenRouter = (
  options: OpenRouterOptions = {}
): Layer.Layer<OpenRouterClient.OpenRouterClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  openRouter.layer(options)
