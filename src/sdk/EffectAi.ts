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
}

/** The options with our transform in front of the user's, so that the user's sees what comes back. */
const authorized = <O extends ClientOptions>(
  provider: Provider,
  options: O,
  defaults: { readonly apiUrl: string; readonly scheme: Scheme }
): O => {
  const withApiKey = ApiKeyHttpClient.withApiKeyAsRequestError(provider, {
    baseUrl: options.apiUrl ?? defaults.apiUrl,
    scheme: defaults.scheme
  })
  const transform = options.transformClient ?? ((client: HttpClient.HttpClient) => client)
  return { ...options, transformClient: (client: HttpClient.HttpClient) => transform(withApiKey(client)) }
}

const layerOf = <Id, S, M>(
  load: Effect.Effect<M, ConfigInvalid>,
  tag: (module: M) => Context.Tag<Id, S>,
  make: (module: M, provider: Provider) => Effect.Effect<S, never, HttpClient.HttpClient | Scope.Scope>
): Layer.Layer<Id, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  Layer.unwrapEffect(
    Effect.map(load, (module) =>
      Layer.scoped(
        tag(module),
        Effect.flatMap(ApiKeyProvider, (provider) => make(module, provider))
      )
    )
  )

// --- OpenAI

const loadOpenAi = loadOptionalPackage("@effect/ai-openai", () => import("@effect/ai-openai/OpenAiClient"))

const openAiWith = (module: typeof OpenAiClient, provider: Provider, options: OpenAiOptions) =>
  module.make(authorized(provider, options, { apiUrl: "https://api.openai.com/v1", scheme: "bearer" }))

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
  Effect.flatMap(loadOpenAi, (module) => openAiWith(module, provider, options))

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
 *   Layer.provide(ApiKeyProvider.layerCommand({ command: ["op", "read", "op://Private/OpenAI/api-key"] })),
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
  layerOf(
    loadOpenAi,
    (module) => module.OpenAiClient,
    (module, provider) => openAiWith(module, provider, options)
  )

// --- Anthropic

const loadAnthropic = loadOptionalPackage("@effect/ai-anthropic", () => import("@effect/ai-anthropic/AnthropicClient"))

const anthropicWith = (
  module: typeof AnthropicClient,
  provider: Provider,
  { scheme = "x-api-key", ...options }: AnthropicOptions
) => module.make(authorized(provider, options, { apiUrl: "https://api.anthropic.com", scheme }))

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
  Effect.flatMap(loadAnthropic, (module) => anthropicWith(module, provider, options))

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAnthropic = (
  options: AnthropicOptions = {}
): Layer.Layer<AnthropicClient.AnthropicClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  layerOf(
    loadAnthropic,
    (module) => module.AnthropicClient,
    (module, provider) => anthropicWith(module, provider, options)
  )

// --- Google

const loadGoogle = loadOptionalPackage("@effect/ai-google", () => import("@effect/ai-google/GoogleClient"))

const googleWith = (module: typeof GoogleClient, provider: Provider, options: GoogleOptions) =>
  module.make(
    authorized(provider, options, { apiUrl: "https://generativelanguage.googleapis.com", scheme: "x-goog-api-key" })
  )

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
  Effect.flatMap(loadGoogle, (module) => googleWith(module, provider, options))

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerGoogle = (
  options: GoogleOptions = {}
): Layer.Layer<GoogleClient.GoogleClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  layerOf(
    loadGoogle,
    (module) => module.GoogleClient,
    (module, provider) => googleWith(module, provider, options)
  )

// --- OpenRouter

const loadOpenRouter = loadOptionalPackage(
  "@effect/ai-openrouter",
  () => import("@effect/ai-openrouter/OpenRouterClient")
)

const openRouterWith = (module: typeof OpenRouterClient, provider: Provider, options: OpenRouterOptions) =>
  module.make(authorized(provider, options, { apiUrl: "https://openrouter.ai/api/v1", scheme: "bearer" }))

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
  Effect.flatMap(loadOpenRouter, (module) => openRouterWith(module, provider, options))

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerOpenRouter = (
  options: OpenRouterOptions = {}
): Layer.Layer<OpenRouterClient.OpenRouterClient, ConfigInvalid, ApiKeyProvider | HttpClient.HttpClient> =>
  layerOf(
    loadOpenRouter,
    (module) => module.OpenRouterClient,
    (module, provider) => openRouterWith(module, provider, options)
  )
