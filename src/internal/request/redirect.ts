/** Follows redirects as fetch does, but takes no credentials to another origin. */

import { credentialHeaders, type Fetch, type Fields, without } from "./headers.js"
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

// --- redirects, as the fetch standard has them (HTTP-redirect fetch), but for the key

export interface Followed {
  readonly response: Response
  /** Whether the request that it answers had the key. */
  readonly sentKey: boolean
  /** From where on it may be made again: a POST that was answered by sending its maker on to a GET is done. */
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

/** From the response to the first hop on. */
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
  // Once it has left, the key does not come back: who redirects it back must not choose where it goes.
  const dropped = [...(becomesGet ? bodyHeaders : []), ...(leaves ? [...credentialHeaders, ...names, "host"] : [])]
  return {
    url,
    method: becomesGet ? "GET" : method,
    headers: without(hop.headers, dropped),
    keepsBody: hop.keepsBody && !becomesGet,
    carriesKey: hop.carriesKey && !leaves,
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
const redirected = (response: Response, was: boolean): Response =>
  was ? Object.defineProperty(response, "redirected", { value: true, configurable: true }) : response
