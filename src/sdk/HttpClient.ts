/**
 * A transform for @effect/platform's `HttpClient`: every request carries the current key, and one that is refused for it is
 * sent once more with a fresh one.
 *
 * @since 0.1.0
 */
import * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError, ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../ApiKey.js"
import type { ApiKeyError } from "../ApiKeyError.js"
import type { Provider } from "../ApiKeyProvider.js"
import { headersFor, isRejectedAnswer, type Scheme } from "../internal/authorization.js"

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** Where the key goes: requests to another origin than this URL's go out without it. */
  readonly baseUrl: string | URL
  /** Which header carries it. Default `"bearer"`. */
  readonly scheme?: Scheme | undefined
  /** Which answers mean that the key was refused. Default: 401, and 403 with `invalid_token`. */
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
    const { origin } = new URL(options.baseUrl)
    const scheme = options.scheme ?? "bearer"
    const isRejection = options.isRejection ?? isRejectedResponse
    const { preprocess, postprocess: execute } = stagesOf(client)

    const send = (request: HttpClientRequest.HttpClientRequest, key: ApiKey) =>
      Effect.flatMap(headersFor(key, scheme), (headers) =>
        execute(Effect.succeed(HttpClientRequest.setHeaders(request, headers))).pipe(
          Effect.map((response) => withRequest(response, request)),
          Effect.mapError((error) => withoutKey(error, request)),
          Effect.locallyWith(Headers.currentRedactedNames, (names) => [...names, ...headers.keys()])
        )
      )

    return HttpClient.makeWith<E, R, E | ApiKeyError, R>(
      (preprocessed) =>
        Effect.flatMap(preprocessed, (request) =>
          Effect.gen(function* () {
            if (originOf(request) !== origin) return yield* execute(Effect.succeed(request))
            const key = yield* provider.get
            const answer = yield* send(request, key)
            if (!isRejection(answer)) return answer
            yield* provider.reject(key)
            if (request.body._tag === "Stream") return answer
            // Without another key the server's answer is the better explanation.
            const next = yield* Effect.option(provider.get)
            if (Option.isNone(next) || Equal.equals(next.value, key)) return answer
            return yield* send(request, next.value)
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

// --- boundary: the two stages of a client are there at run time, but not in its type

interface Stages<E, R> {
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
  readonly postprocess: (
    request: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>
}

const hasStages = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): client is HttpClient.HttpClient.With<E, R> & Stages<E, R> => "preprocess" in client && "postprocess" in client

/** A client that is not made by `HttpClient.makeWith` has only its `execute`. */
const stagesOf = <E, R>(client: HttpClient.HttpClient.With<E, R>): Stages<E, R> =>
  hasStages(client) ? client : { preprocess: Effect.succeed, postprocess: Effect.flatMap(client.execute) }

// --- end of the boundary

const isRejectedResponse = (response: HttpClientResponse.HttpClientResponse): boolean =>
  isRejectedAnswer({ status: response.status, header: (name) => response.headers[name] })

const originOf = (request: HttpClientRequest.HttpClientRequest): string | undefined =>
  Either.match(UrlParams.makeUrl(request.url, request.urlParams, request.hash), {
    onLeft: () => undefined,
    onRight: ({ origin }) => origin
  })

/** The response as before, but the request it shows is the caller's, without the key. */
const withRequest = (
  response: HttpClientResponse.HttpClientResponse,
  request: HttpClientRequest.HttpClientRequest
): HttpClientResponse.HttpClientResponse => Object.create(response, { request: { value: request, enumerable: true } })

const withoutKey = <E>(error: E, request: HttpClientRequest.HttpClientRequest): E => {
  const copy = (properties: PropertyDescriptorMap): E =>
    Object.create(Object.getPrototypeOf(error), { ...Object.getOwnPropertyDescriptors(error), ...properties })
  const shown = { value: request, enumerable: true }
  if (error instanceof RequestError) return copy({ request: shown })
  return error instanceof ResponseError
    ? copy({ request: shown, response: { value: withRequest(error.response, request), enumerable: true } })
    : error
}
