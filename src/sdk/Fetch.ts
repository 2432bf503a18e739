/**
 * A `fetch` that any library takes: every request carries the current key, and one that is refused for it is sent once
 * more with a fresh one.
 *
 * @since 0.1.0
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ApiKeyError } from "../ApiKeyError.js"
import { inCode } from "../internal/model/configInvalid.js"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { fromContext } from "../internal/request/fromContext.js"
import { originOf, warningOnce, withBaseUrl } from "../internal/request/origin.js"
import * as placeholders from "../internal/request/placeholder.js"
import * as authorization from "../internal/request/scheme.js"

/**
 * What a library that insists on a key is given; it is replaced in whichever header holds it. It never leaves the origin.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder: string = placeholders.placeholder

/**
 * Which header carries a key: `"bearer"` and `"basic"` are `Authorization`, `"headers"` those that the key brings along,
 * the others go by their names. A function gives the headers itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Scheme = authorization.Scheme

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends authorization.Authorization {
  /**
   * Which answers mean that the key was refused. Default: 401, 403 with `invalid_token` (RFC 6750) or `ExpiredToken` (AWS),
   * and where the key went as `x-goog-api-key` 400 with `API_KEY_INVALID`. Read a body only from `response.clone()`.
   * Where it throws, that is a `ConfigInvalid`.
   */
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  /** What sends the requests. Default: the global `fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

/**
 * Makes the `fetch`. It rejects with the provider's typed error where there is no key to send, with the signal's own
 * reason when it is aborted, and else with what the `fetch` below it rejects with.
 *
 * Redirects are followed here: none to another origin carries a key. A body that is a stream is sent once.
 *
 * @example
 * ```ts
 * import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Effect from "effect/Effect"
 *
 * export const transport = Effect.map(ApiKeyProvider.ApiKeyProvider, (provider) => {
 *   const url = new URL("https://mcp.example.com/mcp")
 *   return new StreamableHTTPClientTransport(url, { fetch: Fetch.make(provider, { baseUrl: url }) })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (provider: Provider, options: Options): typeof globalThis.fetch =>
  authorizedFetch(provider, withBaseUrl(options))

/**
 * The `fetch` of the provider in the context; its waits for a key go by the clock, the logger and the tracer of the
 * context, too. That a base URL is plain http is a warning of the process, as no request is an Effect.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fetch = (options: Options): Effect.Effect<typeof globalThis.fetch, never, ApiKeyProvider> =>
  fromContext((provider, runtime) => authorizedFetch(provider, withBaseUrl(options), runtime))

/**
 * The headers that carry the current key to a URL, by lower-case name; none for another origin. For what is no `fetch`: a
 * WebSocket's handshake, an MCP client's `requestInit`. `ws:` counts as `http:`, `wss:` as `https:`. Ask for each connection.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Effect from "effect/Effect"
 * import { WebSocket } from "ws"
 *
 * export const connect = Effect.gen(function* () {
 *   const provider = yield* ApiKeyProvider.ApiKeyProvider
 *   const url = "wss://api.openai.com/v1/realtime"
 *   const headers = yield* Fetch.headers(provider, url, { baseUrl: "https://api.openai.com" })
 *   return new WebSocket(url, { headers })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const headers = (
  provider: Provider,
  url: string | URL,
  options: authorization.Authorization
): Effect.Effect<Readonly<Record<string, string>>, ApiKeyError> =>
  Effect.gen(function* () {
    const { baseUrl, scheme } = withBaseUrl(options)
    const origin = yield* originOf(asHttp(baseUrl))
    const target = asHttp(url)
    if (!URL.canParse(target)) {
      return yield* inCode("`url` is not a URL", 'For example: "wss://api.openai.com/v1/realtime"')
    }
    if (Either.getOrUndefined(originOf(target)) !== origin) return {}
    const warning = warningOnce(origin)
    if (warning !== undefined) yield* Effect.logWarning(warning)
    const key = yield* provider.get
    return Object.fromEntries(yield* authorization.headersFor(key, scheme))
  })

const asHttp = (url: string | URL): string => String(url).replace(/^ws(s?):/i, "http$1:")
