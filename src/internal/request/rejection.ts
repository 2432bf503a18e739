/** Which responses mean that the server rejected the key, and what follows: the same for promises and for Effects. */

import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import { atOrigin, type Provider } from "../model/provider.js"
import type { RefusalRule, RefusedWhen } from "../model/refusal.js"
import { lookUp } from "../util/pointer.js"
import { knownPermissionErrors, knownRefusals } from "./refusals.js"

/** The status and the headers of a response. */
export interface ResponseHead {
  readonly status: number
  readonly header: (name: string) => string | undefined
}

/** Whether the key was rejected. If that depends on the body: what judges its beginning. */
export type Verdict = boolean | ((text: string) => boolean)

export type Judge = (head: ResponseHead) => Verdict

/** The known rules, and those of the configuration. */
export const makeJudge = (own: RefusedWhen): Judge => {
  const rules = own.length === 0 ? knownRefusals : [...knownRefusals, ...own]
  return (head) => {
    const matching = rules.filter((rule) => matchesHead(rule, head))
    if (matching.some(({ body }) => body === undefined)) return true
    const challenge = challengeErrors(head)
    if (head.status === 403 && challenge.includes("invalid_token")) return true
    if (head.status !== 401 || challenge.includes("insufficient_scope")) return byBody(matching)
    // Only JSON can say that it is a permission error.
    return isJson(head) ? (text) => anyBody(matching, text) || !anyBody(knownPermissionErrors, text) : true
  }
}

// --- the tests of a rule

const matchesHead = (rule: RefusalRule, { header, status }: ResponseHead): boolean =>
  rule.status === status && (rule.header === undefined || matches(rule.header, header(rule.header.name.toLowerCase())))

interface Test {
  readonly value?: unknown
  readonly contains?: string
}

const matches = ({ contains, value }: Test, found: unknown): boolean =>
  contains === undefined ? value === found : typeof found === "string" && found.includes(contains)

const byBody = (rules: ReadonlyArray<RefusalRule>): Verdict =>
  rules.length === 0 ? false : (text) => anyBody(rules, text)

/** Parses the body once. A body that was cut is no JSON, so that only `contains` can match. */
const anyBody = (rules: ReadonlyArray<RefusalRule>, text: string): boolean => {
  const json = rules.some(({ body }) => body?.pointer !== undefined) ? Option.getOrUndefined(parse(text)) : undefined
  return rules.some(({ body }) => {
    if (body?.pointer === undefined) return body !== undefined && matches(body, text)
    return matches(body, Option.getOrUndefined(lookUp(json, body.pointer)))
  })
}

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

const isJson = ({ header }: ResponseHead): boolean => /[/+]json\b/i.test(header("content-type") ?? "")

/** A parameter of a challenge. A name begins only where no name goes on, so that the time is linear. */
const parameter = /(?<![\w-])([\w-]+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,"]*))/g

/** The `error` of each challenge in `WWW-Authenticate` (RFC 6750, section 3). Its description may name other errors. */
const challengeErrors = ({ header }: ResponseHead): ReadonlyArray<string> =>
  Array.from((header("www-authenticate") ?? "").matchAll(parameter), ([, name, quoted, plain]) =>
    name?.toLowerCase() === "error" ? (quoted ?? plain ?? "") : ""
  )

// --- what follows

/**
 * Rejects the key, and gets another one if the request can be sent again. A failure of the provider is ignored, because the
 * server's response explains more.
 */
export const rejectAndReplace = (
  provider: Provider,
  rejected: ApiKey,
  origin: string,
  canBeSentAgain: boolean
): Effect.Effect<Option.Option<ApiKey>> =>
  Effect.zipRight(
    provider.reject(rejected, { origin }),
    canBeSentAgain
      ? Effect.map(
          Effect.option(atOrigin(provider.get, origin)),
          Option.filter((key) => !Equal.equals(key, rejected))
        )
      : Effect.succeedNone
  )

/** Tells the provider of a key's first success at an origin. A later one costs two comparisons. */
export const makeAcceptance = (provider: Provider): Acceptance => {
  let lastKey: ApiKey | undefined
  let lastOrigin: string | undefined
  return {
    noted: (response, key, origin) => {
      if ((key === lastKey && origin === lastOrigin) || !isSuccess(response)) return response
      lastKey = key
      lastOrigin = origin
      provider.accepted?.(key, { origin })
      return response
    },
    forget: () => {
      lastKey = undefined
    }
  }
}

interface Acceptance {
  /** The response to a request that carried the key, as it is. */
  readonly noted: <R extends { readonly status: number }>(response: R, key: ApiKey, origin: string) => R
  /** The key was rejected, so its next success counts as its first. */
  readonly forget: () => void
}

const isSuccess = ({ status }: { readonly status: number }): boolean => status >= 200 && status < 300

// --- the body of a `Response`

/** How much of a body is read. */
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
    for (let left = maxPeekedBytes; left > 0; ) {
      const { done, value } = await reader.read()
      if (done) return
      text += decoder.decode(value.subarray(0, left), { stream: true })
      left -= value.length
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
