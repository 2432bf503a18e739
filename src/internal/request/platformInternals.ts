/**
 * Everything that `sdk/HttpClient` uses of @effect/platform beyond its public API. test/request/platformInternals.test.ts fails
 * if platform changes it. Such a change never leaks a key: a request that is not seen here is sent without one.
 *
 * - A client has its two stages as fields, `preprocess` and `postprocess`. Without them a redirect follower above would prepend a URL twice.
 * - `HttpClient.withScope` keeps the `AbortController` of a request in a global map, keyed by the request object.
 * - If tracing is on, `HttpClient.make` calls `currentTracerDisabledWhen` with the request object that it then sends. No public hook
 *   sees the requests of Node's and undici's clients below `followRedirects`.
 * - undici's client reads its options from the context. Their key is public in @effect/platform-node, which is not imported here.
 */

import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import type * as Headers from "@effect/platform/Headers"
import * as HttpClient from "@effect/platform/HttpClient"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as Context from "effect/Context"
import * as DefaultServices from "effect/DefaultServices"
import * as Effect from "effect/Effect"
import * as FiberRef from "effect/FiberRef"
import { constTrue, identity } from "effect/Function"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"
import type { Fetch } from "./headers.js"

// --- the stages of a client

export interface Stages<E, R> {
  readonly preprocess: HttpClient.HttpClient.Preprocess<E, R>
  readonly postprocess: (
    request: Effect.Effect<HttpClientRequest.HttpClientRequest, E, R>
  ) => Effect.Effect<HttpClientResponse.HttpClientResponse, E, R>
}

const hasStages = <E, R>(
  client: HttpClient.HttpClient.With<E, R>
): client is HttpClient.HttpClient.With<E, R> & Stages<E, R> => "preprocess" in client && "postprocess" in client

/** The stages; a client that `HttpClient.makeWith` did not make has only `execute`. */
export const stagesOf = <E, R>(client: HttpClient.HttpClient.With<E, R>): Stages<E, R> =>
  hasStages(client) ? client : { preprocess: Effect.succeed, postprocess: Effect.flatMap(client.execute) }

// --- the scope of a request

/** The scopes of requests. `HttpClient.withScope` looks them up by the request object. */
const scopedRequests = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/** Puts `to` in the scope of `from`. The result aborts it alone, so that the other try continues. */
export const inScopeOf = (
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

// --- the requests that are sent

/** How a client's requests are watched. */
export interface Watch {
  /** Called with each request before it is sent, also after redirects that a client below follows. */
  readonly onSend: (request: HttpClientRequest.HttpClientRequest) => void
  /** Wraps the `Fetch` that a client below uses. */
  readonly guardFetch: (fetch: Fetch) => Fetch
}

/** Sets the headers in place, because the client sends this object. For `onSend`. */
export const replaceHeaders = (request: HttpClientRequest.HttpClientRequest, headers: Headers.Headers): void => {
  Object.defineProperty(request, "headers", { value: headers, enumerable: true, configurable: true, writable: true })
}

/**
 * Sends a request and watches what is sent. A client's own context (`Fetch`, `RequestInit`, what transforms set) is visible only
 * inside the effect that gives the client its request. What is set there applies to this request only.
 */
export const executeWatched = <E, R>(
  execute: Stages<E, R>["postprocess"],
  request: HttpClientRequest.HttpClientRequest,
  watch: Watch
): Effect.Effect<HttpClientResponse.HttpClientResponse, E, R> =>
  execute(Effect.as(install(watch), request)).pipe(
    Effect.mapInputContext((context: Context.Context<R>) => context),
    Effect.locallyWith(HttpClient.currentTracerDisabledWhen, identity),
    Effect.locallyWith(FiberRef.currentTracerEnabled, identity)
  )

const install = ({ guardFetch, onSend }: Watch): Effect.Effect<void> =>
  Effect.flatMap(Effect.context<never>(), (context) => {
    const fetch = Option.getOrElse(Context.getOption(context, FetchHttpClient.Fetch), () => globalThis.fetch)
    const undici = Option.getOrElse(Context.getOption(context, UndiciOptions), () => ({}))
    const guarded = context.pipe(
      Context.add(FetchHttpClient.Fetch, guardFetch(fetch)),
      Context.add(UndiciOptions, { ...undici, maxRedirections: 0 })
    )
    return FiberRef.set(FiberRef.currentContext, guarded).pipe(
      Effect.zipRight(tracingAsked),
      Effect.zipRight(
        FiberRef.update(HttpClient.currentTracerDisabledWhen, (isUntraced) => (sent) => {
          onSend(sent)
          return isUntraced(sent)
        })
      )
    )
  })

/** If tracing is off, `currentTracerDisabledWhen` is not called: turn it on, with a tracer that drops its spans. */
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

/** A dispatcher that follows redirects would send `x-api-key` to another origin. */
const UndiciOptions = Context.GenericTag<object>("@effect/platform-node/NodeHttpClient/undiciOptions")
