/**
 * The `fetch` of every SDK module that takes one. Each request carries the current key. If the server rejects the key, the
 * request is sent once more with another. Redirects are followed here, so that no key is sent to another origin.
 *
 * It works with promises, because libraries call it.
 */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../../ApiKey.js"
import { type ConfigInvalid, isApiKeyError } from "../../ApiKeyError.js"
import { atOrigin, type Provider, peekOf } from "../model/provider.js"
import { checkedRefusedWhen, type RefusedWhen } from "../model/refusal.js"
import { runPromise } from "../util/fiber.js"
import {
  callbackThrew,
  changed,
  type Fetch,
  type Fields,
  fieldsOf,
  isPlain,
  type KeyHeaders,
  noKeyHeaders
} from "./headers.js"
import { originOf, warningOnce } from "./origin.js"
import {
  isSame,
  makeTargetReader,
  namesOf,
  type PlaceholderHeaders,
  placeholderHeadersIn,
  type RequestTarget,
  withoutPlaceholder
} from "./placeholder.js"
import { type Followed, firstHop, follow, withHeaders } from "./redirect.js"
import { type Judge, makeAcceptance, makeJudge, peekText, rejectAndReplace } from "./rejection.js"
import { asRead, type Hop, type ReplayableRequest, replayable } from "./replay.js"
import { type HeaderScheme, headersFor, isSigner, type Scheme, type Signer, signedHeaders } from "./scheme.js"

export interface AuthorizedFetchOptions {
  /** Without it, every request with the placeholder in a header carries the key: for SDKs whose base URL is unknown. */
  readonly baseUrl: string | URL | undefined
  /** Whether such a request carries the key. Default: yes. */
  readonly isForKey?: ((url: URL, headers: Headers) => boolean) | undefined
  readonly scheme?: Scheme | undefined
  /** Beside the known responses and those of the provider. */
  readonly refusedWhen?: RefusedWhen | undefined
  /** Decides alone. */
  readonly isRejection?: ((response: Response) => boolean | Promise<boolean>) | undefined
  readonly fetch?: Fetch | undefined
  /** A key that was fetched for this request before. */
  readonly preflightKey?: ((init: RequestInit | undefined) => ApiKey | undefined) | undefined
}

export const authorizedFetch = (
  provider: Provider,
  options: AuthorizedFetchOptions,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): Fetch => {
  const send: Fetch = (input, init) => (options.fetch ?? globalThis.fetch)(input, init)
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  const judge = judgeOf(provider, options)
  const isForKey = originCheck(options, judge)
  const authorize = isSigner(options.scheme) ? signing(options.scheme, runtime) : byHeaders(options.scheme)
  const isRejection = makeIsRejection(options, judge)
  const acceptance = makeAcceptance(provider)
  const readTarget = makeTargetReader()

  /** The response to the request with another key. Without another key, or if the body is used up, the first response. */
  const replay = async (
    key: ApiKey,
    request: ReplayableRequest,
    { response, replayFrom }: Followed,
    placeholders: PlaceholderHeaders,
    names: ReadonlyArray<string>
  ): Promise<Response> => {
    const { signal } = request
    const { origin } = request.url
    const canBeSentAgain = request.canBeSentAgain || !replayFrom.keepsBody
    acceptance.forget()
    const another = Option.getOrUndefined(
      await runPromise(runtime, rejectAndReplace(provider, key, origin, canBeSentAgain), signal)
    )
    if (another === undefined) return response
    const authorized = await unlessApiKeyError(async () => authorize(another, request, replayFrom, placeholders, names))
    if (authorized === undefined) return response
    // Not awaited: if `isRejection` has cloned the response, this ends only when the clone does.
    response.body?.cancel().catch(() => undefined)
    const hop = withHeaders(replayFrom, authorized.headers)
    const last = await follow(send, request, hop, await request.send(send, hop), authorized.names)
    if (!last.sentKey) return last.response
    if (!(await isRejection(last.response, signal))) return acceptance.noted(last.response, another, origin)
    await runPromise(runtime, provider.reject(another, { origin }), signal)
    return last.response
  }

  const authorizedFetch: Fetch = async (input, init) => {
    if (init !== undefined && init !== null && !isPlain(init)) return authorizedFetch(...asRead(input, init))
    const target = readTarget(input instanceof Request ? input.url : input)
    const given = fieldsOf(init?.headers ?? (input instanceof Request ? input.headers : undefined))
    const placeholders = placeholderHeadersIn(given)
    if (!isForKey(target, given, placeholders)) {
      return send(...withoutPlaceholder(input, init, target, given, placeholders))
    }
    const warning = warningOnce(target.origin)
    if (warning !== undefined) process.emitWarning(warning, { type: "ApiKeyWarning" })

    const request = replayable(input, init, target.cleaned, given)
    const { signal } = request
    signal?.throwIfAborted()
    const known = options.preflightKey?.(init) ?? peek(clock.unsafeCurrentTimeMillis())
    // The caller may change its headers while this waits.
    const waits = known === undefined || isSigner(options.scheme)
    const asked = firstHop(request, waits ? changed(request.headers, [], noKeyHeaders) : request.headers)
    const key = known ?? (await runPromise(runtime, atOrigin(provider.get, target.origin), signal))
    // The placeholder in the library's own headers must not be sent beside the key.
    const authorizing = authorize(key, request, asked, placeholders, namesOf(placeholders))
    const authorized = authorizing instanceof Promise ? await authorizing : authorizing
    const hop = withHeaders(asked, authorized.headers)
    const first = await request.send(send, hop)
    if (first.ok && options.isRejection === undefined) return acceptance.noted(first, key, target.origin)
    const followed = await follow(send, request, hop, first, authorized.names)
    const { response, sentKey } = followed
    // Another origin, after a redirect, has not seen the key and can neither reject nor accept it.
    if (!sentKey) return response
    return (await isRejection(response, signal))
      ? replay(key, request, followed, placeholders, authorized.names)
      : acceptance.noted(response, key, target.origin)
  }
  return authorizedFetch
}

