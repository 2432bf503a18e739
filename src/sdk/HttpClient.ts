/**
 * A transform for @effect/platform's `HttpClient`: every request carries the current key, and one that is refused for it is
 * sent once more with a fresh one.
 *
 * @since 0.1.0
 */

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import { type HttpClientError, RequestError, ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import { globalValue } from "effect/GlobalValue"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { hasProperty, type Predicate } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import type { ApiKey } from "../ApiKey.js"
import type { ApiKeyError, ConfigInvalid } from "../ApiKeyError.js"
import { inCode } from "../internal/model/configInvalid.js"
import type { Provider } from "../internal/model/provider.js"
import { callbackThrew } from "../internal/request/errors.js"
import { credentialHeaders } from "../internal/request/headers.js"
import { keepAtOrigin } from "../internal/request/keepAtOrigin.js"
import { originOf, warningOnce, withBaseUrl } from "../internal/request/origin.js"
import { placeholder, withoutPlaceholderIn } from "../internal/request/placeholder.js"
import { judgeHead, peekText, type ResponseHead } from "../internal/request/rejection.js"
import { type Hop, isStream } from "../internal/request/replay.js"
import { type Authorization, headersFor } from "../internal/request/scheme.js"

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

/** What came of a request: the outcome is the answer, or the error that a client below has made of it. */
interface Sent<E> {
  readonly refused: boolean
  readonly answer: HttpClientResponse.HttpClientResponse
  readonly outcome: Effect.Effect<HttpClientResponse.HttpClientResponse, E>
  /** What there is to send once more, where redirects have made something else of the request. */
  readonly replayFrom: Hop | undefined
  readonly end: () => void
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

    const headersOf = (request: HttpClientRequest.HttpClientRequest, key: ApiKey) =>
      headersFor(key, options.scheme, held(request))

    const send = (
      request: HttpClientRequest.HttpClientRequest,
      headers: ReadonlyMap<string, string>,
      origin: string,
      from?: Hop | undefined
    ) =>
      Effect.suspend(() => {
        const names = Array.from(headers.keys())
        // The key follows where it is seen that it goes home: what is overlooked cannot take it elsewhere.
        const authorized = HttpClientRequest.setHeaders(
          withoutHeld(request),
          names.map((name) => [name, placeholder] as const)
        )
        const end = inScopeOf(request, authorized)
        let sentKey: boolean | undefined
        let replayFrom: Hop | undefined
        const atHome = keptAt(origin, authorized, headers, (carries) => {
          sentKey = carries
        })
        const watched = (isUntraced: Predicate<HttpClientRequest.HttpClientRequest>) => {
          return (sent: HttpClientRequest.HttpClientRequest): boolean => {
            atHome(sent)
            return isUntraced(sent)
          }
        }
        const fetch = (stock: typeof globalThis.fetch) =>
          keepAtOrigin(
            stock,
            headers,
            origin,
            (carries, rest) => {
              sentKey = carries
              replayFrom = rest
            },
            from
          )
        // Another origin, where a redirect led, has not seen the key and cannot refuse it.
        const judged = (answer: HttpClientResponse.HttpClientResponse) => {
          // Answered below (a cache, a fake), or sent by a client that nobody sees through: without the key.
          if (sentKey === undefined && denied.has(answer.status)) {
            return Effect.zipRight(cancel(answer), Effect.fail(overlooked()))
          }
          return sentKey === true ? judge(answer, headers) : Effect.succeed({ refused: false, answer })
        }
        return execute(guardedBy(fetch, watched, authorized)).pipe(
          // What `guardedBy` changes is changed for what is after it in `execute`, and only for that.
          Effect.mapInputContext((context: Context.Context<R>) => context),
          Effect.locallyWith(HttpClient.currentTracerDisabledWhen, identity),
          Effect.locallyWith(FiberRef.currentTracerEnabled, identity),
          Effect.map((response) => new RedactedResponse(response, request)),
          Effect.mapError((error) => withoutKey(error, request)),
          Effect.locallyWith(Headers.currentRedactedNames, (redacted) => [...redacted, ...names]),
          (self) => Effect.tracerWith((tracer) => Effect.withTracer(self, redactingTracer(tracer, request))),
          Effect.matchEffect({
            onSuccess: (response): Effect.Effect<Sent<E>, ConfigInvalid> =>
              Effect.map(judged(response), ({ refused, answer }) => ({
                refused,
                answer,
                replayFrom,
                end,
                outcome: Effect.succeed(answer)
              })),
            // `filterStatusOk` below has made an error of the answer.
            onFailure: (error): Effect.Effect<Sent<E>, E | ConfigInvalid> =>
              isStatus(error)
                ? Effect.map(judged(error.response), ({ refused, answer }) => ({
                    refused,
                    answer,
                    replayFrom,
                    end,
                    outcome: Effect.fail(withResponse(error, answer))
                  }))
                : Effect.fail(error)
          })
        )
      })

    /** Whether the key was refused, and the answer, unread. */
    const judge = (response: HttpClientResponse.HttpClientResponse, sent: ReadonlyMap<string, string>) => {
      const verdict = (refused: boolean, answer = response) => Effect.succeed({ refused, answer })
      const { isRejection } = options
      if (isRejection !== undefined) {
        return Effect.flatMap(
          Effect.try({ try: () => isRejection(response), catch: () => callbackThrew("isRejection") }),
          (refused) => verdict(refused)
        )
      }
      const inBody = judgeHead(headOf(response), sent)
      return typeof inBody === "boolean"
        ? verdict(inBody)
        : Effect.flatMap(Stream.toReadableStreamEffect(response.stream), (body) => {
            const { headers, request, status } = response
            const web = new Response(body, { status, headers })
            return Effect.flatMap(
              Effect.onInterrupt(
                Effect.promise((signal) => peekText(web, signal)),
                // Nobody is left to read it.
                () => Effect.sync(() => void web.body?.cancel().catch(() => undefined))
              ),
              (text) => verdict(inBody.test(text), HttpClientResponse.fromWeb(request, web))
            )
          })
    }

    return HttpClient.makeWith<E, R, E | ApiKeyError, R>(
      (preprocessed) =>
        Effect.flatMap(preprocessed, (given) =>
          Effect.gen(function* () {
            const origin = yield* home
            const url = urlOf(given)
            if (url?.origin !== origin) return yield* execute(Effect.succeed(withoutHeld(yield* leaving(given, url))))
            const warning = warningOnce(origin)
            if (warning !== undefined) yield* Effect.logWarning(warning)
            const cleaned = withoutPlaceholderIn(url)
            const request = cleaned === url ? given : HttpClientRequest.setUrl(given, cleaned)
            const key = yield* provider.get
            const first = yield* send(request, yield* headersOf(request, key), origin)
            if (!first.refused) return yield* first.outcome
            yield* provider.reject(key)
            if (isGone(request.body)) return yield* first.outcome
            // Without another key, or with one that cannot be sent, the server's answer is the better explanation.
            const next = yield* Effect.option(provider.get)
            if (Option.isNone(next) || Equal.equals(next.value, key)) return yield* first.outcome
            const headers = headersOf(request, next.value)
            if (Either.isLeft(headers)) return yield* first.outcome
            yield* cancel(first.answer)
            first.end()
            const second = yield* send(request, headers.right, origin, first.replayFrom)
            if (second.refused) yield* provider.reject(next.value)
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

/** `HttpClient.withScope` knows a request by its identity. */
const scopedRequests = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/** Ended with the scope, or alone: then the other try goes on. */
const inScopeOf = (
  from: HttpClientRequest.HttpClientRequest,
  to: HttpClientRequest.HttpClientRequest
): (() => void) => {
  const scoped = scopedRequests.get(from)
  if (scoped === undefined) return () => undefined
  const own = new AbortController()
  const end = (): void => own.abort()
  if (scoped.signal.aborted) end()
  scoped.signal.addEventListener("abort", end, { once: true })
  scopedRequests.set(to, own)
  return end
}

/** A copy that stays what it is, whatever class that may be. */
const copyOf = <A extends object>(self: A, properties: PropertyDescriptorMap): A =>
  Object.create(Object.getPrototypeOf(self), { ...Object.getOwnPropertyDescriptors(self), ...properties })

/** The same kind of error, from the same place. */
const inPlaceOf = <E extends Error>(error: E, other: RequestError | ResponseError): E => {
  Object.defineProperty(other, "stack", { value: error.stack, configurable: true })
  return other as unknown as E
}

const isStatus = <E>(error: E): error is E & ResponseError =>
  error instanceof ResponseError && error.reason === "StatusCode"

/** Its body may have been looked into. */
const withResponse = <E extends ResponseError>(error: E, response: HttpClientResponse.HttpClientResponse): E =>
  response === error.response
    ? error
    : inPlaceOf(
        error,
        new ResponseError({ request: error.request, response, reason: error.reason, ...reasonsOf(error) })
      )

/** A tracer keeps what a span ends with, which in platform's spans is the response or the error, with its request. */
const redactingTracer = (tracer: Tracer.Tracer, request: HttpClientRequest.HttpClientRequest): Tracer.Tracer => ({
  ...tracer,
  [Tracer.TracerTypeId]: Tracer.TracerTypeId,
  context: (run, fiber) => tracer.context(run, fiber),
  span: (...args) => {
    const span = tracer.span(...args)
    const end = span.end.bind(span)
    return Object.assign(span, {
      end: (endTime: bigint, exit: Exit.Exit<unknown, unknown>) =>
        end(
          endTime,
          Exit.mapBoth(exit, {
            onFailure: (error) => withoutKey(error, request),
            onSuccess: (value) => (isResponse(value) ? new RedactedResponse(value, request) : value)
          })
        )
    })
  }
})

const isResponse = (u: unknown): u is HttpClientResponse.HttpClientResponse =>
  hasProperty(u, HttpClientResponse.TypeId) && hasProperty(u, HttpIncomingMessage.TypeId)

/**
 * Looks at what a client below really sends, redirects that it follows included, and puts the key in what goes where it belongs,
 * and in nothing else. Whoever redirects a request that has left back to its origin must not choose where the key goes there.
 */
const keptAt = (
  origin: string,
  authorized: HttpClientRequest.HttpClientRequest,
  carriers: ReadonlyMap<string, string>,
  onSent: (carries: boolean) => void
): ((sent: HttpClientRequest.HttpClientRequest) => void) => {
  const home = urlOf(authorized)?.href
  let hasLeft = false
  return (sent) => {
    const held = Array.from(carriers).filter(([name, value]) => [value, placeholder].includes(sent.headers[name] ?? ""))
    // A request of another kind, that a transform below makes for itself.
    if (held.length === 0) return
    const url = urlOf(sent)
    const stays = url?.origin === origin && (!hasLeft || url.href === home)
    onSent(stays)
    hasLeft ||= !stays
    const names = [...held.map(([name]) => name), ...credentialHeaders]
    const headers = stays
      ? Headers.setAll(sent.headers, held)
      : names.reduce((rest, name) => Headers.remove(rest, name), sent.headers)
    Object.defineProperty(sent, "headers", { value: headers, enumerable: true, configurable: true, writable: true })
  }
}

// --- end of the boundary

/** Where tracing is off, nobody would ask `currentTracerDisabledWhen`: it is on then, for spans that go nowhere. */
const tracingAsked: Effect.Effect<void> = Effect.flatMap(FiberRef.get(FiberRef.currentTracerEnabled), (isTraced) =>
  isTraced
    ? Effect.void
    : FiberRef.set(FiberRef.currentTracerEnabled, true).pipe(
        Effect.zipRight(FiberRef.set(HttpClient.currentTracerDisabledWhen, constTrue)),
        Effect.zipRight(FiberRef.update(DefaultServices.currentServices, nowhere))
      )
)

const nowhere = (services: Context.Context<DefaultServices.DefaultServices>) =>
  Context.add(services, Tracer.Tracer, Context.get(DefaultServices.liveServices, Tracer.Tracer))

/**
 * The request, a `Fetch` that follows redirects without taking the key to another origin, and a look at what is sent. A client's own
 * context (with a `Fetch` or `RequestInit` of its layer, and what its transforms set) is known only from inside, where it runs
 * the effect that gives it its request.
 */
const guardedBy = (
  guard: (fetch: typeof globalThis.fetch) => typeof globalThis.fetch,
  watch: (isUntraced: Predicate<HttpClientRequest.HttpClientRequest>) => Predicate<HttpClientRequest.HttpClientRequest>,
  request: HttpClientRequest.HttpClientRequest
): Effect.Effect<HttpClientRequest.HttpClientRequest> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
    const undici = Option.getOrElse(Context.getOption(context, UndiciOptions), () => ({}))
    const guarded = context.pipe(
      Context.add(FetchHttpClient.Fetch, guard(fetch)),
      Context.add(UndiciOptions, { ...undici, maxRedirections: 0 })
    )
    return FiberRef.set(FiberRef.currentContext, guarded).pipe(
      Effect.zipRight(tracingAsked),
      Effect.zipRight(FiberRef.update(HttpClient.currentTracerDisabledWhen, watch)),
      Effect.as(request)
    )
  })

/** What a server says that wants a key. */
const denied: ReadonlySet<number> = new Set([401, 403])

const overlooked = (): ConfigInvalid =>
  inCode(
    "a client below `withApiKey` sends its requests unseen, so they are sent without the key",
    "Use a client made with `HttpClient.make`, and put a `withTracerDisabledWhen` of your own above `followRedirects`, or above `withApiKey`."
  )

/** @effect/platform-node's own, by its key. An undici dispatcher that follows redirects would take `x-api-key` along. */
const UndiciOptions = Context.GenericTag<object>("@effect/platform-node/NodeHttpClient/undiciOptions")

const urlOf = (request: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Either.getOrUndefined(UrlParams.makeUrl(request.url, request.urlParams, request.hash))

const headOf = (response: HttpClientResponse.HttpClientResponse): ResponseHead => ({
  status: response.status,
  header: (name) => response.headers[name]
})

/** A client below reads a raw body in its own way, and may take a stream there. */
const isGone = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Stream" || (body._tag === "Raw" && isStream(body.body))

/** Ends the transfer of a body that nobody is going to read. */
const cancel = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.raceFirst(Effect.ignore(response.arrayBuffer), Effect.yieldNow())

// --- the placeholder

const held = (request: HttpClientRequest.HttpClientRequest): ReadonlyArray<readonly [name: string, value: string]> =>
  Object.entries(request.headers).filter(([, value]) => value.includes(placeholder))

const withoutHeld = (request: HttpClientRequest.HttpClientRequest): HttpClientRequest.HttpClientRequest => {
  const names = held(request).map(([name]) => name)
  if (names.length === 0) return request
  const headers = names.reduce((rest, name) => Headers.remove(rest, name), request.headers)
  return copyOf(request, { headers: { value: headers, enumerable: true } })
}

/** Not even the placeholder goes to another origin, and a request that cannot do without it is not sent. */
const leaving = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL | undefined
): Either.Either<HttpClientRequest.HttpClientRequest, ApiKeyError> => {
  const body = request.body._tag === "Uint8Array" ? Buffer.from(request.body.body) : undefined
  return url !== undefined && (url.href.includes(placeholder) || body?.includes(placeholder) === true)
    ? Either.left(
        inCode(
          `a request to ${url.origin} holds a placeholder for the key, which is for another origin`,
          "Give the same base URL to the SDK and to effect-apikey."
        )
      )
    : Either.right(request)
}

// --- what a caller sees holds no key

/** The response as before, but the request that it and its errors show is the caller's. */
class RedactedResponse extends Inspectable.Class implements HttpClientResponse.HttpClientResponse {
  readonly [HttpClientResponse.TypeId]: HttpClientResponse.TypeId = HttpClientResponse.TypeId
  readonly [HttpIncomingMessage.TypeId]: HttpIncomingMessage.TypeId = HttpIncomingMessage.TypeId
  readonly #original: HttpClientResponse.HttpClientResponse

  constructor(
    original: HttpClientResponse.HttpClientResponse,
    readonly request: HttpClientRequest.HttpClientRequest
  ) {
    super()
    this.#original = original
  }

  get status() {
    return this.#original.status
  }
  get headers() {
    return this.#original.headers
  }
  get cookies() {
    return this.#original.cookies
  }
  get remoteAddress() {
    return this.#original.remoteAddress
  }
  get json() {
    return this.#bare(this.#original.json)
  }
  get text() {
    return this.#bare(this.#original.text)
  }
  get urlParamsBody() {
    return this.#bare(this.#original.urlParamsBody)
  }
  get formData() {
    return this.#bare(this.#original.formData)
  }
  get arrayBuffer() {
    return this.#bare(this.#original.arrayBuffer)
  }
  get stream() {
    return Stream.mapError(this.#original.stream, (error) => withoutKey(error, this.request))
  }

  #bare<A>(body: Effect.Effect<A, ResponseError>): Effect.Effect<A, ResponseError> {
    return Effect.mapError(body, (error) => withoutKey(error, this.request))
  }

  toJSON(): unknown {
    return {
      _id: "@effect/platform/HttpClientResponse",
      request: this.request.toJSON(),
      status: this.status,
      headers: Inspectable.redact(this.headers)
    }
  }
}

/** Made anew, because an error of Effect's keeps what it was made of. */
const withoutKey = <E>(error: E, request: HttpClientRequest.HttpClientRequest): E => {
  if (error instanceof RequestError) {
    return inPlaceOf(error, new RequestError({ request, reason: error.reason, ...reasonsOf(error) }))
  }
  if (error instanceof ResponseError) {
    const response = new RedactedResponse(error.response, request)
    return inPlaceOf(error, new ResponseError({ request, response, reason: error.reason, ...reasonsOf(error) }))
  }
  return error
}

const reasonsOf = ({ cause, description }: RequestError | ResponseError) => ({
  ...(cause === undefined ? {} : { cause }),
  ...(description === undefined ? {} : { description })
})
