/**
 * The OpenAI client of @effect/ai, with a fresh key in every request.
 *
 * @since 0.1.0
 */
import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import type * as HttpClient from "@effect/platform/HttpClient"
import * as Effect from "effect/Effect"
import { identity } from "effect/Function"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import { ApiKeyProvider, type Provider } from "../ApiKeyProvider.js"
import * as ApiKeyHttpClient from "./HttpClient.js"

/**
 * The options of @effect/ai-openai's client, less its key.
 *
 * @since 0.1.0
 * @category models
 */
export type OpenAiOptions = Omit<Parameters<typeof OpenAiClient.make>[0], "apiKey">

const openAiUrl = "https://api.openai.com/v1"

/**
 * @since 0.1.0
 * @category constructors
 */
export const makeOpenAi = (
  provider: Provider,
  options: OpenAiOptions = {}
): Effect.Effect<OpenAiClient.Service, never, HttpClient.HttpClient | Scope.Scope> =>
  OpenAiClient.make({
    ...options,
    transformClient: (client) =>
      (options.transformClient ?? identity)(
        ApiKeyHttpClient.withApiKeyAsRequestError(provider, { baseUrl: options.apiUrl ?? openAiUrl })(client)
      )
  })

/**
 * The client's layer, with the provider of the context.
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
): Layer.Layer<OpenAiClient.OpenAiClient, never, ApiKeyProvider | HttpClient.HttpClient> =>
  Layer.scoped(
    OpenAiClient.OpenAiClient,
    Effect.flatMap(ApiKeyProvider, (provider) => makeOpenAi(provider, options))
  )
