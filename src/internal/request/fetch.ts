/**
 * The `fetch` behind every seam that takes one: the current key in each request, one more try with another key when it was
 * refused, redirects followed here so that no key leaves its origin. Promises only: libraries call it, not Effects.
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../../ApiKey.js"
import { type ConfigInvalid, isApiKeyError } from "../../ApiKeyError.js"
import { type Provider, peekOf } from "../model/provider.js"
import { runPromise } from "../util/fiber.js"
import { changed, type Fetch, type Fields, fieldsOf, isPlain, nothingSent, type Rule } from "./headers.js"
import { originOf, warningOnce } from "./origin.js"
import { type Held, heldIn, isSame, locator, namesOf, type Place, withoutPlaceholder } from "./placeholder.js"
import { firstHop, follow, withHeaders } from "./redirect.js"
import { answerOf, bodyRule, isRejectedAnswer, peekText } from "./rejection.js"
import { asRead, type Hop, type Template, templateOf } from "./replay.js"
import { credentialHeaders, headersFor, type Scheme, thrown } from "./scheme.js"

export interface AuthorizedFetchOptions {
  /** None: every request that holds the placeholder in a header carries the key, for SDKs that do not tell their base URLs. */
  readonly baseUrl: string | URL | undefined
  /** Where there is no base URL: whether a request that holds the placeholder goes where its key belongs. Default: yes. */
  readonly isForKey?: ((url: URL, headers: Headers) => boolean) | undefined
  readonly scheme?: Scheme | undefined
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  readonly fetch?: Fetch | undefined
  /** Puts the key in where headers are not enough (a signature). */
  readonly authorize?: ((key: ApiKey, request: SignableRequest) => Promise<Headers>) | undefined
  /** A key that was got for this very request before. */
  readonly keyAhead?: ((init: RequestInit | undefined) => ApiKey | undefined) | undefined
}

/** What is about to be sent, as far as a signature covers it. */
export interface SignableRequest {
  readonly url: URL
  readonly method: string
  readonly headers: Headers
  readonly body: unknown
}

