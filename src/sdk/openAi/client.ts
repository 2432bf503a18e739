/** What the clients of the `openai` package share: the key before each try, and errors that the package passes on. */

import * as Either from "effect/Either"
import type * as Runtime from "effect/Runtime"
import OpenAI from "openai"
import { type ApiKeyError, isApiKeyError } from "../../ApiKeyError.js"
import { inCode } from "../../internal/model/options.js"
import type { Provider } from "../../internal/model/provider.js"
import { type AuthorizedFetchOptions, authorizedFetch } from "../../internal/request/fetch.js"
import type { originOf } from "../../internal/request/origin.js"
import type { Preflight } from "../../internal/request/preflight.js"

/** Makes the `fetch`. The base URL is read from the client, because it may come from the environment. */
export const fetchOf = (
  client: OpenAI,
  preflight: Preflight,
  provider: Provider,
  options: Pick<AuthorizedFetchOptions, "scheme" | "fetch">,
  runtime: Runtime.Runtime<never>
): typeof globalThis.fetch =>
  authorizedFetch(
    provider,
    { ...options, baseUrl: client.baseURL, preflightKey: (init) => preflight.take(init?.headers) },
    runtime
  )

type FinalOptions = Awaited<Parameters<OpenAI["request"]>[0]>

/** The arguments of the client's hook `prepareRequest`. */
export type Prepared = [request: RequestInit, context: { readonly url: string; readonly options: FinalOptions }]

/**
 * Gets the key before a try. The client treats whatever its `fetch` rejects with as a network fault and retries; an error
 * before the try goes to the caller. Each try has its own headers object.
 */
export const keyFirst = async (
  preflight: Preflight,
  home: ReturnType<typeof originOf>,
  ...[{ headers }, { options }]: Prepared
): Promise<void> => {
  const { signal } = options
  const origin = Either.getOrThrowWith(home, openAiError)
  try {
    await preflight.get(headers, origin, signal ?? undefined)
  } catch (error) {
    if (isApiKeyError(error)) throw openAiError(error)
    // For an abort the client has an error of its own.
    if (signal?.aborted !== true) throw error
  }
}

export const openAiError = (error: ApiKeyError): Error => withMessage(error, error.message)

const withMessage = (error: ApiKeyError, message: string): Error =>
  Object.assign(new OpenAI.OpenAIError(message), { cause: error })

/** The Realtime classes would copy the key out of the client and keep it; nothing else calls this. */
export const noRealtime = async (): Promise<never> => {
  const error = inCode(
    "openai's Realtime classes need the key itself, which this client does not hold",
    "Create a client for each connection, `new OpenAI({ apiKey })` with the current key; for Azure, pass the headers."
  )
  throw withMessage(error, `${error.message}. ${error.hint}`)
}
