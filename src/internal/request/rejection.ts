/** Which responses mean that the server rejected the key, and what follows: the same for promises and for Effects. */

import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import type { Provider } from "../model/provider.js"
import type { KeyHeaders } from "./headers.js"

/** The status and the headers of a response. */
export interface ResponseHead {
  readonly status: number
  readonly header: (name: string) => string | undefined
}

/** Whether the key was rejected. If that depends on the body: the pattern that its beginning must match. */
export const judgeHead = (head: ResponseHead, sent: KeyHeaders): boolean | RegExp =>
  isRejection(head) || (bodyPattern(head, sent) ?? false)

/** 401, and 403 when the server says that the token is invalid (RFC 6750, section 3.1) or expired (AWS). */
const isRejection = ({ status, header }: ResponseHead): boolean =>
  status === 401 ||
  (status === 403 &&
    (/\binvalid_token\b/.test(header("www-authenticate") ?? "") ||
      /\bExpiredToken/.test(header("x-amzn-errortype") ?? "")))

/** Google answers 400 with the reason `API_KEY_INVALID`, AWS 403 with the code `ExpiredToken`. */
const bodyPattern = ({ status, header }: ResponseHead, sent: KeyHeaders): RegExp | undefined => {
  if (status === 400 && sent.has("x-goog-api-key")) return /\bAPI_KEY_INVALID\b/
  const isAws = header("x-amzn-requestid") !== undefined || header("x-amz-request-id") !== undefined
  return status === 403 && isAws ? /\bExpiredToken/ : undefined
}

/**
 * Rejects the key, and gets another one if the request can be sent again. A failure of the provider is ignored, because the
 * server's response explains more.
 */
export const rejectAndReplace = (
  provider: Provider,
  rejected: ApiKey,
  canBeSentAgain: boolean
): Effect.Effect<Option.Option<ApiKey>> =>
  Effect.zipRight(
    provider.reject(rejected),
    canBeSentAgain
      ? Effect.map(
          Effect.option(provider.get),
          Option.filter((key) => !Equal.equals(key, rejected))
        )
      : Effect.succeedNone
  )

// --- the body of a `Response`

/** How much of a body is read to look for the pattern. */
const maxPeekedBytes = 64 * 1024

/** How long that may take. */
const maxPeekMillis = 1_000

/** The beginning of the body, from a clone. The caller's response stays unread, and so do errors of its body. */
export const peekText = async (response: Response, signal?: AbortSignal): Promise<string> => {
  const reader = response.clone().body?.getReader()
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
  // Not awaited: cancelling a clone ends only when the original does.
  reader.cancel().catch(() => undefined)
  return text
}
