/**
 * The `fetch` behind every seam that takes one: the current key in each request, one more try with another key when it was
 * refused, redirects followed here so that no key leaves its origin. Promises only: libraries call it, not Effects.
 */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import { isString } from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../../ApiKey.js"
import { type ConfigInvalid, isApiKeyError } from "../../ApiKeyError.js"
import type { Provider } from "../../ApiKeyProvider.js"
import { peekOf } from "../model/provider.js"
import { runPromise } from "../util/fiber.js"
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
  thrown,
  warningOnce
} from "./scheme.js"

type Fetch = typeof globalThis.fetch

export interface AuthorizedFetchOptions {
  /** None: every request that holds the placeholder in a header carries the key, for SDKs that do not tell their base URLs. */
  readonly baseUrl: string | URL | undefined
  /** Where there is no base URL: whether a request that holds the placeholder goes where its key belongs. Default: yes. */
  readonly isForKey?: ((url: URL, headers: Headers) => boolean) | undefined
  readonly scheme?: Scheme | undefined
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  readonly fetch?: Fetch | undefined
  /** Puts the key in where headers are not enough (a signature). */
  readonly authorize?: ((key: ApiKey, request: SignableRequest) => Promise<Headers>) | undefined
  /** A key that was got for this very request before. */
  readonly keyAhead?: ((init: RequestInit | undefined) => ApiKey | undefined) | undefined
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
/** Nor is it waited for longer. */
const maxPeekMillis = 1_000

export const authorizedFetch = (
  provider: Provider,
  options: AuthorizedFetchOptions,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): Fetch => {
  const send: Fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  const base: Either.Either<string, ConfigInvalid> | undefined =
    options.baseUrl === undefined ? undefined : originOf(options.baseUrl)

  const isForKey = ({ origin, url }: Place, given: Fields, held: Held): boolean => {
    if (base !== undefined) return Either.getOrThrowWith(base, (error) => error) === origin
    if (held.length === 0 || Either.isLeft(originOf(url))) return false
    return options.isForKey?.(url, new Headers(given)) !== false
  }

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

  const locate = locator()
  const made = new WeakMap<ApiKey, Made>()
  /** The headers of a key are the same in every request, as long as the requests' own hold the placeholder in the same way. */
  const madeOf = (key: ApiKey, held: Held): Made => {
    const known = typeof options.scheme === "function" ? undefined : made.get(key)
    if (known !== undefined && isSame(known.held, held)) return known
    const rule = Either.getOrThrowWith(headersFor(key, options.scheme, held), (error) => error)
    const making: Made = { held, rule, names: Array.from(rule.keys()) }
    made.set(key, making)
    return making
  }

  /** What is sent with the key: a copy of the headers given, less those named. */
  const authorize = (
    key: ApiKey,
    { body }: Template,
    { url, method, headers, keepsBody }: Hop,
    held: Held,
    dropped: ReadonlyArray<string>
  ): Sending | Promise<Sending> => {
    if (options.authorize !== undefined) {
      return options
        .authorize(key, { url, method, body: keepsBody ? body : undefined, headers: new Headers(headers) })
        .then((signed) => ({ headers: signed, names: credentialHeaders, rule: nothingSent }))
    }
    const { rule, names } = madeOf(key, held)
    return { headers: changed(headers, dropped, rule), names, rule }
  }

  /** Nothing where the other key cannot be sent: the server's answer is the better explanation. */
  const authorizeAgain: (...args: Parameters<typeof authorize>) => Promise<Sending | undefined> = async (...args) => {
    try {
      return await authorize(...args)
    } catch (error) {
      if (isApiKeyError(error)) return undefined
      throw error
    }
  }

  const isRejection = async (
    answer: Response,
    { rule }: Sending,
    signal: AbortSignal | undefined
  ): Promise<boolean> => {
    if (options.isRejection !== undefined) return judged(options.isRejection, answer, signal)
    const said = answerOf(answer)
    if (isRejectedAnswer(said)) return true
    const inBody = bodyRule(said, rule)
    if (inBody === undefined) return false
    const text = await peekText(answer, signal)
    if (signal?.aborted) {
      answer.body?.cancel().catch(() => undefined)
      throw signal.reason
    }
    return inBody.test(text)
  }

  const authorized: Fetch = async (input, init) => {
    if (init !== undefined && init !== null && !isPlain(init)) return authorized(...asRead(input, init))
    const at = locate(input instanceof Request ? input.url : input)
    const given = fieldsOf(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const held = heldIn(given)
    if (!isForKey(at, given, held)) return send(...withoutPlaceholder(input, init, at, given, held))
    const warning = warningOnce(at.origin)
    if (warning !== undefined) process.emitWarning(warning, { type: "ApiKeyWarning" })

    const template = templateOf(input, init, at.cleaned, given)
    const { signal } = template
    signal?.throwIfAborted()
    const known = options.keyAhead?.(init) ?? hit()
    // What the caller does with its headers while this waits does not count.
    const waits = known === undefined || options.authorize !== undefined
    const asked = firstHop(template, waits ? changed(template.headers, [], nothingSent) : template.headers)
    const key = known ?? (await get(signal))
    // Whatever stands for a key in the library's own headers must not go out beside the real one.
    const authorizing = authorize(key, template, asked, held, namesOf(held))
    const sending = authorizing instanceof Promise ? await authorizing : authorizing
    const hop = withHeaders(asked, sending.headers)
    const first = await template.send(send, hop)
    if (first.ok && options.isRejection === undefined) return first
    const { answer, carried, pending } = await follow(send, template, hop, first, sending.names)
    if (answer.ok && options.isRejection === undefined) return answer
    // Another origin, where a redirect led, has not seen the key and cannot refuse it.
    if (!carried || !(await isRejection(answer, sending, signal))) return answer
    if (pending.keepsBody && !template.canBeSentAgain) {
      await runPromise(runtime, provider.reject(key), signal)
      return answer
    }
    const another = await getAnother(key, signal)
    if (another === undefined) return answer
    const again = await authorizeAgain(another, template, pending, held, sending.names)
    if (again === undefined) return answer
    // Not awaited: where `isRejection` has cloned the answer, this ends only with the clone.
    answer.body?.cancel().catch(() => undefined)
    const anew = withHeaders(pending, again.headers)
    const last = await follow(send, template, anew, await template.send(send, anew), again.names)
    if (last.carried && (await isRejection(last.answer, again, signal))) {
      await runPromise(runtime, provider.reject(another), signal)
    }
    return last.answer
  }
  return authorized
}

const judged = async (
  isRejection: NonNullable<AuthorizedFetchOptions["isRejection"]>,
  answer: Response,
  signal: AbortSignal | undefined
): Promise<boolean> => {
  try {
    return await isRejection(answer)
  } catch {
    answer.body?.cancel().catch(() => undefined)
    // What it reads is cut by an abort.
    signal?.throwIfAborted()
    throw thrown("isRejection")
  }
}

/** The headers that carry a key, by lower-case name. */
type Rule = ReadonlyMap<string, string>

interface Made {
  readonly held: Held
  readonly rule: Rule
  readonly names: ReadonlyArray<string>
}

/** The headers of a request, which of them are there because of the key, and those that tell which rule an answer falls under. */
interface Sending {
  readonly headers: Fields
  readonly names: ReadonlyArray<string>
  readonly rule: Rule
}

const nothingSent: Rule = new Map()

const answerOf = (response: Response): Answer => ({
  status: response.status,
  header: (name) => response.headers.get(name) ?? undefined
})

/** The beginning of the body, from a copy: the caller's stays unread, and has whatever is wrong with it still to come. */
export const peekText = async (answer: Response, signal?: AbortSignal): Promise<string> => {
  const reader = answer.clone().body?.getReader()
  if (reader === undefined) return ""
  const decoder = new TextDecoder()
  let text = ""
  const read = async (): Promise<void> => {
    for (let bytes = 0; bytes < maxPeekedBytes; ) {
      const { done, value } = await reader.read()
      if (done) return
      bytes += value.length
      text += decoder.decode(value, { stream: true })
    }
  }
  let stop = (): void => undefined
  const stopped = new Promise<void>((resolve) => {
    stop = resolve
  })
  const timer = setTimeout(stop, maxPeekMillis)
  signal?.addEventListener("abort", stop)
  await Promise.race([read().catch(() => undefined), stopped])
  clearTimeout(timer)
  signal?.removeEventListener("abort", stop)
  // Not awaited: a copy's cancel ends only with the original's.
  reader.cancel().catch(() => undefined)
  return text
}

// --- where a request goes

interface Place {
  readonly text: string
  readonly url: URL
  readonly origin: string
  /** Without the placeholder. */
  readonly cleaned: URL
}

/** Libraries ask for the same URL over and over: the last one is kept as it was read. */
const locator = (): ((given: string | URL) => Place) => {
  let last: Place | undefined
  return (given) => {
    const text = String(given)
    if (last?.text === text) return last
    const url = new URL(text)
    last = { text, url, origin: url.origin, cleaned: withoutPlaceholderIn(url) }
    return last
  }
}

// --- what fetch reads wherever an object has it, and a copy only where the object itself does: a `Request`, a class, an heir

const isPlain = (given: object): boolean => {
  const prototype = Object.getPrototypeOf(given)
  return prototype === Object.prototype || prototype === null
}

/** Of a `RequestInit` (fetch standard, section 5.4), and Node's own. */
const initFields: ReadonlyArray<string> = [
  "method",
  "headers",
  "body",
  "referrer",
  "referrerPolicy",
  "mode",
  "credentials",
  "cache",
  "redirect",
  "integrity",
  "keepalive",
  "signal",
  "duplex",
  "priority",
  "window",
  "dispatcher"
]

/** A `Request` stays one: so its body can be sent again. */
const asRead = (input: Parameters<Fetch>[0], init: RequestInit): Parameters<Fetch> => {
  if (init instanceof Request) return [new Request(input, init)]
  const read = initFields.map((name) => [name, Reflect.get(init, name)] as const)
  return [input, { ...Object.fromEntries(read.filter(([, value]) => value !== undefined)), ...init }]
}

// --- headers: of the kind that the caller gave, because a `Headers` costs more than all else here

type Fields = Headers | Readonly<Record<string, string>>

const noFields: Fields = {}

const fieldsOf = (given: RequestInit["headers"]): Fields => {
  if (given === undefined) return noFields
  if (given instanceof Headers) return given
  const record = Array.isArray(given) ? recordOf(given) : given
  return record !== undefined && isPlainRecord(record) ? record : new Headers(given)
}

/** A list in which no name stands twice says what a record does. */
const recordOf = (pairs: ReadonlyArray<ReadonlyArray<string>>): Readonly<Record<string, string>> | undefined => {
  const names = new Set(pairs.map((pair) => (pair.length === 2 ? String(pair[0]).toLowerCase() : "")))
  return names.size === pairs.length && !names.has("") ? Object.fromEntries(pairs) : undefined
}

/** What else `Headers` takes, it reads by rules of its own. */
const isPlainRecord = (given: object): given is Readonly<Record<string, string>> => {
  if (!isPlain(given) || Symbol.iterator in given) return false
  return !Object.hasOwn(given, "__proto__") && Object.values(given).every(isString)
}

const without = (fields: Fields, dropped: ReadonlyArray<string>): Fields => changed(fields, dropped, nothingSent)

/** A copy of the same kind: without those by the (lower-case) names, and with those added. */
const changed = (fields: Fields, dropped: ReadonlyArray<string>, added: Rule): Fields => {
  if (fields instanceof Headers) {
    const headers = new Headers(fields)
    for (const name of dropped) if (!added.has(name)) headers.delete(name)
    for (const [name, value] of added) headers.set(name, value)
    return headers
  }
  const record: Record<string, string> = {}
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    const known = name.toLowerCase()
    if (value !== undefined && !added.has(known) && !dropped.includes(known)) record[name] = value
  }
  for (const [name, value] of added) record[name] = value
  return record
}

// --- the placeholder

type Held = ReadonlyArray<readonly [name: string, value: string]>

const nothingHeld: Held = []
const noNames: ReadonlyArray<string> = []

const heldIn = (fields: Fields): Held => {
  let held = nothingHeld
  for (const [name, value] of fields instanceof Headers ? fields : Object.entries(fields)) {
    if (value.includes(placeholder)) held = [...held, [name.toLowerCase(), value.trim()]]
  }
  return held
}

const namesOf = (held: Held): ReadonlyArray<string> => (held.length === 0 ? noNames : held.map(([name]) => name))

const isSame = (held: Held, other: Held): boolean =>
  held === other ||
  (held.length === other.length && held.every(([name, value], i) => other[i]?.[0] === name && other[i]?.[1] === value))

/** A key has no place in a URL, where logs would show it; the parameter that was to hold it goes. */
export const withoutPlaceholderIn = (url: URL): URL => {
  if (url.search === "" || !url.search.includes(placeholder)) return url
  const result = new URL(url)
  for (const [name, value] of url.searchParams) if (value.includes(placeholder)) result.searchParams.delete(name)
  return result
}

/** For another origin: not even the placeholder goes there, and a request that cannot do without it is not sent. */
const withoutPlaceholder = (
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  { cleaned, origin, url }: Place,
  headers: Fields,
  held: Held
): Parameters<Fetch> => {
  const body = init?.body
  if (
    cleaned.href.includes(placeholder) ||
    ((typeof body === "string" || body instanceof URLSearchParams) && String(body).includes(placeholder))
  ) {
    throw configInvalid(
      `a request to ${origin} holds a placeholder for the key, which is for another origin`,
      "Give the same base URL to the SDK and to effect-apikey."
    )
  }
  if (cleaned === url && held.length === 0) return init === undefined ? [input] : [input, init]
  return [
    input instanceof Request ? requestTo(cleaned, input) : cleaned.href,
    { ...init, headers: without(headers, namesOf(held)) }
  ]
}

// --- for a client above that puts the key in itself

/**
 * Puts these headers in where the placeholder stands for them, for this origin only: it follows redirects itself. What it tells
 * as `pending` is what there is to send once more, where that is not what it was given but what a redirect has made of it.
 */
export const keepingAtOrigin =
  (
    fetch: Fetch,
    carriers: Rule,
    origin: string,
    onSent: (carries: boolean, pending?: Hop) => void,
    from?: Hop | undefined
  ): Fetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const given = fieldsOf(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const sent = new Headers(given)
    const held = Array.from(carriers).filter(([name, value]) => [value, placeholder].includes(sent.get(name) ?? ""))
    // A request of another kind, that a client below makes for itself.
    if (held.length === 0) return fetch(input, init)
    const names = namesOf(held)
    const template = templateOf(input, init, url, given)
    const stays = url.origin === origin
    const asked = (stays ? from : undefined) ?? firstHop(template, template.headers)
    const hop = withHeaders(asked, stays ? changed(asked.headers, [], new Map(held)) : without(asked.headers, names))
    onSent(stays)
    const { answer, carried, pending } = await follow(fetch, template, hop, await template.send(fetch, hop), names)
    onSent(stays && carried, pending === hop ? undefined : withHeaders(pending, without(pending.headers, names)))
    return answer
  }

// --- a request that can be made more than once, as far as its body allows

export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Fields
  readonly keepsBody: boolean
  /** The key. */
  readonly carries: boolean
  /** That led here. */
  readonly redirects: number
}