// --- where the key goes

type IsForKey = (target: RequestTarget, given: Fields, placeholders: PlaceholderHeaders) => boolean

/** Throws for wrong options, so that nothing is sent. */
const originCheck = (
  { baseUrl, isForKey }: AuthorizedFetchOptions,
  judge: Either.Either<Judge, ConfigInvalid>
): IsForKey => {
  const base: Either.Either<string, ConfigInvalid> | undefined = baseUrl === undefined ? undefined : originOf(baseUrl)
  return ({ origin, url }, given, placeholders) => {
    if (base === undefined) {
      if (placeholders.length === 0 || Either.isLeft(originOf(url))) return false
    } else if (Either.getOrThrowWith(base, (error) => error) !== origin) return false
    Either.getOrThrowWith(judge, (error) => error)
    return isForKey === undefined || isForKey(url, new Headers(given))
  }
}

// --- the key in the headers

/** The headers of a request, the names of those that carry the key, and the latter themselves. */
interface Authorized {
  readonly headers: Fields
  readonly names: ReadonlyArray<string>
  readonly keyHeaders: KeyHeaders
}

/** The headers of a key are the same in every request whose own headers hold the placeholder in the same way. */
interface CachedHeaders {
  readonly placeholders: PlaceholderHeaders
  readonly keyHeaders: KeyHeaders
  readonly names: ReadonlyArray<string>
}

/** The headers to send: a copy of the hop's without those in `dropped`, and with the key. */
type Authorize = (
  key: ApiKey,
  request: ReplayableRequest,
  hop: Hop,
  placeholders: PlaceholderHeaders,
  dropped: ReadonlyArray<string>
) => Authorized | Promise<Authorized>

/** The signer sees the library's own headers, without an earlier key's. */
const signing =
  (signer: Signer, runtime: Runtime.Runtime<never>): Authorize =>
  async (key, { body, signal }, { url, method, headers, keepsBody }, placeholders, dropped) => {
    const given = new Headers(changed(headers, dropped, new Map(placeholders)))
    const request = { url, method, headers: given, body: keepsBody ? body : undefined }
    const keyHeaders = await runPromise(runtime, signedHeaders(key, signer, request), signal)
    return { headers: changed(headers, dropped, keyHeaders), names: Array.from(keyHeaders.keys()), keyHeaders }
  }

const byHeaders = (scheme: HeaderScheme | undefined): Authorize => {
  const cache = new WeakMap<ApiKey, CachedHeaders>()
  const cachedHeaders = (key: ApiKey, placeholders: PlaceholderHeaders): CachedHeaders => {
    const known = cache.get(key)
    if (known !== undefined && isSame(known.placeholders, placeholders)) return known
    const keyHeaders = Either.getOrThrowWith(headersFor(key, scheme, placeholders), (error) => error)
    const made: CachedHeaders = { placeholders, keyHeaders, names: Array.from(keyHeaders.keys()) }
    cache.set(key, made)
    return made
  }
  return (key, _, { headers }, placeholders, dropped) => {
    const { keyHeaders, names } = cachedHeaders(key, placeholders)
    return { headers: changed(headers, dropped, keyHeaders), names, keyHeaders }
  }
}

/** `undefined` if the other key cannot be sent: the server's response explains more. */
const unlessApiKeyError = async <A>(run: () => Promise<A>): Promise<A | undefined> => {
  try {
    return await run()
  } catch (error) {
    if (isApiKeyError(error)) return undefined
    throw error
  }
}

// --- whether the key was rejected

type IsRejection = (response: Response, signal: AbortSignal | undefined) => Promise<boolean>

const judgeOf = (
  { refusedWhen = [] }: Provider,
  options: AuthorizedFetchOptions
): Either.Either<Judge, ConfigInvalid> =>
  Either.map(checkedRefusedWhen(options.refusedWhen), (own) => makeJudge([...refusedWhen, ...own]))

const makeIsRejection =
  ({ isRejection }: AuthorizedFetchOptions, judge: Either.Either<Judge, ConfigInvalid>): IsRejection =>
  async (response, signal) => {
    if (isRejection !== undefined) return askCallback(isRejection, response, signal)
    if (response.ok) return false
    const { status, headers } = response
    const verdict = Either.getOrThrowWith(
      judge,
      (error) => error
    )({ status, header: (name) => headers.get(name) ?? undefined })
    if (typeof verdict === "boolean") return verdict
    const text = await peekText(response, signal)
    if (signal?.aborted) {
      response.body?.cancel().catch(() => undefined)
      throw signal.reason
    }
    return verdict(text)
  }

const askCallback = async (
  isRejection: NonNullable<AuthorizedFetchOptions["isRejection"]>,
  response: Response,
  signal: AbortSignal | undefined
): Promise<boolean> => {
  try {
    return await isRejection(response)
  } catch {
    response.body?.cancel().catch(() => undefined)
    // An abort ends what it reads.
    signal?.throwIfAborted()
    throw callbackThrew("isRejection")
  }
}
