/**
 * The official `@anthropic-ai/sdk` client, with the current key or bearer token in every request.
 *
 * @since 0.1.0
 */

import Anthropic, { type ClientOptions } from "@anthropic-ai/sdk"
import * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { fromContext } from "../internal/model/provider.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { originOf } from "../internal/request/origin.js"
import { placeholder } from "../internal/request/placeholder.js"
import { makePreflight, type Preflight } from "../internal/request/preflight.js"

/**
 * The options of the `@anthropic-ai/sdk` client, without its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Omit<ClientOptions, "apiKey" | "authToken" | "credentials" | "config" | "profile"> {
  /** Default: `{ header: "x-api-key" }`, for keys. Use `"bearer"` for OAuth and gateway tokens. */
  readonly scheme?: "bearer" | { readonly header: string } | undefined
}

/**
 * The client of the `@anthropic-ai/sdk` package.
 *
 * @since 0.1.0
 * @category tags
 */
export class AnthropicClient extends Context.Tag("effect-apikey/sdk/Anthropic/AnthropicClient")<
  AnthropicClient,
  Anthropic
>() {}

/**
 * Makes the client, with the key provider of the context. The key is sent to the origin of the client's base URL only. If
 * there is no key, a request rejects with the `ApiKeyError` itself.
 *
 * @example
 * ```ts
 * import * as Anthropic from "effect-apikey/sdk/Anthropic"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const client = yield* Anthropic.make()
 *   return yield* Effect.tryPromise((signal) => client.models.list({}, { signal }))
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options = {}): Effect.Effect<Anthropic, never, ApiKeyProvider> =>
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
  { scheme = { header: "x-api-key" }, ...options }: Options = {},
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): Anthropic => {
  const preflight = makePreflight(provider, scheme, runtime)
  const client: Anthropic = new Anthropic({
    ...options,
    ...(scheme === "bearer" ? { authToken: placeholder } : { apiKey: placeholder }),
    middleware: [...(options.middleware ?? []), (...args) => keyFirst(preflight, home, ...args)],
    fetch: (input, init) => fetch(input, init)
  })
  // The base URL is read from the client, because it may come from the environment.
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
 * Gets the key in a middleware, whose errors reach the caller unchanged. The client would treat an error of `fetch` as a network
 * fault. Each try has its own signal.
 */
const keyFirst = async (
  preflight: Preflight,
  home: ReturnType<typeof originOf>,
  ...[request, next]: Parameters<Middleware>
): Promise<Response> => {
  const origin = Either.getOrThrowWith(home, (error) => error)
  await preflight.get(request.signal, origin, request.signal ?? undefined)
  return next(request)
}

type Middleware = NonNullable<ClientOptions["middleware"]>[number]

/**
 * The client as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options = {}): Layer.Layer<AnthropicClient, never, ApiKeyProvider> =>
  Layer.effect(AnthropicClient, make(options))
