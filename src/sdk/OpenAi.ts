/**
 * The official `openai` client, with a fresh key in every request.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import OpenAI, { AzureOpenAI, type ClientOptions } from "openai"
import { ApiKeyProvider, type Provider } from "../ApiKeyProvider.js"
import { placeholder } from "../internal/authorization.js"
import { authorizedFetch } from "../internal/authorizedFetch.js"
import { peekOf } from "../internal/peek.js"

/**
 * The client's own options, less everything that is a credential.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Omit<ClientOptions, "apiKey" | "adminAPIKey" | "workloadIdentity" | "provider">

/**
 * The Azure client's own options, less everything that is a credential.
 *
 * @since 0.1.0
 * @category models
 */
export type AzureOptions = Omit<
  NonNullable<ConstructorParameters<typeof AzureOpenAI>[0]>,
  "apiKey" | "adminAPIKey" | "workloadIdentity" | "azureADTokenProvider"
>

/**
 * The `openai` client.
 *
 * @since 0.1.0
 * @category tags
 */
export class OpenAi extends Context.Tag("effect-apikey/sdk/OpenAi")<OpenAi, OpenAI>() {}

/**
 * Makes the client. The key goes to the origin of its base URL only. A failing helper is an `OpenAIError` with the typed
 * error as its `cause` (`ApiKeyError.fromCause` finds it).
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as OpenAi from "effect-apikey/sdk/OpenAi"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const client = OpenAi.make(yield* ApiKeyProvider.ApiKeyProvider)
 *   return yield* Effect.tryPromise((signal) => client.models.list({ signal }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (provider: Provider, options: Options = {}): OpenAI =>
  makeIn(Runtime.defaultRuntime, provider, options)

const makeIn = (runtime: Runtime.Runtime<never>, provider: Provider, options: Options): OpenAI => {
  const client: OpenAI = new OpenAI({
    ...options,
    apiKey: placeholderUnlessFailing(provider, runtime),
    fetch: (input, init) => fetch(input, init)
  })
  // The base URL may come from the environment, so the client is asked.
  const fetch = authorizedFetch(provider, { baseUrl: client.baseURL, fetch: options.fetch }, runtime)
  return client
}

/**
 * Makes the client for Azure; the key goes as `api-key`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAzure = (provider: Provider, options: AzureOptions): AzureOpenAI => {
  const client: AzureOpenAI = new AzureOpenAI({
    ...options,
    apiKey: placeholder,
    fetch: (input, init) => fetch(input, init)
  })
  const fetch = authorizedFetch(provider, { baseUrl: client.baseURL, fetch: options.fetch })
  return client
}

/**
 * The client takes what its `fetch` rejects with for a network fault, and tries again; before each try it asks here. The
 * wait for a key is not here, because here there is no signal.
 */
const placeholderUnlessFailing = (provider: Provider, runtime: Runtime.Runtime<never>): (() => Promise<string>) => {
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  return async () => {
    if (peek(clock.unsafeCurrentTimeMillis()) !== undefined) return placeholder
    const { hardExpiry, lastFailure, nextTry, state } = Runtime.runSync(runtime)(provider.status)
    if (state === "failing" && Option.isSome(lastFailure) && Option.isSome(nextTry) && Option.isNone(hardExpiry)) {
      throw lastFailure.value
    }
    return placeholder
  }
}

/**
 * The client's layer, with the provider of the context.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as OpenAi from "effect-apikey/sdk/OpenAi"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiLive = OpenAi.layer({ maxRetries: 4 }).pipe(
 *   Layer.provide(ApiKeyProvider.layerCommand({ command: ["op", "read", "op://Private/OpenAI/api-key"] })),
 *   Layer.provide(HelperExecutor.layerNode)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<OpenAi, never, ApiKeyProvider> =>
  Layer.effect(
    OpenAi,
    Effect.flatMap(ApiKeyProvider, (provider) =>
      Effect.map(Effect.runtime<never>(), (runtime) => makeIn(runtime, provider, options))
    )
  )
