/** Removes the key from what a caller of @effect/platform's client sees: responses, errors, and both in a tracer's spans. */

import * as Headers from "@effect/platform/Headers"
import { RequestError, ResponseError } from "@effect/platform/HttpClientError"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as HttpIncomingMessage from "@effect/platform/HttpIncomingMessage"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Inspectable from "effect/Inspectable"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"

/** The response, with the caller's request in it and in its errors. */
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

/** A new error, because an error of Effect keeps its constructor arguments. */
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

/** A tracer keeps the exit of a span. In platform's spans that is the response or the error, with its request. */
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

/** The effect without the key in its result and its spans. `names` are the headers that carry the key. */
export const redacted = <E, R>(
  self: Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>,
  request: HttpClientRequest.HttpClientRequest,
  names: ReadonlyArray<string>
): Effect.Effect<HttpClientResponse.HttpClientResponse, E, R> =>
  self.pipe(
    Effect.map((response) => new RedactedResponse(response, request)),
    Effect.mapError((error) => withoutKey(error, request)),
    Effect.locallyWith(Headers.currentRedactedNames, (redactedNames) => [...redactedNames, ...names]),
    (self) => Effect.tracerWith((tracer) => Effect.withTracer(self, redactingTracer(tracer, request)))
  )

// --- boundary: an error is replaced by another of the same type

/** The same kind of error, with the same stack. */
const inPlaceOf = <E extends Error>(error: E, other: RequestError | ResponseError): E => {
  Object.defineProperty(other, "stack", { value: error.stack, configurable: true })
  return other as unknown as E
}

export const isStatus = <E>(error: E): error is E & ResponseError =>
  error instanceof ResponseError && error.reason === "StatusCode"

/** The error with another response, whose body is unread. */
export const withResponse = <E extends ResponseError>(error: E, response: HttpClientResponse.HttpClientResponse): E =>
  response === error.response
    ? error
    : inPlaceOf(
        error,
        new ResponseError({ request: error.request, response, reason: error.reason, ...reasonsOf(error) })
      )
