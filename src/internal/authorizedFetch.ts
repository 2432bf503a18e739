/**
 * The `fetch` behind every seam that takes one: the current key in each request, one more try with another key when it was
 * refused, redirects followed here so that no key leaves its origin. Promises only: libraries call it, not Effects.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../ApiKey.js"
import { type ConfigInvalid, isApiKeyError } from "../ApiKeyError.js"
import type { Provider } from "../ApiKeyProvider.js"
import {
  type Answer,
  bodyRule,
  configInvalid,
  credentialHeaders,
  headersFor,
  isRejectedAnswer,
  originOf,
  placeholder,
  type Scheme,
  warningOnce
} from "./authorization.js"
import { peekOf } from "./peek.js"
import { runPromise } from "./runPromise.js"

type Fetch = typeof globalThis.fetch

export interface AuthorizedFetchOptions {
  /** None: the origin of the first request that holds the placeholder, for SDKs that do not tell their base URL. */
  readonly baseUrl: string | URL | undefined
  readonly scheme?: Scheme | undefined
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  readonly fetch?: Fetch | undefined
  /** Puts the key in where headers are not enough (a signature). */
  readonly authorize?: ((key: ApiKey, request: SignableRequest) => Promise<Headers>) | undefined
}

/** What is about to be sent, as far as a signature covers it. */
export interface SignableRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: unknown
}

const maxRedirects = 20
const redirectStatuses: ReadonlyArray<number> = [301, 302, 303, 307, 308]
const bodyHeaders: ReadonlyArray<string> = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type"
]
/** More of a refusal's body is not looked at. */
const maxPeekedBytes = 64 * 1024

export const authorizedFetch = (
  provider: Provider,
  options: AuthorizedFetchOptions,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): Fetch => {
  const send: Fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  let origin: Either.Either<string, ConfigInvalid> | undefined =
    options.baseUrl === undefined ? undefined : originOf(options.baseUrl)

  const hit = (): ApiKey | undefined => peek(clock.unsafeCurrentTimeMillis())
  const get = (signal: AbortSignal | undefined): Promise<ApiKey> => runPromise(runtime, provider.get, signal)
  /** Without another key the server's answer is the better explanation, so the provider's error is not raised here. */
  const getAnother = async (refused: ApiKey, signal: AbortSignal | undefined): Promise<ApiKey | undefined> => {
    try {
      await runPromise(runtime, provider.reject(refused), signal)
      const key = hit() ?? (await get(signal))
      return Equal.equals(key, refused) ? undefined : key
    } catch (error) {
      if (isApiKeyError(error)) return undefined
      throw error
    }
  }

  const authorize = async (key: ApiKey, template: Template): Promise<Sending> => {
    const held = template.held
    if (options.authorize !== undefined) {
      const headers = await options.authorize(key, { ...template, headers: new Headers(template.headers) })
      return {
        headers,
        names: Array.from(headers.keys()).filter((name) => !template.headers.has(name)),
        rule: nothingSent
      }
    }
    const made = Either.getOrThrowWith(headersFor(key, options.scheme, held), (error) => error)
    const headers = new Headers(template.headers)
    // Whatever stands for a key in the library's own headers must not go out beside the real one.
    for (const [name] of held) headers.delete(name)
    for (const [name, value] of made) headers.set(name, value)
    return { headers, names: Array.from(made.keys()), rule: made }
  }

  const isRejection = async (answer: Response, { rule }: Sending): Promise<boolean> => {
    if (options.isRejection !== undefined) return options.isRejection(answer)
    if (answer.ok) return false
    const said = answerOf(answer)
    if (isRejectedAnswer(said)) return true
    const inBody = bodyRule(said, rule)
    return inBody === undefined ? false : inBody.test(await peekText(answer))
  }

  return async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const held = holding(headers)
    if (origin === undefined && held.length > 0) origin = Either.right(url.origin)
    if (origin !== undefined && Either.isLeft(origin)) throw origin.left
    if (url.origin !== origin?.right) return send(...withoutPlaceholder(input, init, url, headers, held))
    const warning = warningOnce(url.origin)
    if (warning !== undefined) process.emitWarning(warning, { type: "ApiKeyWarning" })

    const template = templateOf(input, init, withoutPlaceholderIn(url), headers, held)
    const { signal } = template
    signal?.throwIfAborted()
    const key = hit() ?? (await get(signal))
    const first = await authorize(key, template)
    const answer = await follow(send, template, first)
    if (!(await isRejection(answer, first))) return answer
    if (!template.canBeSentAgain) {
      await runPromise(runtime, provider.reject(key), signal)
      return answer
    }
    const another = await getAnother(key, signal)
    if (another === undefined) return answer
    const second = await authorize(another, template)
    await answer.body?.cancel().catch(() => undefined)
    const last = await follow(send, template, second)
    if (await isRejection(last, second)) await runPromise(runtime, provider.reject(another), signal)
    return last
  }
}

