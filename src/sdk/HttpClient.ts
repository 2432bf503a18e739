/**
 * A transform for @effect/platform's `HttpClient`: every request carries the current key. If the server rejects the key, the
 * request is sent once more with a new key.
 *
 * @since 0.1.0
 */

import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { dual } from "effect/Function"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { ApiKey } from "../ApiKey.js"
import type { ApiKeyError, ConfigInvalid } from "../ApiKeyError.js"
import { inCode } from "../internal/model/options.js"
import { atOrigin, httpOrigin, type Provider } from "../internal/model/provider.js"
import { checkedRefusedWhen, type RefusedWhen } from "../internal/model/refusal.js"
import type { Fetch, KeyHeaders } from "../internal/request/headers.js"
import { callbackThrew } from "../internal/request/headers.js"
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
import { type Judge, makeAcceptance, makeJudge, peekText, rejectAndReplace } from "../internal/request/rejection.js"
import type { Hop } from "../internal/request/replay.js"
import { type Authorization, headersFor, isSigner, signedHeaders } from "../internal/request/scheme.js"

/**
 * The destination of the key, and when it counts as rejected.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options extends Authorization {
  /** Which responses, beside the known ones, mean that the server rejected the key. */
  readonly refusedWhen?: RefusedWhen | undefined
  /**
   * Which responses mean that the server rejected the key, instead of the known ones and of `refusedWhen`. The known ones are
   * in docs/guides/fetch-and-promise.md: 401, and what vendors answer in its place.
   *
   * The function sees the status and the headers. If it throws, the request fails with `ConfigInvalid`.
   */
  readonly isRejection?: ((response: HttpClientResponse.HttpClientResponse) => boolean) | undefined
}

/**
 * Puts the current key in the client's requests to the origin of `baseUrl`.
 *
 * A request fails with the provider's `ApiKeyError` if there is no key to send. The error keeps its type in the error
 * channel.
 *
 * `HttpClient.followRedirects` works on both sides of `withApiKey`. Prefer `withApiKey` outermost: then a request that a
 * redirect has led to another origin never gets the key back.
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
export const withApiKey: {
  (
    provider: Provider,
    options: Options
  ): <E, R>(client: HttpClient.HttpClient.With<E, R>) => HttpClient.HttpClient.With<E | ApiKeyError, R>
  <E, R>(
    client: HttpClient.HttpClient.With<E, R>,
    provider: Provider,
    options: Options
  ): HttpClient.HttpClient.With<E | ApiKeyError, R>
} = dual(
  3,
  <E, R>(
    client: HttpClient.HttpClient.With<E, R>,
    provider: Provider,
    options: Options
  ): HttpClient.HttpClient.With<E | ApiKeyError, R> => {
    const { baseUrl, refusedWhen } = withBaseUrl(options)
    const home = originOf(baseUrl)
    const judge = Either.map(checkedRefusedWhen(refusedWhen), (own) =>
      makeJudge([...(provider.refusedWhen ?? []), ...own])
    )
    const acceptance = makeAcceptance(provider)
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
            if (url === undefined || httpOrigin(url) !== origin) {
              return yield* execute(Effect.succeed(withoutPlaceholders(yield* toOtherOrigin(given, url))))
            }
            const rules = { isRejection: options.isRejection, judge: yield* judge }
            const warning = warningOnce(origin)
            if (warning !== undefined) yield* Effect.logWarning(warning)
            const cleaned = withoutPlaceholderIn(url)
            const request = cleaned === url ? given : HttpClientRequest.setUrl(given, cleaned)
            const send = (key: ApiKey, keyHeaders: KeyHeaders, from?: Hop) =>
              sendWithKey(execute, rules, {
                request,
                keyHeaders,
                origin,
                from,
                onAccepted: (response) => acceptance.noted(response, key, origin)
              })
            const key = yield* atOrigin(provider.get, origin)
            const first = yield* send(key, yield* headersOf(request, cleaned, key))
            if (!first.rejected) return yield* first.outcome
            acceptance.forget()
            const another = yield* rejectAndReplace(provider, key, origin, !isSentOnce(request.body))
            if (Option.isNone(another)) return yield* first.outcome
            // If the new key cannot be sent, the server's response explains more.
            const keyHeaders = yield* Effect.either(headersOf(request, cleaned, another.value, first.replayFrom))
            if (Either.isLeft(keyHeaders)) return yield* first.outcome
            yield* cancel(first.response)
            first.end()
            const second = yield* send(another.value, keyHeaders.right, first.replayFrom)
            if (second.rejected) yield* provider.reject(another.value, { origin })
            return yield* second.outcome
          })
        ),
      preprocess
    )
  }
)

/**
 * `withApiKey` for a client whose errors must be `HttpClientError`s, such as a transform for @effect/ai.
 *
 * An `ApiKeyError` becomes the cause of a `RequestError` with the reason `Encode`, which no retry treats as a network fault.
 * `ApiKeyError.fromCause` finds it.
 *
 * @since 0.1.0
 * @category combinators
 */
