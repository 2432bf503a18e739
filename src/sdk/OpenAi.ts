/**
 * The official `openai` client, with the current key in every request.
 *
 * @since 0.1.0
 */

import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import OpenAI, { type ClientOptions } from "openai"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { fromContext } from "../internal/model/provider.js"
import { originOf } from "../internal/request/origin.js"
import { placeholder } from "../internal/request/placeholder.js"
import { makePreflight } from "../internal/request/preflight.js"
import { fetchOf, keyFirst, noRealtime, openAiError, type Prepared } from "./openAi/client.js"

/**
 * The options of the `openai` client, without its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Options = Omit<ClientOptions, "apiKey" | "adminAPIKey" | "workloadIdentity" | "provider">

/**
 * The client of the `openai` package.
 *
 * @since 0.1.0
 * @category tags
 */
export class OpenAiClient extends Context.Tag("effect-apikey/sdk/OpenAi/OpenAiClient")<OpenAiClient, OpenAI>() {}

/**
 * Makes the client, with the key provider of the context. The key is sent to the origin of the client's base URL only.
 *
 * If there is no key, a request rejects with an `OpenAIError` whose `cause` is the `ApiKeyError` (`ApiKeyError.fromCause`
 * finds it). openai's Realtime classes cannot use this client: docs/guides/openai.md shows what to pass them.
 *
 * @example
 * ```ts
 * import * as OpenAi from "effect-apikey/sdk/OpenAi"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const client = yield* OpenAi.make()
 *   return yield* Effect.tryPromise((signal) => client.models.list({ signal }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<OpenAI, never, ApiKeyProvider> =>
  fromContext((provider, runtime) => makeWith(provider, options, runtime))

/**
 * Makes the client with a key provider that you pass. Waiting for a key uses the clock, logger and tracer of `runtime`; the
 * default is Effect's default runtime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWith = (
  provider: Provider,
  options: Options = {},
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): OpenAI => {
  const preflight = makePreflight(provider, undefined, runtime)
  const client: OpenAI = new (class extends OpenAI {
    // The client sends its name to the server.
    static override readonly name = OpenAI.name
    protected override async prepareOptions(): Promise<void> {
      Either.getOrThrowWith(home, openAiError)
      this.apiKey = placeholder
    }
    protected override async prepareRequest(...[request, context]: Prepared): Promise<void> {
      await super.prepareRequest(request, context)
      await keyFirst(preflight, home, request, context)
    }
    override _callApiKey(): Promise<never> {
      return noRealtime()
    }
  })({
    ...options,
    // A function, because a Realtime class made without `create` would send a string, but refuses a function.
    apiKey: () => Promise.resolve(placeholder),
    // Otherwise the client would take OPENAI_ADMIN_KEY.
    adminAPIKey: placeholder,
    fetch: (input, init) => fetch(input, init)
  })
  const home = originOf(client.baseURL, "baseURL")
  const fetch = fetchOf(client, preflight, provider, { fetch: options.fetch }, runtime)
  return client
}

/**
 * The client as a layer, with the key provider of the context.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as OpenAi from "effect-apikey/sdk/OpenAi"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiLive = OpenAi.layer({ maxRetries: 4 }).pipe(
 *   Layer.provide(ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"] })),
 *   Layer.provide(HelperExecutor.layer)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<OpenAiClient, never, ApiKeyProvider> =>
  Layer.effect(OpenAiClient, make(options))