/** The headers of a request, which of them are there because of the key, and those that tell which rule an answer falls under. */
interface Sending {
  readonly headers: Headers
  readonly names: ReadonlyArray<string>
  readonly rule: ReadonlyMap<string, string>
}

const answerOf = (response: Response): Answer => ({
  status: response.status,
  header: (name) => response.headers.get(name) ?? undefined
})

/** The beginning of the body, from a copy: the caller's stays unread. */
const peekText = async (answer: Response): Promise<string> => {
  const reader = answer.clone().body?.getReader()
  if (reader === undefined) return ""
  const decoder = new TextDecoder()
  let text = ""
  while (text.length < maxPeekedBytes) {
    const { done, value } = await reader.read()
    if (done) break
    text += decoder.decode(value, { stream: true })
  }
  // Not awaited: a copy's cancel ends only with the original's.
  reader.cancel().catch(() => undefined)
  return text
}

// --- the placeholder

type Held = ReadonlyArray<readonly [name: string, value: string]>

const nothingHeld: Held = []

const holding = (headers: Headers): Held => {
  let held: Array<readonly [string, string]> | undefined
  headers.forEach((value, name) => {
    if (value.includes(placeholder)) {
      held ??= []
      held.push([name, value])
    }
  })
  return held ?? nothingHeld
}

/** A key has no place in a URL, where logs would show it; the parameter that was to hold it goes. */
export const withoutPlaceholderIn = (url: URL): URL => {
  if (!url.href.includes(placeholder)) return url
  const result = new URL(url)
  for (const [name, value] of url.searchParams) if (value.includes(placeholder)) result.searchParams.delete(name)
  return result
}

/** For another origin: not even the placeholder goes there, and a request that cannot do without it is not sent. */
const withoutPlaceholder = (
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  url: URL,
  headers: Headers,
  held: Held
): Parameters<Fetch> => {
  const cleaned = withoutPlaceholderIn(url)
  const body = init?.body
  if (
    cleaned.href.includes(placeholder) ||
    ((typeof body === "string" || body instanceof URLSearchParams) && String(body).includes(placeholder))
  ) {
    throw configInvalid(
      `a request to ${url.origin} holds a placeholder for the key, which is for another origin`,
      "Give the same base URL to the SDK and to effect-apikey."
    )
  }
  if (cleaned === url && held.length === 0) return init === undefined ? [input] : [input, init]
  for (const [name] of held) headers.delete(name)
  return [input instanceof Request ? requestTo(cleaned, input) : cleaned.href, { ...init, headers }]
}

// --- for a client above that puts the key in itself

/** Follows redirects itself, so that the headers by these names go to no origin but this one. */
export const keepingAtOrigin =
  (fetch: Fetch, names: ReadonlyArray<string>, origin: string): Fetch =>
  (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    if (url.origin !== origin) for (const name of names) headers.delete(name)
    return follow(fetch, templateOf(input, init, url, headers, nothingHeld), { headers, names, rule: nothingSent })
  }

const nothingSent: ReadonlyMap<string, string> = new Map()

// --- a request that can be made more than once, as far as its body allows

interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly keepsBody: boolean
}

interface Template {
  readonly url: URL
  readonly method: string
  /** The caller's own. */
  readonly headers: Headers
  /** Those of them that hold the placeholder. */
  readonly held: Held
  readonly signal: AbortSignal | undefined
  readonly redirect: RequestRedirect
  readonly body: unknown
  readonly canBeSentAgain: boolean
  readonly send: (send: Fetch, hop: Hop) => Promise<Response>
}

