/** Follows redirects as fetch does, but only a few headers go to another origin, none of which holds a credential. */

import { type Fetch, type Fields, onlyCarried, without } from "./headers.js"
import type { Hop, ReplayableRequest } from "./replay.js"

const maxRedirects = 20

const redirectStatuses: ReadonlyArray<number> = [301, 302, 303, 307, 308]

const bodyHeaders: ReadonlyArray<string> = [
  "content-encoding",
  "content-language",
  "content-length",
  "content-location",
  "content-type"
]

// --- redirects by the fetch standard (HTTP-redirect fetch), except for the key

export interface Followed {
  readonly response: Response
  /** Whether the last request carried the key. */
  readonly sentKey: boolean
  /** Where a replay starts. A POST that was redirected to a GET is done, so the replay starts at the GET. */
  readonly replayFrom: Hop
}

export const firstHop = ({ body, method, url }: ReplayableRequest, headers: Fields): Hop => ({
  url,
  method,
  headers,
  keepsBody: body !== undefined,
  carriesKey: true,
  redirects: 0
})

export const withHeaders = ({ url, method, keepsBody, carriesKey, redirects }: Hop, headers: Fields): Hop => ({
  url,
  method,
  headers,
  keepsBody,
  carriesKey,
  redirects
})

/** Follows redirects, starting with the response to the first hop. */
export const follow = async (
  send: Fetch,
  request: ReplayableRequest,
  first: Hop,
  firstResponse: Response,
  names: ReadonlyArray<string>
): Promise<Followed> => {
  let replayFrom = first
  let hop = first
  let response = firstResponse
  for (;;) {
    const location = redirectStatuses.includes(response.status) ? response.headers.get("location") : null
    if (request.redirect !== "follow" || location === null) {
      return { response: redirected(response, hop.redirects > 0), sentKey: hop.carriesKey, replayFrom }
    }
    await response.body?.cancel().catch(() => undefined)
    if (hop.redirects >= maxRedirects) throw networkError("redirect count exceeded")
    hop = nextHop(hop, location, response.status, names)
    if (hop.method !== replayFrom.method) replayFrom = hop
    if (hop.keepsBody && !request.canBeSentAgain) throw networkError("a streamed body cannot follow a redirect")
    response = await request.send(send, hop)
  }
}

const nextHop = (hop: Hop, location: string, status: number, names: ReadonlyArray<string>): Hop => {
  const url = targetOf(location, hop.url)
  const { method } = hop
  const becomesGet = status === 303 ? method !== "GET" && method !== "HEAD" : status < 303 && method === "POST"
  const leaves = url.origin !== hop.url.origin
  // After leaving the origin the key does not come back: another origin must not choose where it goes.
  const headers = leaves ? without(onlyCarried(hop.headers), names) : hop.headers
  return {
    url,
    method: becomesGet ? "GET" : method,
    headers: without(headers, becomesGet ? bodyHeaders : []),
    keepsBody: hop.keepsBody && !becomesGet,
    carriesKey: hop.carriesKey && !leaves,
    redirects: hop.redirects + 1
  }
}

/** Header values are Latin-1 strings of their bytes. fetch reads the bytes of `location` as UTF-8. */
const targetOf = (value: string, base: URL): URL => {
  const location = Buffer.from(value, "latin1").toString("utf8")
  if (!URL.canParse(location, base.href)) throw networkError("invalid redirect URL")
  const url = new URL(location, base)
  if (url.protocol !== "http:" && url.protocol !== "https:") throw networkError("URL scheme must be a HTTP(S) scheme")
  return url
}

/** Has Node's own message, so that a library's retry and messages stay the same. */
const networkError = (reason: string): TypeError => new TypeError("fetch failed", { cause: new Error(reason) })

/** Marks the response as redirected, as fetch does. */
const redirected = (response: Response, was: boolean): Response =>
  was ? Object.defineProperty(response, "redirected", { value: true, configurable: true }) : response
