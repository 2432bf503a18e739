/** A `fetch` that puts the key in where a placeholder stands for it, at one origin only, for a client above that makes the requests. */

import { changed, type Fetch, fieldsOf, type KeyHeaders, without } from "./headers.js"
import { namesOf, placeholder } from "./placeholder.js"
import { firstHop, follow, withHeaders } from "./redirect.js"
import { type Hop, replayable } from "./replay.js"

// --- for a client above that puts the key in itself

/**
 * Puts these headers in where the placeholder stands for them, for this origin only: it follows redirects itself. What it tells
 * as `replayFrom` is what there is to send once more, where that is not what it was given but what a redirect has made of it.
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
    // A request of another kind, that a client below makes for itself.
    if (placeholders.length === 0) return fetch(input, init)
    const names = namesOf(placeholders)
    const request = replayable(input, init, url, given)
    const stays = url.origin === origin
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
