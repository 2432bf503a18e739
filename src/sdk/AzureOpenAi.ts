/**
 * The official `openai` package's client for Azure, with the current key or token in every request.
 *
 * @since 0.1.0
 */

import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import { AzureOpenAI } from "openai"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { fromContext } from "../internal/model/provider.js"
import { originOf } from "../internal/request/origin.js"
import { placeholder } from "../internal/request/placeholder.js"
import { makePreflight } from "../internal/request/preflight.js"
import { fetchOf, keyFirst, noRealtime, openAiError, type Prepared } from "./openAi/client.js"

/**
 * The options of `AzureOpenAI`, without its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options
  extends Omit<
    NonNullable<ConstructorParameters<typeof AzureOpenAI>[0]>,
    "apiKey" | "adminAPIKey" | "workloadIdentity" | "azureADTokenProvider"
  > {
  /** Default: `{ header: "api-key" }`, for keys. Use `"bearer"` for tokens of Entra ID (`az account get-access-token`). */
  readonly scheme?: "bearer" | { readonly header: string } | undefined
}

/**
 * The `AzureOpenAI` client of the `openai` package.
 *
 * @since 0.1.0
 * @category tags
 */
export class AzureOpenAiClient extends Context.Tag("effect-apikey/sdk/AzureOpenAi/AzureOpenAiClient")<
  AzureOpenAiClient,
  AzureOpenAI
>() {}

/**
 * Makes the client, with the key provider of the context. The key is sent to the origin of the client's base URL only.
 *
 * If there is no key, a request rejects with an `OpenAIError` whose `cause` is the `ApiKeyError` (`ApiKeyError.fromCause`
 * finds it). openai's Realtime classes cannot use this client: docs/guides/openai.md shows what to pass them.
 *
 * @example
 * ```ts
 * import * as AzureOpenAi from "effect-apikey/sdk/AzureOpenAi"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const client = yield* AzureOpenAi.make({ endpoint: "https://example.openai.azure.com", apiVersion: "2024-10-21" })
 *   return yield* Effect.tryPromise((signal) => client.models.list({ signal }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<AzureOpenAI, never, ApiKeyProvider> =>
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
  { scheme = { header: "api-key" }, ...options }: Options,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): AzureOpenAI => {
  const preflight = makePreflight(provider, scheme, runtime)
  const client: AzureOpenAI = new (class extends AzureOpenAI {
    static override readonly name = AzureOpenAI.name
    protected override async prepareOptions(): Promise<void> {
      Either.getOrThrowWith(home, openAiError)
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
    apiKey: placeholder,
    // Otherwise the client would take OPENAI_ADMIN_KEY.
    adminAPIKey: null,
    fetch: (input, init) => fetch(input, init)
  })
  const home = originOf(client.baseURL, "baseURL")
  const fetch = fetchOf(client, preflight, provider, { scheme, fetch: options.fetch }, runtime)
  return client
}

/**
 * The client as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<AzureOpenAiClient, never, ApiKeyProvider> =>
  Layer.effect(AzureOpenAiClient, make(options))
