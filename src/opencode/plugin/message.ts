/** The message that the user sees in the chat when there is no key. */

import { type ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import { inJsonWords } from "../../internal/model/remedy.js"

/**
 * Texts that opencode 1.18.33 treats as transient: it retries with growing delays and does not show the message (from its
 * `SessionRetry`, found in the binary). The numbers match anywhere, also in a path or a duration.
 */
const passingFaults: ReadonlyArray<RegExp> = [
  /429|500|502|503|504|524/i,
  /rate increased too quickly|rate limit|rate-limit|rate_limit|too many requests|too_many_requests/i,
  /overloaded|service unavailable|service_unavailable|service-unavailable/i,
  /internal error|internal_error|internal server error|server error|server_error|server-error/i,
  /provider returned error|provider_returned_error|provider-returned-error/i,
  /terminated|fetch failed|failed to fetch|network[-_\s]error|upstream connect|connection error|connection refused/i,
  /connection lost|socket connection was closed|socket hang up|reset before headers/i,
  /getaddrinfo|enotfound|eai_again|econnrefused|econnreset|etimedout/i,
  /^timeout$|\b(?:request|response|connection|network|stream|read) (?:timeout|timed out|time out)\b/i,
  /try your request again|retry your request|resource exhausted|resource_exhausted|exhausted|unavailable/i,
  /\btry again (?:later|in\b)|\b(?:currently|temporarily) at capacity\b/i
]

export const isPassingFault = (text: string): boolean => passingFaults.some((pattern) => pattern.test(text))

/** Replacements for phrases of our own errors that would match. */
const otherWords: ReadonlyArray<readonly [RegExp, string]> = [
  [/\bunavailable\b/gi, "not reachable"],
  [/\bTry again later\b/g, "Send your message again after a while"],
  [/\btry again later\b/gi, "send your message again after a while"],
  [/\b(?:request|response|connection|network|stream|read) (timeout|timed out|time out)\b/gi, "too slow"]
]

const cut = "…"

/** Replaces one character in each remaining match, so that a name or a path stays recognisable. */
const defused = (text: string): string => {
  let result = text
  for (const pattern of passingFaults) {
    for (let found = pattern.exec(result); found !== null; found = pattern.exec(result)) {
      const middle = found.index + Math.floor(found[0].length / 2)
      result = `${result.slice(0, middle)}${cut}${result.slice(middle + 1)}`
    }
  }
  return result
}

/** Rewords a text so that opencode shows it at once. */
export const inPermanentWords = (text: string): string =>
  defused(otherWords.reduce((result, [pattern, words]) => result.replace(pattern, words), text))

/** `ConfigInvalid` for opencode's merged configuration, which has no single file and line. */
export const configInvalid = (problem: string, remedy: string): ConfigInvalid =>
  new ConfigInvalid({ file: "opencode", line: 0, column: 0, problem, remedy })

/** The remedy, in words that fit a chat. */
const remedyOf = (error: ApiKeyError): string => {
  switch (error._tag) {
    case "ProviderClosed":
      return "Restart opencode."
    case "NoTerminal":
      return "opencode gives its terminal to no command. Run the command once in another terminal, or use a login that needs no user."
    default:
      return inJsonWords(error.remedy)
  }
}

/** The provider, what failed, and what to do. It never quotes the helper's output. */
export const plainMessage = (provider: string, error: ApiKeyError): string =>
  `No API key for provider "${provider}": ${sentence(error.message)} ${sentence(remedyOf(error))}`

const sentence = (text: string): string => (/[.!?]$/.test(text) ? text : `${text}.`)

export const chatMessage = (provider: string, error: ApiKeyError): string =>
  inPermanentWords(plainMessage(provider, error))