interface Template {
  readonly url: URL
  readonly method: string
  /** The caller's own. */
  readonly headers: Fields
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
  headers: Fields
): Template => {
  if (input instanceof Request) return templateOfRequest(input, init, url)
  const body = init?.body ?? undefined
  const redirect = init?.redirect ?? "follow"
  return {
    url,
    method: methodOf(init?.method ?? "GET"),
    headers,
    signal: init?.signal ?? undefined,
    redirect,
    body,
    canBeSentAgain: !isStream(body),
    send: (send, hop) => {
      // Several times faster than a spread.
      const next: RequestInit = Object.assign({}, init, {
        method: hop.method,
        headers: hop.headers,
        redirect: sentAs(redirect)
      })
      if (!hop.keepsBody) delete next.body
      return send(hop.url.href, next)
    }
  }
}

/** These are the same in any case, others are not (fetch standard, "normalize a method"). */
const methodOf = (given: string): string =>
  /^(?:delete|get|head|options|post|put)$/i.test(given) ? given.toUpperCase() : given

/**
 * A `Request` is made anew for each time that it is sent; if it has a body, a clone keeps that for the next, and the caller's is
 * used up as fetch uses it up. One whole `Request`, not one and an `init`: a `fetch` of the user's may look at the first only.
 */
const templateOfRequest = (input: Request, init: RequestInit | undefined, url: URL): Template => {
  const asked = init?.redirect ?? input.redirect
  const redirect = sentAs(asked)
  // Making one costs more than all else here.
  const request = init === undefined ? input : new Request(input, init)
  const body = request.body ?? undefined
  let unsent = request
  return {
    url,
    method: request.method,
    headers: request.headers,
    signal: request.signal,
    redirect: asked,
    body,
    canBeSentAgain: true,
    send: (send, { url, method, headers, keepsBody }) => {
      if (!keepsBody && body !== undefined) {
        const { signal, credentials, cache } = request
        return send(new Request(url, { method, headers, redirect, signal, credentials, cache }))
      }
      const next = unsent
      if (body !== undefined) unsent = next.clone()
      const changes = method === request.method ? { headers, redirect } : { method, headers, redirect }
      return send(new Request(requestTo(url, next), changes))
    }
  }
}

