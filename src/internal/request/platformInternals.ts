/**
 * What `sdk/HttpClient` needs of @effect/platform beyond its public API, all of it: test/request/platformInternals.test.ts fails
 * when platform changes it. A change never sends a key: a request that is not seen here goes out without one.
 *
 * - A client has its two stages as fields: `preprocess` and `postprocess`. Else a redirect follower above would prepend a URL twice.
 * - `HttpClient.withScope` keeps a request's `AbortController` in a global map, by the request's identity.
 * - `HttpClient.make` asks `currentTracerDisabledWhen` about the very request object that it then sends, if tracing is on. No public
 *   hook sees what Node's and undici's clients send below a `followRedirects`.
 * - undici's client reads its options from the context, by a key that is public in @effect/platform-node, which is not imported here.
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

/** A client that is not made by `HttpClient.makeWith` has only its `execute`. */
export const stagesOf = <E, R>(client: HttpClient.HttpClient.With<E, R>): Stages<E, R> =>
  hasStages(client) ? client : { preprocess: Effect.succeed, postprocess: Effect.flatMap(client.execute) }

// --- the scope of a request

/** `HttpClient.withScope` knows a request by its identity. */
const scopedRequests = globalValue(
  "@effect/platform/HttpClient/scopedRequests",
  () => new WeakMap<HttpClientRequest.HttpClientRequest, AbortController>()
)

/** Ended with the scope, or alone: then the other try goes on. */
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

// --- what is really sent

/** How a client's requests are watched. */
export interface Watch {
  /** Called with each request before it is sent, redirects that a client below follows included. */
  readonly onSend: (request: HttpClientRequest.HttpClientRequest) => void
  /** Wraps the `Fetch` that a client below uses. */
  readonly guardFetch: (fetch: Fetch) => Fetch
}

/** For `onSend`: the client sends this very object. */
export const replaceHeaders = (request: HttpClientRequest.HttpClientRequest, headers: Headers.Headers): void => {
  Object.defineProperty(request, "headers", { value: headers, enumerable: true, configurable: true, writable: true })
}

/**
 * Sends a request, watched. A client's own context (with a `Fetch` or `RequestInit` of its layer, and what its transforms set) is
 * known only from inside, where it runs the effect that gives it its request; what is set there is set for this request only.
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

/** A dispatcher that follows redirects would take `x-api-key` along. */
const UndiciOptions = Context.GenericTag<object>("@effect/platform-node/NodeHttpClient/undiciOptions")