export const withApiKeyAsRequestError: {
  (provider: Provider, options: Options): (client: HttpClient.HttpClient) => HttpClient.HttpClient
  (client: HttpClient.HttpClient, provider: Provider, options: Options): HttpClient.HttpClient
} = dual(3, (client: HttpClient.HttpClient, provider: Provider, options: Options): HttpClient.HttpClient => {
  const { preprocess } = stagesOf(client)
  const { postprocess } = stagesOf(withApiKey(client, provider, options))
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
})

// --- one try

interface Try {
  readonly request: HttpClientRequest.HttpClientRequest
  readonly keyHeaders: KeyHeaders
  readonly origin: string
  /** The request to send again, if redirects have changed it. */
  readonly from: Hop | undefined
  /** Called if the key was sent and not rejected. */
  readonly onAccepted: (response: HttpClientResponse.HttpClientResponse) => void
}

/** The result. `outcome` is the response, or the error that a client below has made of it. */
interface Tried<E> {
  readonly rejected: boolean
  readonly response: HttpClientResponse.HttpClientResponse
  readonly outcome: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
  readonly replayFrom: Hop | undefined
  readonly end: () => void
}

const sendWithKey = <E, R>(
  execute: Stages<E, R>["postprocess"],
  rules: Rules,
  { from, keyHeaders, onAccepted, origin, request }: Try
): Effect.Effect<Tried<E>, E | ConfigInvalid, R> =>
  Effect.suspend(() => {
    const names = Array.from(keyHeaders.keys())
    // `onSend` and `guardFetch` replace the placeholder by the key at its origin only, so a request that they miss has no key.
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
      // The response came from a cache or a fake below, or from a client whose requests we cannot see. The key was not sent.
      if (sentKey === undefined && denied.has(response.status)) {
        return Effect.zipRight(cancel(response), Effect.fail(overlooked()))
      }
      // Another origin, after a redirect, has not seen the key and cannot reject it.
      return sentKey === true ? judge(rules, response) : Effect.succeed({ rejected: false, response })
    }
    const tried = (
      { rejected, response }: Judged,
      outcome: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
    ): Tried<E> => {
      if (sentKey === true && !rejected) onAccepted(response)
      return { rejected, response, outcome, replayFrom, end }
    }
    return executeWatched(execute, authorized, watch).pipe(
      (self) => redacted(self, request, names),
      Effect.matchEffect({
        onSuccess: (response): Effect.Effect<Tried<E>, E | ConfigInvalid> =>
          Effect.map(judged(response), (verdict) => tried(verdict, Effect.succeed(verdict.response))),
        // `filterStatusOk` below has turned the response into an error.
        onFailure: (error): Effect.Effect<Tried<E>, E | ConfigInvalid> =>
          isStatus(error)
            ? Effect.map(judged(error.response), (verdict) =>
                tried(verdict, Effect.fail(withResponse(error, verdict.response)))
              )
            : Effect.fail(error)
      })
    )
  })

/** Statuses of a server that requires a key. */
const denied: ReadonlySet<number> = new Set([401, 403])

const overlooked = (): ConfigInvalid =>
  inCode(
    "a client below `withApiKey` hides its requests, so they are sent without the key",
    "Use a client made with `HttpClient.make`. Put your own `withTracerDisabledWhen` above `followRedirects` or `withApiKey`."
  )

// --- whether the key was rejected

/** The response is unread. */
interface Judged {
  readonly rejected: boolean
  readonly response: HttpClientResponse.HttpClientResponse
}

interface Rules extends Pick<Options, "isRejection"> {
  readonly judge: Judge
}

const judge = (
  { isRejection, judge: judgeHead }: Rules,
  response: HttpClientResponse.HttpClientResponse
): Effect.Effect<Judged, ConfigInvalid> => {
  if (isRejection !== undefined) {
    return Effect.map(
      Effect.try({ try: () => isRejection(response), catch: () => callbackThrew("isRejection") }),
      (rejected) => ({ rejected, response })
    )
  }
  const verdict = judgeHead(headOf(response))
  if (typeof verdict === "boolean") return Effect.succeed({ rejected: verdict, response })
  return Effect.flatMap(Stream.toReadableStreamEffect(response.stream), (body) => {
    const { headers, request, status } = response
    const web = new Response(body, { status, headers })
    return Effect.map(
      Effect.onInterrupt(
        Effect.promise((signal) => peekText(web, signal)),
        // Nothing reads the body any more.
        () => Effect.sync(() => void web.body?.cancel().catch(() => undefined))
      ),
      (text) => ({ rejected: verdict(text), response: HttpClientResponse.fromWeb(request, web) })
    )
  })
}
