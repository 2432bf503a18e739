/**
 * A transform for @effect/platform's `HttpClient`: every request carries the current key, and one that is refused for it is
 * sent once more with a fresh one.
 *
 * @since 0.1.0
 */

import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../ApiKey.js"
import type { ApiKeyError, ConfigInvalid } from "../ApiKeyError.js"
import { inCode } from "../internal/model/configInvalid.js"
import type { Provider } from "../internal/model/provider.js"
import { callbackThrew } from "../internal/request/errors.js"
import type { Fetch, KeyHeaders } from "../internal/request/headers.js"
import { keepAtOrigin } from "../internal/request/keepAtOrigin.js"
import { originOf, warningOnce, withBaseUrl } from "../internal/request/origin.js"
import { placeholder, withoutPlaceholderIn } from "../internal/request/placeholder.js"
import { executeWatched, inScopeOf, type Stages, stagesOf } from "../internal/request/platformInternals.js"
import {
  cancel,
  headOf,
  isSentOnce,
  keyAtOrigin,
  placeholdersIn,
  signableOf,
  toOtherOrigin,
  urlOf,
  withoutPlaceholders
} from "../internal/request/platformRequest.js"
import { isStatus, redacted, withResponse } from "../internal/request/redactedResponse.js"
import { judgeHead, peekText, rejectAndReplace } from "../internal/request/rejection.js"
import type { Hop } from "../internal/request/replay.js"
import { type Authorization, headersFor, isSigner, signedHeaders } from "../internal/request/scheme.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options extends Authorization {
  /**
   * Which answers mean that the key was refused. Default: 401, 403 with `invalid_token` (RFC 6750) or `ExpiredToken` (AWS),
   * and where the key went as `x-goog-api-key` 400 with `API_KEY_INVALID`. Yours goes by status and headers; where it throws, that
   * is a `ConfigInvalid`.
   */
  readonly isRejection?: ((response: HttpClientResponse.HttpClientResponse) => boolean) | undefined
}

/**
 * A client that authorizes its requests. An `ApiKeyError` keeps its own type in the error channel.
 *
 * @example
 * ```ts
 * import * as HttpClient from "@effect/platform/HttpClient"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as ApiKeyHttpClient from "effect-apikey/sdk/HttpClient"
 * import * as Effect from "effect/Effect"
 *
 * export const models = Effect.gen(function* () {
 *   const provider = yield* ApiKeyProvider.ApiKeyProvider
 *   const client = (yield* HttpClient.HttpClient).pipe(
 *     ApiKeyHttpClient.withApiKey(provider, { baseUrl: "https://api.openai.com" })
 *   )
 *   return yield* client.get("https://api.openai.com/v1/models")
 * })
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const withApiKey =
  (provider: Provider, options: Options) =>
  <E, R>(client: HttpClient.HttpClient.With<E, R>): HttpClient.HttpClient.With<E | ApiKeyError, R> => {
    const home = originOf(withBaseUrl(options).baseUrl)
    const { preprocess, postprocess: execute } = stagesOf(client)
    const headersOf = (request: HttpClientRequest.HttpClientRequest, url: URL, key: ApiKey, from?: Hop) => {
      const { scheme } = options
      return isSigner(scheme)
        ? signedHeaders(key, scheme, signableOf(request, url, from))
        : headersFor(key, scheme, placeholdersIn(request))
    }

    return HttpClient.makeWith<E, R, E | ApiKeyError, R>(
      (preprocessed) =>
        Effect.flatMap(preprocessed, (given) =>
          Effect.gen(function* () {
            const origin = yield* home
            const url = urlOf(given)
            if (url?.origin !== origin) {
              return yield* execute(Effect.succeed(withoutPlaceholders(yield* toOtherOrigin(given, url))))
            }
            const warning = warningOnce(origin)
            if (warning !== undefined) yield* Effect.logWarning(warning)
            const cleaned = withoutPlaceholderIn(url)
            const request = cleaned === url ? given : HttpClientRequest.setUrl(given, cleaned)
            const send = (keyHeaders: KeyHeaders, from?: Hop) =>
              sendWithKey(execute, options, { request, keyHeaders, origin, from })
            const key = yield* provider.get
            const first = yield* send(yield* headersOf(request, cleaned, key))
            if (!first.rejected) return yield* first.outcome
            const another = yield* rejectAndReplace(provider, key, !isSentOnce(request.body))
            if (Option.isNone(another)) return yield* first.outcome
            // With a key that cannot be sent, the server's response is the better explanation.
            const keyHeaders = yield* Effect.either(headersOf(request, cleaned, another.value, first.replayFrom))
            if (Either.isLeft(keyHeaders)) return yield* first.outcome
            yield* cancel(first.response)
            first.end()
            const second = yield* send(keyHeaders.right, first.replayFrom)
            if (second.rejected) yield* provider.reject(another.value)
            return yield* second.outcome
          })
        ),
      preprocess
    )
  }

/**
 * The same for a client whose errors can only be `HttpClientError`s, as @effect/ai's transforms want it: an `ApiKeyError`
 * becomes the cause of a `RequestError` that no retry takes for a network fault. `ApiKeyError.fromCause` finds it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withApiKeyAsRequestError =
  (provider: Provider, options: Options) =>
  (client: HttpClient.HttpClient): HttpClient.HttpClient => {
    const { preprocess } = stagesOf(client)
    const { postprocess } = stagesOf(withApiKey(provider, options)(client))
    return HttpClient.makeWith<HttpClientError, never, HttpClientError, never>(
      (preprocessed) =>
        Effect.flatMap(preprocessed, (request) =>
          Effect.mapError(postprocess(Effect.succeed(request)), (error) =>
            error._tag === "RequestError" || error._tag === "ResponseError"
              ? error
              : new RequestError({
                  request,
                  reason: "Encode",
                  cause: error,
                  description: `${error.message}. ${error.hint}`
                })
          )
        ),
      preprocess
    )
  }

// --- one try

interface Try {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly keyHeaders: KeyHeaders
  readonly origin: string
  /** What there is to send once more, where redirects have made something else of the request. */
  readonly from: Hop | undefined
}

