/** What a provider of keys is: its interface, its tag, its status, and one that is made from its `get`. */

import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import type * as ApiKey from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RefusedWhen } from "./refusal.js"

/** The key of a hit without an Effect runtime, for callers that live in promises. A cache offers it, other providers need not. */
export const peekSymbol: unique symbol = Symbol.for("effect-apikey/peek")

/** `nowMillis` is the time of the clock that the provider goes by. */
export type Peek = (nowMillis: number) => ApiKey.ApiKey | undefined

interface Peekable {
  readonly [peekSymbol]: Peek
}

const isPeekable = (provider: object): provider is Peekable =>
  hasProperty(provider, peekSymbol) && typeof provider[peekSymbol] === "function"

const never: Peek = () => undefined

export const peekOf = (provider: object): Peek => (isPeekable(provider) ? provider[peekSymbol] : never)

/** The origin that a `get` is for. A cache may hold a key that one origin rejected and others accept. */
export const currentOrigin: FiberRef.FiberRef<string | undefined> = globalValue("effect-apikey/currentOrigin", () =>
  FiberRef.unsafeMake<string | undefined>(undefined)
)

/** A provider's `get` for requests to an origin. */
export const atOrigin = <A, E, R>(get: Effect.Effect<A, E, R>, origin: string): Effect.Effect<A, E, R> =>
  Effect.locally(get, currentOrigin, origin)

/**
 * How a provider stands. Holds no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyStatus {
  readonly provider: string
  /**
   * `empty`: no key; `stale`: past its soft expiry, so refreshed at its next use (of a helper that may prompt: once its hard expiry
   * has passed); `failing`: the last run failed; `rejected`: the server rejected the key.
   */
  readonly state: "empty" | "fresh" | "refreshing" | "stale" | "failing" | "rejected"
  /** Since when the current key is held. */
  readonly age: Option.Option<Duration.Duration>
  /** From when a fresher key is fetched in the background. */
  readonly softExpiry: Option.Option<DateTime.Utc>
  /** From when the key may not be used. */
  readonly hardExpiry: Option.Option<DateTime.Utc>
  /** Runs started. One with its retries counts once, so the helper may have been started more often. */
  readonly runs: number
  /** Keys served without waiting for a run. */
  readonly hits: number
  /** Runs that brought another key than the one before. */
  readonly renewals: number
  readonly rejections: number
  /** The error of the last run, if it failed; of one that ended with a defect, `ConfigInvalid` says so. */
  readonly lastFailure: Option.Option<ApiKeyError>
  /** Until when no run starts: the back-off after a failure, or after a rejected key that is still served. */
  readonly nextTry: Option.Option<DateTime.Utc>
}

export const emptyStatus = (provider: string): ApiKeyStatus => ({
  provider,
  state: "empty",
  age: Option.none(),
  softExpiry: Option.none(),
  hardExpiry: Option.none(),
  runs: 0,
  hits: 0,
  renewals: 0,
  rejections: 0,
  lastFailure: Option.none(),
  nextTry: Option.none()
})

/**
 * Where a key was sent: the origin of the request's URL, such as `https://api.openai.com`.
 *
 * @since 0.1.0
 * @category models
 */
export interface AtOrigin {
  readonly origin: string
}

/**
 * What a provider can do.
 *
 * @since 0.1.0
 * @category models
 */
export interface Provider {
  /** The current key, fetched if need be. */
  readonly get: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** Fetches now, past any back-off; joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** Reports that the server at an origin rejected this key. Without an origin, it counts for all. */
  readonly reject: (key: ApiKey.ApiKey, at?: AtOrigin) => Effect.Effect<void>
  /** Reports that the server at an origin accepted this key. The SDK modules call it at a key's first success there. */
  readonly accepted?: ((key: ApiKey.ApiKey, at: AtOrigin) => void) | undefined
  /** Which responses, beside the known ones, mean that the server rejected the key. The SDK modules go by it. */
  readonly refusedWhen?: RefusedWhen | undefined
  readonly status: Effect.Effect<ApiKeyStatus>
  /** The status now and at every change. */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

/**
 * The key provider of an application. For a program that needs two, see `Tag`.
 *
 * @since 0.1.0
 * @category tags
 */
export class ApiKeyProvider extends Context.Tag("effect-apikey/ApiKeyProvider")<ApiKeyProvider, Provider>() {}

/**
 * A provider from its `get`; everything else has defaults: `refresh` is `get`, a rejected key is only marked if it is the one
 * that `get` gave last, and `changes` is the status now.
 *
 * @example
 * ```ts
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Effect from "effect/Effect"
 *
 * export const fake = ApiKeyProvider.make({ get: Effect.succeed(ApiKey.make({ value: "sk-test" })) })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: Pick<Provider, "get"> & Partial<Provider> & { readonly provider?: string }): Provider => {
  let hits = 0
  let rejected: Option.Option<ApiKey.ApiKey> = Option.none()
  let current: Option.Option<ApiKey.ApiKey> = Option.none()
  let rejections = 0
  let lastFailure: Option.Option<ApiKeyError> = Option.none()
  const get = options.get.pipe(
    Effect.tapBoth({
      onFailure: (error) =>
        Effect.sync(() => {
          lastFailure = Option.some(error)
        }),
      onSuccess: (key) =>
        Effect.sync(() => {
          hits++
          current = Option.some(key)
          lastFailure = Option.none()
        })
    })
  )
  const isRefused = (): boolean => Option.exists(current, (key) => Option.exists(rejected, Equal.equals(key)))
  const status =
    options.status ??
    Effect.sync(
      (): ApiKeyStatus => ({
        provider: options.provider ?? defaultProvider,
        state: isRefused()
          ? "rejected"
          : Option.isSome(lastFailure)
            ? "failing"
            : Option.isSome(current)
              ? "fresh"
              : "empty",
        age: Option.none(),
        softExpiry: Option.none(),
        hardExpiry: Option.flatMap(current, ({ expiresAt }) => expiresAt),
        runs: 0,
        hits,
        renewals: 0,
        rejections,
        lastFailure,
        nextTry: Option.none()
      })
    )
  return {
    get,
    refresh: options.refresh ?? get,
    reject:
      options.reject ??
      ((key) =>
        Effect.sync(() => {
          if (!Option.exists(current, Equal.equals(key))) return
          rejections++
          rejected = current
        })),
    accepted: options.accepted,
    refusedWhen: options.refusedWhen,
    status,
    changes: options.changes ?? Stream.fromEffect(status)
  }
}

export const defaultProvider = "default"
