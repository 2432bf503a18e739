/** The `fetch` for opencode's SDKs: it sends the key to the configured origins only, and reports failures to the user. */

import type * as Runtime from "effect/Runtime"
import { type ApiKeyError, isApiKeyError } from "../../ApiKeyError.js"
import type { Provider } from "../../internal/model/provider.js"
import { authorizedFetch } from "../../internal/request/fetch.js"
import { placeholder } from "../../internal/request/placeholder.js"
import { chatMessage, configInvalid } from "./message.js"

type Fetch = typeof globalThis.fetch

export interface Options {
  /** The provider's id, for messages. */
  readonly id: string
  readonly provider: Provider
  /** The origins that the configuration names, for the provider or for one of its models. */
  readonly origins: ReadonlyArray<string>
  /** Whether the provider itself has no configured base URL. If so, the key is also sent wherever the SDK sends the placeholder. */
  readonly isOpen: boolean
  /** The `fetch` that was configured before ours, if any. */
  readonly inner: Fetch | undefined
  readonly runtime: Runtime.Runtime<never>
  readonly onFailure: (error: ApiKeyError) => void
  readonly onSuccess: () => void
}

const holdsPlaceholder = (input: Parameters<Fetch>[0], init: RequestInit | undefined): boolean => {
  const headers = new Headers(init?.headers ?? (input instanceof Request ? input.headers : undefined))
  return Array.from(headers.values()).some((value) => value.includes(placeholder))
}

export const make = ({ id, provider, origins, isOpen, inner, runtime, onFailure, onSuccess }: Options): Fetch => {
  const known = new Map<string, Fetch>()
  const open = (origin: string): Fetch => {
    const made = authorizedFetch(provider, { baseUrl: origin, fetch: inner }, runtime)
    known.set(origin, made)
    return made
  }
  for (const origin of origins) open(origin)
  const [first] = known.values()

  const choose = (input: Parameters<Fetch>[0], init: RequestInit | undefined): Fetch => {
    const { origin } = new URL(input instanceof Request ? input.url : input)
    const made = known.get(origin)
    if (made !== undefined) return made
    if (!holdsPlaceholder(input, init)) return (isOpen ? undefined : first) ?? inner ?? globalThis.fetch
    if (isOpen) return open(origin)
    // opencode's own data can send a model elsewhere. The key is only for the user's origins, and a request without it would fail.
    throw configInvalid(
      `a request goes to ${origin}, where the key does not: the configuration names ${origins.join(", ")}`,
      "Set options.baseURL, which all models of the provider go to."
    )
  }

  return async (input, init) => {
    try {
      const answer = await choose(input, init)(input, init)
      onSuccess()
      return answer
    } catch (error) {
      // opencode handles errors that do not concern the key (an abort, a network error).
      if (!isApiKeyError(error)) throw error
      onFailure(error)
      throw new Error(chatMessage(id, error))
    }
  }
}
