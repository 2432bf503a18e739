/**
 * The official `@anthropic-ai/sdk` client, with a fresh key or bearer token in every request.
 *
 * @since 0.1.0
 */

import Anthropic, { type ClientOptions } from "@anthropic-ai/sdk"
import * as Context from "effect/Context"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { authorizedFetch } from "../internal/request/fetch.js"
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
export interface Options extends Omit<ClientOptions, "apiKey" | "authToken" | "credentials" | "config" | "profile"> {
  /** `"x-api-key"` for keys (default), `"bearer"` for OAuth and gateway tokens. */
  readonly scheme?: "x-api-key" | "bearer" | undefined
}

/**
 * The `@anthropic-ai/sdk` client.
 *
 * @since 0.1.0
 * @category tags
 */
export class AnthropicClient extends Context.Tag("effect-apikey/sdk/Anthropic")<AnthropicClient, Anthropic>() {}

/**
 * Makes the client. The key goes to the origin of its base URL only. A failing helper's typed error is thrown as it is.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Anthropic from "effect-apikey/sdk/Anthropic"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const client = Anthropic.make(yield* ApiKeyProvider.ApiKeyProvider)
 *   return yield* Effect.tryPromise((signal) => client.models.list({}, { signal }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (provider: Provider, options: Options = {}): Anthropic => makeIn(provider, options)

const makeIn = (
  provider: Provider,
  { scheme = "x-api-key", ...options }: Options,
  runtime = Runtime.defaultRuntime
): Anthropic => {
  const preflight = makePreflight(provider, scheme, runtime)
  const client: Anthropic = new Anthropic({
    ...options,
    ...(scheme === "bearer" ? { authToken: placeholder } : { apiKey: placeholder }),
    middleware: [...(options.middleware ?? []), (...args) => keyFirst(preflight, home, ...args)],
    fetch: (input, init) => fetch(input, init)
  })
  // It may come from the environment, so the client is asked.
  const { baseURL } = client
  const home = originOf(baseURL, "baseURL")
  const fetch = authorizedFetch(
    provider,
    {
      baseUrl: baseURL,
      scheme,
      fetch: options.fetch,
      preflightKey: (init) => preflight.take(init?.signal)
    },
    runtime
  )
  return client
}

/**
 * What a middleware throws goes to the caller as it is; what `fetch` throws would be taken for a network fault. Each try has a
 * signal of its own.
 */
const keyFirst = async (
  preflight: Preflight,
  home: ReturnType<typeof originOf>,
  ...[request, next]: Parameters<Middleware>
): Promise<Response> => {
  Either.getOrThrowWith(home, (error) => error)
  await preflight.get(request.signal, request.signal ?? undefined)
  return next(request)
}

type Middleware = NonNullable<ClientOptions["middleware"]>[number]

/**
 * The client's layer, with the provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<AnthropicClient, never, ApiKeyProvider> =>
  Layer.effect(
    AnthropicClient,
    fromContext((provider, runtime) => makeIn(provider, options, runtime))
  )