const templateOf = (
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  url: URL,
  headers: Headers,
  held: Held
): Template => {
  if (input instanceof Request) return templateOfRequest(new Request(input, init), url, headers, held)
  const body = init?.body ?? undefined
  const redirect = init?.redirect ?? "follow"
  const mode = redirect === "follow" ? "manual" : redirect
  return {
    url,
    method: init?.method ?? "GET",
    headers,
    held,
    signal: init?.signal ?? undefined,
    redirect,
    body,
    canBeSentAgain: !isStream(body),
    send: (send, hop) => {
      const next: RequestInit = { ...init, method: hop.method, headers: hop.headers, redirect: mode }
      if (!hop.keepsBody) delete next.body
      return send(hop.url.href, next)
    }
  }
}

/** A `Request` is cloned for each time that it is sent, so that its body is there for the next. */
const templateOfRequest = (request: Request, url: URL, headers: Headers, held: Held): Template => {
  const redirect = request.redirect === "follow" ? "manual" : request.redirect
  return {
    url,
    method: request.method,
    headers,
    held,
    signal: request.signal,
    redirect: request.redirect,
    body: request.body ?? undefined,
    canBeSentAgain: true,
    send: (send, { url, method, headers, keepsBody }) => {
      if (!keepsBody && request.body !== null) {
        const { signal, credentials, cache } = request
        return send(new Request(url, { method, headers, redirect, signal, credentials, cache }))
      }
      return send(new Request(requestTo(url, request.clone()), { method, headers, redirect }))
    }
  }
}

const requestTo = (url: URL, request: Request): Request =>
  url.href === request.url ? request : new Request(url, request)

const isStream = (body: unknown): boolean =>
  typeof body === "object" && body !== null && (Symbol.asyncIterator in body || body instanceof ReadableStream)

// --- redirects, as the fetch standard has them (HTTP-redirect fetch), but for the key

const follow = async (send: Fetch, template: Template, { headers, names }: Sending): Promise<Response> => {
  const { redirect, body, canBeSentAgain } = template
  let hop: Hop = { url: template.url, method: template.method, headers, keepsBody: body !== undefined }
  for (let count = 0; ; count++) {
    const answer = await template.send(send, hop)
    if (redirect !== "follow" || !redirectStatuses.includes(answer.status)) return redirected(answer, count > 0)
    const location = answer.headers.get("location")
    if (location === null) return redirected(answer, count > 0)
    await answer.body?.cancel().catch(() => undefined)
    if (count >= maxRedirects) throw networkError("redirect count exceeded")
    hop = nextHop(hop, location, answer.status, names)
    if (hop.keepsBody && !canBeSentAgain) throw networkError("a streamed body cannot follow a redirect")
  }
}

const nextHop = (hop: Hop, location: string, status: number, names: ReadonlyArray<string>): Hop => {
  const url = targetOf(location, hop.url)
  const { method } = hop
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST"
  const leaves = url.origin !== hop.url.origin
  const dropped = [...(becomesGet ? bodyHeaders : []), ...(leaves ? [...credentialHeaders, ...names, "host"] : [])]
  const headers = new Headers(hop.headers)
  // Once it has left, the key does not come back: who redirects it back must not choose where it goes.
  for (const name of dropped) headers.delete(name)
  return { url, method: becomesGet ? "GET" : method, headers, keepsBody: hop.keepsBody && !becomesGet }
}

const targetOf = (location: string, base: URL): URL => {
  if (!URL.canParse(location, base.href)) throw networkError("invalid redirect URL")
  const url = new URL(location, base)
  if (url.protocol !== "http:" && url.protocol !== "https:") throw networkError("URL scheme must be a HTTP(S) scheme")
  if (url.hash === "") url.hash = base.hash
  return url
}

/** In the words of Node's own, so that what is made of it (a retry, a message) stays the same. */
const networkError = (reason: string): TypeError => new TypeError("fetch failed", { cause: new Error(reason) })

/** As if fetch had followed itself. */
const redirected = (answer: Response, was: boolean): Response =>
  was ? Object.defineProperty(answer, "redirected", { value: true, configurable: true }) : answer
