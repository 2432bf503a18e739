/** A fetch request that can be sent more than once: with other headers, or to the target of a redirect. */

import type { Fetch, Fields } from "./headers.js"

/** The fields of a `RequestInit` (fetch standard, section 5.4), and those of Node. */
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

/** The arguments as plain values. A `Request` stays one, so that its body can be sent again. */
export const asRead = (input: Parameters<Fetch>[0], init: RequestInit): Parameters<Fetch> => {
  if (init instanceof Request) return [new Request(input, init)]
  const read = initFields.map((name) => [name, Reflect.get(init, name)] as const)
  return [input, { ...Object.fromEntries(read.filter(([, value]) => value !== undefined)), ...init }]
}

// --- a request that can be sent more than once, if its body allows

export interface Hop {
  readonly url: URL
  readonly method: string
  readonly headers: Fields
  readonly keepsBody: boolean
  readonly carriesKey: boolean
  /** How many were followed so far. */
  readonly redirects: number
}

export interface ReplayableRequest {
  readonly url: URL
  readonly method: string
  /** The caller's headers. */
  readonly headers: Fields
  readonly signal: AbortSignal | undefined
  readonly redirect: RequestRedirect
  readonly body: unknown
  readonly canBeSentAgain: boolean
  readonly send: (send: Fetch, hop: Hop) => Promise<Response>
}

export const replayable = (
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  url: URL,
  headers: Fields
): ReplayableRequest => {
  if (input instanceof Request) return replayableFromRequest(input, init, url)
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
      // `Object.assign` is several times faster here than a spread.
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

/** Only these methods ignore case (fetch standard, "normalize a method"). */
const methodOf = (given: string): string =>
  /^(?:delete|get|head|options|post|put)$/i.test(given) ? given.toUpperCase() : given

/**
 * Makes a new `Request` each time that it is sent. A clone keeps the body for the next time; the caller's body is used up, as
 * with fetch. The `init` is merged into the `Request`, because a user's `fetch` may read only its first argument.
 */
const replayableFromRequest = (input: Request, init: RequestInit | undefined, url: URL): ReplayableRequest => {
  const asked = init?.redirect ?? input.redirect
  const redirect = sentAs(asked)
  // Making a `Request` is the most expensive step here.
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
      const sent = new Request(requestTo(url, next), changes)
      // An object that calls itself a `Request` may give another URL than `fetch` would send it to.
      if (sent.url !== url.href) throw new TypeError("the URL of the Request is not the URL to which it would be sent")
      return send(sent)
    }
  }
}

const sentAs = (redirect: RequestRedirect): RequestRedirect => (redirect === "follow" ? "manual" : redirect)

export const requestTo = (url: URL, request: Request): Request =>
  url.href === request.url ? request : new Request(url, request)

/** Whether a body can be read only once. undici also takes iterators, and objects with `pipe`. */
export const isStream = (body: unknown): boolean =>
  typeof body === "object" &&
  body !== null &&
  (Symbol.asyncIterator in body ||
    "pipe" in body ||
    body instanceof ReadableStream ||
    ("next" in body && typeof body.next === "function"))