export const authorizedFetch = (
  provider: Provider,
  options: AuthorizedFetchOptions,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): Fetch => {
  const send: Fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  const base: Either.Either<string, ConfigInvalid> | undefined =
    options.baseUrl === undefined ? undefined : originOf(options.baseUrl)

  const isForKey = ({ origin, url }: Place, given: Fields, held: Held): boolean => {
    if (base !== undefined) return Either.getOrThrowWith(base, (error) => error) === origin
    if (held.length === 0 || Either.isLeft(originOf(url))) return false
    return options.isForKey?.(url, new Headers(given)) !== false
  }

  const hit = (): ApiKey | undefined => peek(clock.unsafeCurrentTimeMillis())
  const get = (signal: AbortSignal | undefined): Promise<ApiKey> => runPromise(runtime, provider.get, signal)
  /** Without another key the server's answer is the better explanation, so the provider's error is not raised here. */
  const getAnother = async (refused: ApiKey, signal: AbortSignal | undefined): Promise<ApiKey | undefined> => {
    try {
      await runPromise(runtime, provider.reject(refused), signal)
      const key = hit() ?? (await get(signal))
      return Equal.equals(key, refused) ? undefined : key
    } catch (error) {
      if (isApiKeyError(error)) return undefined
      throw error
    }
  }

  const locate = locator()
  const made = new WeakMap<ApiKey, Made>()
  /** The headers of a key are the same in every request, as long as the requests' own hold the placeholder in the same way. */
  const madeOf = (key: ApiKey, held: Held): Made => {
    const known = typeof options.scheme === "function" ? undefined : made.get(key)
    if (known !== undefined && isSame(known.held, held)) return known
    const rule = Either.getOrThrowWith(headersFor(key, options.scheme, held), (error) => error)
    const making: Made = { held, rule, names: Array.from(rule.keys()) }
    made.set(key, making)
    return making
  }

  /** What is sent with the key: a copy of the headers given, less those named. */
  const authorize = (
    key: ApiKey,
    { body }: Template,
    { url, method, headers, keepsBody }: Hop,
    held: Held,
    dropped: ReadonlyArray<string>
  ): Sending | Promise<Sending> => {
    if (options.authorize !== undefined) {
      return options
        .authorize(key, { url, method, body: keepsBody ? body : undefined, headers: new Headers(headers) })
        .then((signed) => ({ headers: signed, names: credentialHeaders, rule: nothingSent }))
    }
    const { rule, names } = madeOf(key, held)
    return { headers: changed(headers, dropped, rule), names, rule }
  }

  /** Nothing where the other key cannot be sent: the server's answer is the better explanation. */
  const authorizeAgain: (...args: Parameters<typeof authorize>) => Promise<Sending | undefined> = async (...args) => {
    try {
      return await authorize(...args)
    } catch (error) {
      if (isApiKeyError(error)) return undefined
      throw error
    }
  }

  const isRejection = async (
    answer: Response,
    { rule }: Sending,
    signal: AbortSignal | undefined
  ): Promise<boolean> => {
    if (options.isRejection !== undefined) return judged(options.isRejection, answer, signal)
    const said = answerOf(answer)
    if (isRejectedAnswer(said)) return true
    const inBody = bodyRule(said, rule)
    if (inBody === undefined) return false
    const text = await peekText(answer, signal)
    if (signal?.aborted) {
      answer.body?.cancel().catch(() => undefined)
      throw signal.reason
    }
    return inBody.test(text)
  }

  const authorized: Fetch = async (input, init) => {
    if (init !== undefined && init !== null && !isPlain(init)) return authorized(...asRead(input, init))
    const at = locate(input instanceof Request ? input.url : input)
    const given = fieldsOf(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const held = heldIn(given)
    if (!isForKey(at, given, held)) return send(...withoutPlaceholder(input, init, at, given, held))
    const warning = warningOnce(at.origin)
    if (warning !== undefined) process.emitWarning(warning, { type: "ApiKeyWarning" })

    const template = templateOf(input, init, at.cleaned, given)
    const { signal } = template
    signal?.throwIfAborted()
    const known = options.keyAhead?.(init) ?? hit()
    // What the caller does with its headers while this waits does not count.
    const waits = known === undefined || options.authorize !== undefined
    const asked = firstHop(template, waits ? changed(template.headers, [], nothingSent) : template.headers)
    const key = known ?? (await get(signal))
    // Whatever stands for a key in the library's own headers must not go out beside the real one.
    const authorizing = authorize(key, template, asked, held, namesOf(held))
    const sending = authorizing instanceof Promise ? await authorizing : authorizing
    const hop = withHeaders(asked, sending.headers)
    const first = await template.send(send, hop)
    if (first.ok && options.isRejection === undefined) return first
    const { answer, carried, pending } = await follow(send, template, hop, first, sending.names)
    if (answer.ok && options.isRejection === undefined) return answer
    // Another origin, where a redirect led, has not seen the key and cannot refuse it.
    if (!carried || !(await isRejection(answer, sending, signal))) return answer
    if (pending.keepsBody && !template.canBeSentAgain) {
      await runPromise(runtime, provider.reject(key), signal)
      return answer
    }
    const another = await getAnother(key, signal)
    if (another === undefined) return answer
    const again = await authorizeAgain(another, template, pending, held, sending.names)
    if (again === undefined) return answer
    // Not awaited: where `isRejection` has cloned the answer, this ends only with the clone.
    answer.body?.cancel().catch(() => undefined)
    const anew = withHeaders(pending, again.headers)
    const last = await follow(send, template, anew, await template.send(send, anew), again.names)
    if (last.carried && (await isRejection(last.answer, again, signal))) {
      await runPromise(runtime, provider.reject(another), signal)
    }
    return last.answer
  }
  return authorized
}

const judged = async (
  isRejection: NonNullable<AuthorizedFetchOptions["isRejection"]>,
  answer: Response,
  signal: AbortSignal | undefined
): Promise<boolean> => {
  try {
    return await isRejection(answer)
  } catch {
    answer.body?.cancel().catch(() => undefined)
    // What it reads is cut by an abort.
    signal?.throwIfAborted()
    throw thrown("isRejection")
  }
}

interface Made {
  readonly held: Held
  readonly rule: Rule
  readonly names: ReadonlyArray<string>
}

/** The headers of a request, which of them are there because of the key, and those that tell which rule an answer falls under. */
interface Sending {
  readonly headers: Fields
  readonly names: ReadonlyArray<string>
  readonly rule: Rule
}
