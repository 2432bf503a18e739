/**
 * The official `openai` client, with a fresh key in every request.
 *
 * @since 0.1.0
 */

import * as Context from "effect/Context"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import OpenAI, { AzureOpenAI, type ClientOptions } from "openai"
import { type ApiKeyError, isApiKeyError } from "../ApiKeyError.js"
import { inCode } from "../internal/model/configInvalid.js"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { type AuthorizedFetchOptions, authorizedFetch } from "../internal/request/fetch.js"
import { fromContext } from "../internal/request/fromContext.js"
import { originOf } from "../internal/request/origin.js"
import { placeholder } from "../internal/request/placeholder.js"
import { makePreflight, type Preflight } from "../internal/request/preflight.js"

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
export interface AzureOptions
  extends Omit<
    NonNullable<ConstructorParameters<typeof AzureOpenAI>[0]>,
    "apiKey" | "adminAPIKey" | "workloadIdentity" | "azureADTokenProvider"
  > {
  /** `"api-key"` for keys (default), `"bearer"` for tokens of Entra ID (`az account get-access-token`). */
  readonly scheme?: "api-key" | "bearer" | undefined
}

/**
 * The `openai` client.
 *
 * @since 0.1.0
 * @category tags
 */
export class OpenAi extends Context.Tag("effect-apikey/sdk/OpenAi")<OpenAi, OpenAI>() {}

/**
 * Makes the client. The key goes to the origin of its base URL only. A failing helper is an `OpenAIError` with the typed
 * error as its `cause` (`ApiKeyError.fromCause` finds it). openai's Realtime classes cannot use the client: docs/sdk.md has what
 * they take.
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
export const make = (provider: Provider, options: Options = {}): OpenAI => makeIn(provider, options)

const makeIn = (provider: Provider, options: Options, runtime = Runtime.defaultRuntime): OpenAI => {
  const preflight = makePreflight(provider, undefined, runtime)
  const client: OpenAI = new (class extends OpenAI {
    // The client tells it to the server.
    static override readonly name = OpenAI.name
    protected override async prepareOptions(): Promise<void> {
      Either.getOrThrowWith(home, openAiError)
      this.apiKey = placeholder
    }
    protected override async prepareRequest(...[request, context]: Prepared): Promise<void> {
      await super.prepareRequest(request, context)
      await keyFirst(preflight, request, context)
    }
    override _callApiKey(): Promise<never> {
      return noRealtime()
    }
  })({
    ...options,
    // Not a text: a Realtime class that is made without `create` refuses a function, and would send a text.
    apiKey: () => Promise.resolve(placeholder),
    // Else it would be OPENAI_ADMIN_KEY's.
    adminAPIKey: placeholder,
    fetch: (input, init) => fetch(input, init)
  })
  const home = originOf(client.baseURL, "baseURL")
  const fetch = fetchOf(client, preflight, provider, { fetch: options.fetch }, runtime)
  return client
}

/**
 * Makes the client for Azure; the key goes as `api-key`, or as a bearer token.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeAzure = (provider: Provider, options: AzureOptions): AzureOpenAI => makeAzureIn(provider, options)

const makeAzureIn = (
  provider: Provider,
  { scheme = "api-key", ...options }: AzureOptions,
  runtime = Runtime.defaultRuntime
): AzureOpenAI => {
  const preflight = makePreflight(provider, scheme, runtime)
  const client: AzureOpenAI = new (class extends AzureOpenAI {
    static override readonly name = AzureOpenAI.name
    protected override async prepareOptions(): Promise<void> {
      Either.getOrThrowWith(home, openAiError)
    }
    protected override async prepareRequest(...[request, context]: Prepared): Promise<void> {
      await super.prepareRequest(request, context)
      await keyFirst(preflight, request, context)
    }
    override _callApiKey(): Promise<never> {
      return noRealtime()
    }
  })({
    ...options,
    apiKey: placeholder,
    // Else it would be OPENAI_ADMIN_KEY's.
    adminAPIKey: null,
    fetch: (input, init) => fetch(input, init)
  })
  const home = originOf(client.baseURL, "baseURL")
  const fetch = fetchOf(client, preflight, provider, { scheme, fetch: options.fetch }, runtime)
  return client
}

const fetchOf = (
  client: OpenAI,
  preflight: Preflight,
  provider: Provider,
  options: Pick<AuthorizedFetchOptions, "scheme" | "fetch">,
  runtime: Runtime.Runtime<never>
): typeof globalThis.fetch =>
  authorizedFetch(
    provider,
    // The base URL may come from the environment, so the client is asked.
    { ...options, baseUrl: client.baseURL, preflightKey: (init) => preflight.take(init?.headers) },
    runtime
  )

type FinalOptions = Awaited<Parameters<OpenAI["request"]>[0]>
type Prepared = [request: RequestInit, context: { readonly url: string; readonly options: FinalOptions }]

/**
 * The client takes what its `fetch` rejects with for a network fault, and tries again; what fails before a try goes to the
 * caller. Each try has headers of its own.
 */
const keyFirst = async (preflight: Preflight, ...[{ headers }, { options }]: Prepared): Promise<void> => {
  const { signal } = options
  try {
    await preflight.get(headers, signal ?? undefined)
  } catch (error) {
    if (isApiKeyError(error)) throw openAiError(error)
    // An abort: the client has an error of its own for it.
    if (signal?.aborted !== true) throw error
  }
}

const openAiError = (error: ApiKeyError, message = error.message): Error =>
  Object.assign(new OpenAI.OpenAIError(message), { cause: error })

/** The Realtime classes would take the key out of the client and keep it; nobody else asks the client for it. */
const noRealtime = async (): Promise<never> => {
  const error = inCode(
    "openai's Realtime classes take the key itself, which this client does not hold",
    "Give them a client of their own for each connection, `new OpenAI({ apiKey })` with the current key; for Azure, the headers."
  )
  throw openAiError(error, `${error.message}. ${error.hint}`)
}

/**
 * The Azure client, as its layer gives it.
 *
 * @since 0.1.0
 * @category tags
 */
export class AzureOpenAi extends Context.Tag("effect-apikey/sdk/AzureOpenAi")<AzureOpenAi, AzureOpenAI>() {}

/**
 * The Azure client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAzure = (options: AzureOptions): Layer.Layer<AzureOpenAi, never, ApiKeyProvider> =>
  Layer.effect(
    AzureOpenAi,
    fromContext((provider, runtime) => makeAzureIn(provider, options, runtime))
  )

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
 *   Layer.provide(ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"] })),
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
    fromContext((provider, runtime) => makeIn(provider, options, runtime))
  )
