/** A `fetch` for a client above that makes the requests: it replaces the placeholder by the key, at one origin only. */

import { httpOrigin } from "../model/provider.js"
import { changed, type Fetch, fieldsOf, type KeyHeaders, without } from "./headers.js"
import { namesOf, placeholder } from "./placeholder.js"
import { firstHop, follow, withHeaders } from "./redirect.js"
import { type Hop, replayable } from "./replay.js"

/**
 * Replaces the placeholder in these headers by their values, for this origin only, and follows redirects itself. `replayFrom`
 * is the request to send again, if a redirect has changed it.
 */
export const keepAtOrigin =
  (
    fetch: Fetch,
    carriers: KeyHeaders,
    origin: string,
    onSent: (carriesKey: boolean, replayFrom?: Hop) => void,
    from?: Hop | undefined
  ): Fetch =>
  async (input, init) => {
    const url = new URL(input instanceof Request ? input.url : input)
    const given = fieldsOf(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const sent = new Headers(given)
    const placeholders = Array.from(carriers).filter(([name, value]) =>
      [value, placeholder].includes(sent.get(name) ?? "")
    )
    // A request that a client below makes for itself.
    if (placeholders.length === 0) return fetch(input, init)
    const names = namesOf(placeholders)
    const request = replayable(input, init, url, given)
    const stays = httpOrigin(url) === origin
    const asked = (stays ? from : undefined) ?? firstHop(request, request.headers)
    const hop = withHeaders(
      asked,
      stays ? changed(asked.headers, [], new Map(placeholders)) : without(asked.headers, names)
    )
    onSent(stays)
    const { response, sentKey, replayFrom } = await follow(fetch, request, hop, await request.send(fetch, hop), names)
    onSent(
      stays && sentKey,
      replayFrom === hop ? undefined : withHeaders(replayFrom, without(replayFrom.headers, names))
    )
    return response
  }
