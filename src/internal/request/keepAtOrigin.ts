import { changed, type Fetch, fieldsOf, type Rule, without } from "./headers.js"
import { namesOf } from "./placeholder.js"
import { firstHop, follow, withHeaders } from "./redirect.js"
import { type Hop, templateOf } from "./replay.js"
import { placeholder } from "./scheme.js"

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