/** What came of it: the outcome is the response, or the error that a client below has made of it. */
interface Tried<E> {
  readonly rejected: boolean
  readonly response: HttpClientResponse.HttpClientResponse
  readonly outcome: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
  readonly replayFrom: Hop | undefined
  readonly end: () => void
}

const sendWithKey = <E, R>(
  execute: Stages<E, R>["postprocess"],
  { isRejection }: Options,
  { from, keyHeaders, origin, request }: Try
): Effect.Effect<Tried<E>, E | ConfigInvalid, R> =>
  Effect.suspend(() => {
    const names = Array.from(keyHeaders.keys())
    // The key follows where it is seen that it goes home: what is overlooked cannot take it elsewhere.
    const authorized = HttpClientRequest.setHeaders(
      withoutPlaceholders(request),
      names.map((name) => [name, placeholder] as const)
    )
    const end = inScopeOf(request, authorized)
    let sentKey: boolean | undefined
    let replayFrom: Hop | undefined
    const onFetched = (carriesKey: boolean, rest?: Hop): void => {
      sentKey = carriesKey
      replayFrom = rest
    }
    const watch = {
      onSend: keyAtOrigin(origin, authorized, keyHeaders, (carriesKey) => {
        sentKey = carriesKey
      }),
      guardFetch: (fetch: Fetch) => keepAtOrigin(fetch, keyHeaders, origin, onFetched, from)
    }
    const judged = (response: HttpClientResponse.HttpClientResponse) => {
      // Answered below (a cache, a fake), or sent by a client that nobody sees through: without the key.
      if (sentKey === undefined && denied.has(response.status)) {
        return Effect.zipRight(cancel(response), Effect.fail(overlooked()))
      }
      // Another origin, where a redirect led, has not seen the key and cannot reject it.
      return sentKey === true ? judge(isRejection, response, keyHeaders) : Effect.succeed({ rejected: false, response })
    }
    const tried = (
      { rejected, response }: Judged,
      outcome: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
    ): Tried<E> => ({ rejected, response, outcome, replayFrom, end })
    return executeWatched(execute, authorized, watch).pipe(
      (self) => redacted(self, request, names),
      Effect.matchEffect({
        onSuccess: (response): Effect.Effect<Tried<E>, E | ConfigInvalid> =>
          Effect.map(judged(response), (verdict) => tried(verdict, Effect.succeed(verdict.response))),
        // `filterStatusOk` below has made an error of the response.
        onFailure: (error): Effect.Effect<Tried<E>, E | ConfigInvalid> =>
          isStatus(error)
            ? Effect.map(judged(error.response), (verdict) =>
                tried(verdict, Effect.fail(withResponse(error, verdict.response)))
              )
            : Effect.fail(error)
      })
    )
  })

/** What a server says that wants a key. */
const denied: ReadonlySet<number> = new Set([401, 403])

const overlooked = (): ConfigInvalid =>
  inCode(
    "a client below `withApiKey` sends its requests unseen, so they are sent without the key",
    "Use a client made with `HttpClient.make`, and put a `withTracerDisabledWhen` of your own above `followRedirects`, or above `withApiKey`."
  )

// --- whether the key was rejected

/** The response is unread. */
interface Judged {
  readonly rejected: boolean
  readonly response: HttpClientResponse.HttpClientResponse
}

const judge = (
  isRejection: Options["isRejection"],
  response: HttpClientResponse.HttpClientResponse,
  sent: KeyHeaders
): Effect.Effect<Judged, ConfigInvalid> => {
  if (isRejection !== undefined) {
    return Effect.map(
      Effect.try({ try: () => isRejection(response), catch: () => callbackThrew("isRejection") }),
      (rejected) => ({ rejected, response })
    )
  }
  const verdict = judgeHead(headOf(response), sent)
  if (typeof verdict === "boolean") return Effect.succeed({ rejected: verdict, response })
  return Effect.flatMap(Stream.toReadableStreamEffect(response.stream), (body) => {
    const { headers, request, status } = response
    const web = new Response(body, { status, headers })
    return Effect.map(
      Effect.onInterrupt(
        Effect.promise((signal) => peekText(web, signal)),
        // Nobody is left to read it.
        () => Effect.sync(() => void web.body?.cancel().catch(() => undefined))
      ),
      (text) => ({ rejected: verdict.test(text), response: HttpClientResponse.fromWeb(request, web) })
    )
  })
}
