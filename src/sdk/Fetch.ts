/**
 * A `fetch` for any library: every request carries the current key. If the server rejects the key, the request is sent once
 * more with a new key.
 *
 * @since 0.1.0
 */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ApiKeyError } from "../ApiKeyError.js"
import { inCode } from "../internal/model/options.js"
import { ApiKeyProvider, atOrigin, fromContext, type Provider } from "../internal/model/provider.js"
import type * as refusal from "../internal/model/refusal.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { originOf, warningOnce, withBaseUrl } from "../internal/request/origin.js"
import * as placeholders from "../internal/request/placeholder.js"
import * as authorization from "../internal/request/scheme.js"

/**
 * Give this to a library that requires a key. In requests to the origin of `baseUrl` the key replaces it, in whichever
 * header holds it. It is never sent.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder: string = placeholders.placeholder

/**
 * How a key is sent:
 *
 * - `"bearer"`: `Authorization: Bearer KEY`.
 * - `"basic"`: `Authorization: Basic`, with the key's `username` (empty if it has none) and the key.
 * - `"headers"`: the headers that the helper printed with the key.
 * - `{ header: "x-api-key" }`: the key alone, in this header.
 * - A `Signer`: the headers that a function makes.
 *
 * An unknown scheme or an invalid header name fails each request with `ConfigInvalid`.
 *
 * @since 0.1.0
 * @category models
 */
export type Scheme = authorization.Scheme

/**
 * Makes the headers that carry a key, or a signature made with it, for one request. It is called each time that a request is
 * sent. Its headers replace the request's own of the same names and those that hold the placeholder.
 *
 * If it throws or rejects, the request fails with `ConfigInvalid`, which does not quote the error. If it returns no headers,
 * or a value that no header can carry, the request fails with `InvalidOutput`.
 *
 * @example
 * ```ts
 * import { createHmac } from "node:crypto"
 * import type * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Redacted from "effect/Redacted"
 *
 * export const signer: Fetch.Signer = (key, { method, url }) => {
 *   const hmac = createHmac("sha256", Redacted.value(key.value))
 *   return { "x-signature": hmac.update(`${method} ${url.pathname}`).digest("hex") }
 * }
 * ```
 *
 * @since 0.1.0
 * @category models
 */
export type Signer = authorization.Signer

/**
 * What a `Signer` sees of a request. `headers` is a copy. `body` is what the library gave: a string, bytes, a `FormData`, a
 * stream; `undefined` if the request has none.
 *
 * @since 0.1.0
 * @category models
 */
export type SignableRequest = authorization.SignableRequest

/**
 * The destination of the key, and how requests are sent.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends authorization.Authorization {
  /** Which responses, beside the known ones, mean that the server rejected the key. */
  readonly refusedWhen?: refusal.RefusedWhen | undefined
  /**
   * Which responses mean that the server rejected the key, instead of the known ones and of `refusedWhen`. The known ones are
   * in docs/guides/fetch-and-promise.md: 401, and what vendors answer in its place.
   *
   * Read the body only from `response.clone()`. If the function throws, the request rejects with `ConfigInvalid`.
   */
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  /** Sends the requests. Default: the global `fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * A `fetch` that carries the current key.
 *
 * @since 0.1.0
 * @category tags
 */
export class FetchClient extends Context.Tag("effect-apikey/sdk/Fetch/FetchClient")<
  FetchClient,
  typeof globalThis.fetch
>() {}

/**
 * Makes the `fetch`, with the key provider of the context.
 *
 * It rejects with the provider's `ApiKeyError` if there is no key to send, and with the signal's reason after an abort. Other
 * errors are those of the underlying `fetch`.
 *
 * It follows redirects itself, so that no key is sent to another origin. It cannot send a body that is a stream again.
 *
 * @example
 * ```ts
 * import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
 * import * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Effect from "effect/Effect"
 *
 * const url = new URL("https://mcp.example.com/mcp")
 *
 * export const transport = Effect.map(
 *   Fetch.make({ baseUrl: url }),
 *   (fetch) => new StreamableHTTPClientTransport(url, { fetch })
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Options): Effect.Effect<typeof globalThis.fetch, never, ApiKeyProvider> =>
  fromContext((provider, runtime) => makeWith(provider, options, runtime))

/**
 * Makes the `fetch` with a key provider that you pass. Waiting for a key uses the clock, logger and tracer of `runtime`; the
 * default is Effect's default runtime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWith = (
  provider: Provider,
  options: Options,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): typeof globalThis.fetch => authorizedFetch(provider, withBaseUrl(options), runtime)

/**
 * The `fetch` as a layer, with the key provider of the context.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (options: Options): Layer.Layer<FetchClient, never, ApiKeyProvider> =>
  Layer.effect(FetchClient, make(options))

/**
 * The headers that carry the current key to a URL, by lower-case name; no headers for another origin than `baseUrl`'s.
 *
 * For connections that are not made by `fetch`: a WebSocket's handshake, an MCP client's `requestInit`. Call it again for each
 * connection. `ws:` counts as `http:`, and `wss:` as `https:`.
 *
 * Fails with the provider's `ApiKeyError`, and with `ConfigInvalid` if a URL is not valid.
 *
 * @example
 * ```ts
 * import * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Effect from "effect/Effect"
 * import { WebSocket } from "ws"
 *
 * export const connect = Effect.gen(function* () {
 *   const url = "wss://api.openai.com/v1/realtime"
 *   const headers = yield* Fetch.headers(url, { baseUrl: "https://api.openai.com" })
 *   return new WebSocket(url, { headers })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const headers = (
  url: string | URL,
  options: authorization.Authorization
): Effect.Effect<Readonly<Record<string, string>>, ApiKeyError, ApiKeyProvider> =>
  Effect.flatMap(ApiKeyProvider, (provider) => headersWith(provider, url, options))

/**
 * The headers that carry the current key of a provider that you pass.
 *
 * @since 0.1.0
 * @category constructors
 */
export const headersWith: (
  provider: Provider,
  url: string | URL,
  options: authorization.Authorization
) => Effect.Effect<Readonly<Record<string, string>>, ApiKeyError> = Effect.fnUntraced(
  function* (provider, url, options) {
    const { baseUrl, scheme } = withBaseUrl(options)
    const origin = yield* originOf(asHttp(baseUrl))
    const target = asHttp(url)
    if (!URL.canParse(target)) {
      return yield* inCode("`url` is not a URL", 'For example: "wss://api.openai.com/v1/realtime"')
    }
    if (Either.getOrUndefined(originOf(target)) !== origin) return {}
    const warning = warningOnce(origin)
    if (warning !== undefined) yield* Effect.logWarning(warning)
    const key = yield* atOrigin(provider.get, origin)
    return Object.fromEntries(
      yield* authorization.isSigner(scheme)
        ? authorization.signedHeaders(key, scheme, {
            url: new URL(target),
            method: "GET",
            headers: new Headers(),
            body: undefined
          })
        : authorization.headersFor(key, scheme)
    )
  }
)

const asHttp = (url: string | URL): string => String(url).replace(/^ws(s?):/i, "http$1:")