const sentAs = (redirect: RequestRedirect): RequestRedirect => (redirect === "follow" ? "manual" : redirect)

const requestTo = (url: URL, request: Request): Request =>
  url.href === request.url ? request : new Request(url, request)

/** Whether it is gone once it is read; undici takes iterators, too, and whatever has a `pipe`. */
export const isStream = (body: unknown): boolean =>
  typeof body === "object" &&
  body !== null &&
  (Symbol.asyncIterator in body ||
    "pipe" in body ||
    body instanceof ReadableStream ||
    ("next" in body && typeof body.next === "function"))

// --- redirects, as the fetch standard has them (HTTP-redirect fetch), but for the key

interface Followed {
  readonly answer: Response
  /** Whether the request that it answers had the key. */
  readonly carried: boolean
  /** From where on it may be made again: a POST that was answered by sending its maker on to a GET is done. */
  readonly pending: Hop
}

const firstHop = ({ body, method, url }: Template, headers: Fields): Hop => ({
  url,
  method,
  headers,
  keepsBody: body !== undefined,
  carries: true,
  redirects: 0
})

const withHeaders = ({ url, method, keepsBody, carries, redirects }: Hop, headers: Fields): Hop => ({
  url,
  method,
  headers,
  keepsBody,
  carries,
  redirects
})

