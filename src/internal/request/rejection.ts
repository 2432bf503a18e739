/** What an answer says, as far as it matters here. */
export interface Answer {
  readonly status: number
  readonly header: (name: string) => string | undefined
}

/** 401, and 403 when the server says that the token is invalid (RFC 6750, section 3.1) or expired (AWS). */
export const isRejectedAnswer = ({ status, header }: Answer): boolean =>
  status === 401 ||
  (status === 403 &&
    (/\binvalid_token\b/.test(header("www-authenticate") ?? "") ||
      /\bExpiredToken/.test(header("x-amzn-errortype") ?? "")))

/**
 * What to look for in the body where status and headers leave it open: Google answers 400 with the reason
 * `API_KEY_INVALID`, AWS 403 with the code `ExpiredToken`.
 */
export const bodyRule = ({ status, header }: Answer, sent: ReadonlyMap<string, string>): RegExp | undefined => {
  if (status === 400 && sent.has("x-goog-api-key")) return /\bAPI_KEY_INVALID\b/
  const isAws = header("x-amzn-requestid") !== undefined || header("x-amz-request-id") !== undefined
  return status === 403 && isAws ? /\bExpiredToken/ : undefined
}

/** More of a refusal's body is not looked at. */
const maxPeekedBytes = 64 * 1024

/** Nor is it waited for longer. */
const maxPeekMillis = 1_000

export const answerOf = (response: Response): Answer => ({
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
