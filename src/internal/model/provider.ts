/** The provider of keys: its interface, tag and status, and a constructor from `get`. */

import * as Context from "effect/Context"
import type * as DateTime from "effect/DateTime"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as FiberRef from "effect/FiberRef"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import * as Stream from "effect/Stream"
import type * as ApiKey from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RefusedWhen } from "./refusal.js"

/** Reads a cached key without an Effect runtime, for Promise code. Caches have it; other providers may lack it. */
export const peekSymbol: unique symbol = Symbol.for("effect-apikey/peek")

/** `nowMillis` is the time of the provider's clock, in epoch milliseconds. */
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
 * The status of a provider. It contains no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyStatus {
  readonly provider: string
  /**
   * - `empty`: there is no key
   * - `fresh`: the key is used as it is
   * - `refreshing`: a run is in flight
   * - `stale`: the soft expiry has passed, so the next use refreshes the key (for a helper that may prompt: after the hard expiry)
   * - `failing`: the last run failed
   * - `rejected`: the server rejected the key
   */
  readonly state: "empty" | "fresh" | "refreshing" | "stale" | "failing" | "rejected"
  /** The time since the current key was fetched. */
  readonly age: Option.Option<Duration.Duration>
  /** After this instant a new key is fetched in the background, unless the helper may prompt. */
  readonly softExpiry: Option.Option<DateTime.Utc>
  /** After this instant the key is not used. */
  readonly hardExpiry: Option.Option<DateTime.Utc>
  /** The number of runs. A run counts once with its retries, so the helper may have been started more often. */
  readonly runs: number
  /** How often a key was served without waiting for a run. */
  readonly hits: number
  /** The number of runs that returned another key than the one before. */
  readonly renewals: number
  readonly rejections: number
  /** The error of the last run, if it failed. A defect is reported as `ConfigInvalid`. */
  readonly lastFailure: Option.Option<ApiKeyError>
  /** The end of the back-off, during which no run starts: after a failure, or after a rejection of a key that is still served. */
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
 * The interface of a provider.
 *
 * @since 0.1.0
 * @category models
 */
export interface Provider {
  /** The current key. Fetches one if there is no usable key. */
  readonly get: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** Fetches now, ignoring any back-off. Joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey.ApiKey, ApiKeyError>
  /** Reports that the server at an origin rejected this key. Without an origin, it counts for all. */
  readonly reject: (key: ApiKey.ApiKey, at?: AtOrigin) => Effect.Effect<void>
  /** Reports that the server at an origin accepted this key. The SDK modules call it at a key's first success there. */
  readonly accepted?: ((key: ApiKey.ApiKey, at: AtOrigin) => void) | undefined
  /** Which responses, beside the known ones, mean that the server rejected the key. The SDK modules go by it. */
  readonly refusedWhen?: RefusedWhen | undefined
  readonly status: Effect.Effect<ApiKeyStatus>
  /** Emits the current status, then one on every change. */
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
 * Makes a provider from its `get`. Defaults: `refresh` is `get`, `reject` changes only the status, and only for the last key, and
 * `changes` emits the current status once.
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

/** `make` of an SDK module from its `makeWith`: waiting for a key uses the clock, logger and tracer of the context. */
export const fromContext = <A>(
  makeWith: (provider: Provider, runtime: Runtime.Runtime<never>) => A
): Effect.Effect<A, never, ApiKeyProvider> => Effect.zipWith(ApiKeyProvider, Effect.runtime<never>(), makeWith)

/** The origin of a URL that a request can go to. A `blob:` URL has the origin of its page, but no server gets it: it has `"null"`. */
export const httpOrigin = ({ origin, protocol }: URL): string =>
  protocol === "http:" || protocol === "https:" ? origin : "null"