/** From the answer to the first hop on. */
const follow = async (
  send: Fetch,
  template: Template,
  first: Hop,
  answered: Response,
  names: ReadonlyArray<string>
): Promise<Followed> => {
  let pending = first
  let hop = first
  let answer = answered
  for (;;) {
    const location = redirectStatuses.includes(answer.status) ? answer.headers.get("location") : null
    if (template.redirect !== "follow" || location === null) {
      return { answer: redirected(answer, hop.redirects > 0), carried: hop.carries, pending }
    }
    await answer.body?.cancel().catch(() => undefined)
    if (hop.redirects >= maxRedirects) throw networkError("redirect count exceeded")
    hop = nextHop(hop, location, answer.status, names)
    if (hop.method !== pending.method) pending = hop
    if (hop.keepsBody && !template.canBeSentAgain) throw networkError("a streamed body cannot follow a redirect")
    answer = await template.send(send, hop)
  }
}

const nextHop = (hop: Hop, location: string, status: number, names: ReadonlyArray<string>): Hop => {
  const url = targetOf(location, hop.url)
  const { method } = hop
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST"
  const leaves = url.origin !== hop.url.origin
  // Once it has left, the key does not come back: who redirects it back must not choose where it goes.
  const dropped = [...(becomesGet ? bodyHeaders : []), ...(leaves ? [...credentialHeaders, ...names, "host"] : [])]
  return {
    url,
    method: becomesGet ? "GET" : method,
    headers: without(hop.headers, dropped),
    keepsBody: hop.keepsBody && !becomesGet,
    carries: hop.carries && !leaves,
    redirects: hop.redirects + 1
  }
}

/** A header's value is its bytes, of which each is a character; what is not ASCII in them is UTF-8, as fetch takes it. */
const targetOf = (value: string, base: URL): URL => {
  const location = Buffer.from(value, "latin1").toString("utf8")
  if (!URL.canParse(location, base.href)) throw networkError("invalid redirect URL")
  const url = new URL(location, base)
  if (url.protocol !== "http:" && url.protocol !== "https:") throw networkError("URL scheme must be a HTTP(S) scheme")
  return url
}

/** In the words of Node's own, so that what is made of it (a retry, a message) stays the same. */
const networkError = (reason: string): TypeError => new TypeError("fetch failed", { cause: new Error(reason) })

/** As if fetch had followed itself. */
const redirected = (answer: Response, was: boolean): Response =>
  was ? Object.defineProperty(answer, "redirected", { value: true, configurable: true }) : answer
