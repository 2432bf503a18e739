/**
 * A `fetch` that any library takes: every request carries the current key, and one that is refused for it is sent once
 * more with a fresh one.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import type { ApiKey } from "../ApiKey.js"
import type { ApiKeyError } from "../ApiKeyError.js"
import { ApiKeyProvider, type Provider } from "../ApiKeyProvider.js"
import { headersFor, isRejectedAnswer, type Scheme } from "../internal/authorization.js"

/**
 * What a library that insists on a key is given; it is replaced in whichever header holds it.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder = "effect-apikey-placeholder"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where the key goes: requests to another origin than this URL's go out without it. */
  readonly baseUrl: string | URL
  /** Which header carries it. Default `"bearer"`. */
  readonly scheme?: Scheme | undefined
  /** Which answers mean that the key was refused. Default: 401, and 403 with `invalid_token`. */
  readonly isRejection?: ((response: Response) => boolean) | undefined
  /** What sends the requests. Default: the global `fetch`, looked up at each request. */
  readonly fetch?: typeof globalThis.fetch | undefined
}

const maxRedirects = 20
const redirectStatuses: ReadonlyArray<number> = [301, 302, 303, 307, 308]

/**
 * Makes the `fetch`. What the provider fails with is what it rejects with.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Fetch from "effect-apikey/sdk/Fetch"
 * import * as Effect from "effect/Effect"
 * import OpenAI from "openai"
 *
 * export const client = Effect.map(ApiKeyProvider.ApiKeyProvider, (provider) => {
 *   const baseURL = "https://api.openai.com/v1"
 *   return new OpenAI({ baseURL, apiKey: Fetch.placeholder, fetch: Fetch.make(provider, { baseUrl: baseURL }) })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (provider: Provider, options: Options): typeof globalThis.fetch => {
  const { origin } = new URL(options.baseUrl)
  const scheme = options.scheme ?? "bearer"
  const isRejection = options.isRejection ?? isRejectedResponse
  const send: typeof globalThis.fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)

  const current = (signal: AbortSignal): Promise<ApiKey> => runPromise(provider.get, signal)

  return async (input, init) => {
    const request = await Template.from(input, init)
    if (request.url.origin !== origin) return send(input, init)
    const key = await current(request.signal)
    const { answer, origin: answeredBy } = await follow(send, request, headersOf(key, scheme), origin)
    // Another origin, where a redirect led, has not seen the key and cannot refuse it.
    if (answeredBy !== origin || !isRejection(answer)) return answer
    await runPromise(provider.reject(key), request.signal)
    if (!request.canBeSentAgain) return answer
    // Without another key the server's answer is the better explanation, so the provider's error is not raised here.
    const next = await current(request.signal).catch(() => undefined)
    if (next === undefined || Equal.equals(next, key)) return answer
    await answer.body?.cancel().catch(() => undefined)
    return (await follow(send, request, headersOf(next, scheme), origin)).answer
  }
}

/**
 * The `fetch` of the provider in the context.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fetch = (options: Options): Effect.Effect<typeof globalThis.fetch, never, ApiKeyProvider> =>
  Effect.map(ApiKeyProvider, (provider) => make(provider, options))

const isRejectedResponse = (response: Response): boolean =>
  isRejectedAnswer({ status: response.status, header: (name) => response.headers.get(name) ?? undefined })

const headersOf = (key: ApiKey, scheme: Scheme): ReadonlyMap<string, string> =>
  Either.getOrThrowWith(headersFor(key, scheme), (error) => error)

/** What the caller sees is the typed error itself, or its own reason for aborting. */
const runPromise = async <A>(effect: Effect.Effect<A, ApiKeyError>, signal: AbortSignal): Promise<A> => {
  signal.throwIfAborted()
  const exit = await Effect.runPromiseExit(effect, { signal })
  if (Exit.isSuccess(exit)) return exit.value
  if (signal.aborted) throw signal.reason
  throw Cause.squash(exit.cause)
}

/** A request that can be made more than once, as far as its body allows. */
class Template {
  private constructor(
    readonly url: URL,
    readonly init: RequestInit,
    readonly headers: Headers,
    readonly signal: AbortSignal,
    readonly canBeSentAgain: boolean
  ) {}

  static async from(input: string | URL | Request, init: RequestInit | undefined): Promise<Template> {
    if (!(input instanceof Request)) {
      const signal = init?.signal ?? new AbortController().signal
      return new Template(new URL(input), { ...init }, new Headers(init?.headers), signal, !isStream(init?.body))
    }
    const request = new Request(input, init)
    const body = request.body === null ? undefined : await request.arrayBuffer()
    const { method, redirect, credentials, cache, mode, referrer, referrerPolicy, integrity, keepalive } = request
    return new Template(
      new URL(request.url),
      {
        method,
        redirect,
        credentials,
        cache,
        mode,
        referrer,
        referrerPolicy,
        integrity,
        keepalive,
        signal: request.signal,
        ...(body === undefined ? {} : { body })
      },
      new Headers(request.headers),
      request.signal,
      true
    )
  }
}

const isStream = (body: unknown): boolean =>
  typeof body === "object" && body !== null && (Symbol.asyncIterator in body || body instanceof ReadableStream)

/** Sends with the key's headers, and follows redirects itself: one to another origin carries no key. */
const follow = async (
  send: typeof globalThis.fetch,
  { url, init, headers, canBeSentAgain }: Template,
  keyHeaders: ReadonlyMap<string, string>,
  origin: string
): Promise<{ readonly answer: Response; readonly origin: string }> => {
  let target = url
  let { method = "GET", body } = init
  const own = new Headers(headers)
  // Whatever stands for a key in the library's own headers must not go out beside the real one.
  for (const [name, value] of headers) if (value.includes(placeholder)) own.delete(name)
  for (let hop = 0; ; hop++) {
    const sent = new Headers(own)
    if (target.origin === origin) for (const [name, value] of keyHeaders) sent.set(name, value)
    const manual = (init.redirect ?? "follow") === "follow"
    const answer = await send(target.href, {
      ...init,
      method,
      headers: sent,
      ...(body === undefined ? {} : { body }),
      ...(manual ? { redirect: "manual" } : {})
    })
    const location = answer.headers.get("location")
    const end = { answer, origin: target.origin }
    if (!manual || location === null || !redirectStatuses.includes(answer.status)) return end
    const next = new URL(location, target)
    const becomesGet = answer.status === 303 ? method !== "HEAD" : answer.status < 303 && method === "POST"
    if (hop >= maxRedirects || (!becomesGet && !canBeSentAgain && body != null)) return end
    await answer.body?.cancel().catch(() => undefined)
    if (becomesGet) {
      method = "GET"
      body = undefined
      for (const name of [
        "content-type",
        "content-length",
        "content-encoding",
        "content-language",
        "content-location"
      ]) {
        own.delete(name)
      }
    }
    if (next.origin !== origin) for (const name of ["authorization", "cookie", "proxy-authorization"]) own.delete(name)
    target = next
  }
}
