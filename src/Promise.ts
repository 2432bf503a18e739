/**
 * Keys for programs that do not use Effect: promises, `AbortSignal`, plain values.
 *
 * @since 0.1.0
 */

import * as Arr from "effect/Array"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type * as ApiKeyModel from "./ApiKey.js"
import { type ApiKeyError, isApiKeyError } from "./ApiKeyError.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import type { FormatSpec } from "./formats/table.js"
import * as HelperExecutor from "./HelperExecutor.js"
import {
  type Checks,
  type Interactive,
  inCode,
  interactiveNames,
  type OnAbandon,
  type OnRepeatedKey,
  oneOf,
  type Search,
  text,
  wrongOrUnknownField
} from "./internal/model/options.js"
import { make, type Provider, peekOf } from "./internal/model/provider.js"
import type * as refusal from "./internal/model/refusal.js"
import { checkedRefusedWhen } from "./internal/model/refusal.js"
import { fromSource } from "./internal/provider/source.js"
import { authorizedFetch } from "./internal/request/fetch.js"
import { withBaseUrl } from "./internal/request/origin.js"
import * as placeholders from "./internal/request/placeholder.js"
import { type ApiKey, modelOf, plainOf, promiseOf } from "./internal/request/plainKey.js"
import type * as authorization from "./internal/request/scheme.js"
import { decodeProblem } from "./internal/source/decode.js"
import { runPromise } from "./internal/util/fiber.js"
import { ownProperties } from "./internal/util/ownProperties.js"

export type { ApiKey } from "./internal/request/plainKey.js"

/**
 * A duration with its unit: `"30 seconds"`, `"5 minutes"`, `"250 ms"`.
 *
 * @since 0.1.0
 * @category models
 */
export type Time = string

/**
 * A program and its arguments. It is not a shell string.
 *
 * @since 0.1.0
 * @category models
 */
export type Argv = readonly [program: string, ...args: ReadonlyArray<string>]

/**
 * A helper command with its options, as configuration files write it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Command {
  readonly argv: Argv
  /** Environment variables to set, or to unset with `null`. */
  readonly env?: Readonly<Record<string, string | null>>
  /** Which of our variables the helper inherits: all (default), none, or those listed. It always inherits the few that helpers need. */
  readonly inheritEnv?: boolean | ReadonlyArray<string>
  /** The working directory. Default: that of this process. */
  readonly cwd?: string
  /** The time limit for a run, its retries and the waiting between them. Default 30 seconds; 2 minutes for helpers that may prompt. */
  readonly timeout?: Time
  /** How many times a run is retried after a transient error, from 0 to 10. Default 2. */
  readonly retries?: number
  /** Whether the helper may ask the user on the terminal. Default `"never"`. */
  readonly interactive?: Interactive
  /** Where to search for the program if PATH does not have it. Default `"install-dirs"`. */
  readonly search?: Search
  /** What the helper prints: a format's name, or an object with its name and parameters. Default `"auto"`. */
  readonly format?: FormatSpec
  /** How long a key without an expiry of its own is used; `"Infinity"` is allowed. Default 5 minutes; 1 hour for some known programs. */
  readonly timeToLive?: Time
  /** How long before its expiry a key is refreshed in the background. Default: the last 20 % of its lifetime, at most 5 minutes. */
  readonly refreshAhead?: Time
  /** What happens when the helper prints the rejected key again. Default `"serve"`. */
  readonly onRepeatedKey?: OnRepeatedKey
  /** Whether the helper erases a key that the server rejected, before the next run. Default false. */
  readonly eraseOnReject?: boolean
  /** What happens to a run when its last caller is aborted. Default `"interrupt"`; `"complete"` for helpers that may prompt. */
  readonly onAbandon?: OnAbandon
}

/**
 * Where a key comes from, as configuration files write it.
 *
 * @since 0.1.0
 * @category models
 */
export type Source =
  | { readonly command: Argv | Command }
  | { readonly env: string }
  | { readonly file: string; readonly strict?: boolean }
  | { readonly auth: string; readonly strict?: boolean }
  | { readonly literal: string }
  | { readonly firstOf: readonly [Source, ...ReadonlyArray<Source>]; readonly onFailure?: "stop" | "next" }

/**
 * Options of a provider, whatever its source.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string
  /** Whether helpers that do not set it may ask the user on the terminal. Default `"never"`. */
  readonly interactive?: Interactive
  /** Fetch the first key at once. Default false. */
  readonly prefetch?: boolean
  /** Which responses, beside the known ones, mean that the server rejected the key. For each `fetch` of this provider. */
  readonly refusedWhen?: RefusedWhen
}

/**
 * Which responses mean that the server rejected the key: see `RefusedWhen` in `effect-apikey/sdk/Fetch`.
 *
 * @since 0.1.0
 * @category models
 */
export type RefusedWhen = refusal.RefusedWhen

/**
 * How the key is sent: see `Scheme` in `effect-apikey/sdk/Fetch`. A function makes the headers of each request.
 *
 * @since 0.1.0
 * @category models
 */
export type Scheme =
  | authorization.HeaderScheme
  | ((
      key: ApiKey,
      request: authorization.SignableRequest
    ) => Readonly<Record<string, string>> | Promise<Readonly<Record<string, string>>>)

/**
 * @since 0.1.0
 * @category models
 */
export interface FetchOptions {
  /** The key is sent to the origin of this URL only. Other requests are sent without it. */
  readonly baseUrl: string | URL
  /** How the key is sent. Default: in each header that holds the placeholder, else as `Authorization: Bearer`. */
  readonly scheme?: Scheme
  /** Which responses, beside the known ones and the provider's, mean that the server rejected the key. */
  readonly refusedWhen?: RefusedWhen
  /** Which responses mean that the server rejected the key, instead of all of these. */
  readonly isRejection?: (response: Response) => boolean | Promise<boolean>
  /** Sends the requests. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * The status of a provider. It contains no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface Status {
  readonly provider: string
  readonly state: "empty" | "fresh" | "refreshing" | "stale" | "failing" | "rejected"
  readonly ageMillis: number | undefined
  readonly softExpiry: Date | undefined
  readonly hardExpiry: Date | undefined
  readonly runs: number
  readonly hits: number
  readonly renewals: number
  readonly rejections: number
  readonly lastFailure: ApiKeyFailure | undefined
  readonly nextTry: Date | undefined
}

/**
 * The error of every failure to get a key. `_tag` is the kind, `message` says what happened, and `hint` what to do. The tags are
 * those of `effect-apikey/ApiKeyError`. Fields that programs need for decisions are copied; the message contains the others.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiKeyFailure extends Error {
  readonly _tag: ApiKeyError["_tag"]
  readonly hint: string
  /** Whether a retry may help. */
  readonly isTransient: boolean
  /** Set during a back-off: no run starts before this instant. */
  readonly retryAt: Date | undefined
  /** The program's name. */
  readonly command: string | undefined
  readonly exitCode: number | undefined
  /** The meaning of a helper's non-zero exit status, if known. */
  readonly reason: "LoginRequired" | "NotFound" | "Denied" | "Unavailable" | "Unknown" | undefined
  /** The end of the helper's stderr, without secrets. */
  readonly stderr: string | undefined

  /** @internal */
  constructor(error: ApiKeyError) {
    super(error.message)
    this.name = error._tag
    this._tag = error._tag
    this.hint = error.hint
    this.isTransient = error.isTransient
    this.retryAt = error.retryAt === undefined ? undefined : new Date(error.retryAt.epochMillis)
    this.command = "command" in error ? error.command : undefined
    this.exitCode = "exitCode" in error ? error.exitCode : undefined
    this.reason = "reason" in error ? error.reason : undefined
    this.stderr = "stderr" in error ? error.stderr : undefined
  }
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyProvider extends AsyncDisposable {
  /** The current key. Fetches one if there is no usable key. An abort rejects at once with the signal's reason. */
  readonly get: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<ApiKey>
  /** Fetches a key now, ignoring any back-off. Joins a run in flight. An abort rejects at once with the signal's reason. */
  readonly refresh: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<ApiKey>
  /**
   * Reports that the server at an origin rejected this key. If it is still the current key, the next `get` fetches another one.
   * Without an origin, it counts for all.
   */
  readonly reject: (key: ApiKey, at?: { readonly origin: string }) => Promise<void>
  /** A `fetch` that puts the key in every request. If the server rejects the key, it sends the request once more with a new key. */
  readonly fetch: (options: FetchOptions) => typeof globalThis.fetch
  readonly status: () => Status
  /** Stops a run in flight and drops the key. `await using` calls it. */
  readonly dispose: () => Promise<void>
}

/**
 * Give this to a library that requires a key. `fetch` replaces it with the key.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder: string = placeholders.placeholder

/**
 * Makes a provider from a command or any other source. Nothing runs before the first `get`, unless `prefetch` is set.
 *
 * If the source is invalid, every `get` rejects with `ConfigInvalid`. Failures that reject no call, such as a failed refresh while
 * the key is still valid, become process warnings of the type `ApiKeyWarning`. Node prints them on stderr; listen to
 * `process.on("warning")` to handle them.
 *
 * @example
 * ```ts
 * import { createApiKeyProvider, placeholder } from "effect-apikey/promise"
 * import OpenAI from "openai"
 *
 * await using provider = createApiKeyProvider(["op", "read", "op://Private/OpenAI/api-key"])
 *
 * const key = await provider.get({ signal: AbortSignal.timeout(10_000) })
 * console.log(key) // the secret is not shown
 *
 * const baseURL = "https://api.openai.com/v1"
 * export const client = new OpenAI({
 *   baseURL,
 *   // Called before each request. An error here reaches the caller; in `fetch` it would be retried as a network fault.
 *   apiKey: () => provider.get().then(() => placeholder),
 *   fetch: provider.fetch({ baseUrl: baseURL })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const createApiKeyProvider = (
  source: ReadonlyArray<string> | Command | Source,
  givenOptions: Options = {}
): ApiKeyProvider => {
  const options: Options = isRecord(givenOptions) ? ownProperties(givenOptions) : givenOptions
  const scope = Effect.runSync(Scope.make())
  const decoded = sourceOf(source, options)
  const made = Runtime.runSync(runtime)(
    Either.match(decoded, {
      onLeft: (error) => Effect.succeed(make({ get: Effect.fail(error) })),
      onRight: (valid) => fromSource(valid, options)
    }).pipe(Effect.provideService(Scope.Scope, scope), Effect.provide(HelperExecutor.layer))
  )
  const provider: Provider = { ...made, refusedWhen: Either.isRight(decoded) ? options.refusedWhen : undefined }
  const peek = peekOf(provider)

  const run = (
    effect: Effect.Effect<ApiKeyModel.ApiKey, ApiKeyError>,
    signal: AbortSignal | undefined
  ): Promise<ApiKey> =>
    signal?.aborted === true ? Promise.reject(signal.reason) : runPromise(runtime, effect, signal).then(plainOf, raise)
  const dispose = (): Promise<void> => Runtime.runPromise(runtime)(Scope.close(scope, Exit.void))
  if (Either.isRight(decoded) && options.prefetch === true) Runtime.runFork(runtime)(Effect.ignore(provider.get))

  return {
    get: (given) => {
      if (given?.signal?.aborted === true) return Promise.reject(given.signal.reason)
      const key = peek(Date.now())
      return key === undefined ? run(provider.get, given?.signal) : promiseOf(key)
    },
    refresh: (given) => run(provider.refresh, given?.signal),
    reject: (key, at) =>
      runPromise(
        runtime,
        Effect.flatMap(modelOf(key), (model) => provider.reject(model, at)),
        undefined
      ).catch(raise),
    fetch: (given) => {
      const { scheme, ...rest } = withBaseUrl(given)
      const plain: authorization.Scheme | undefined =
        typeof scheme === "function" ? (key, request) => scheme(plainOf(key), request) : scheme
      const fetch = authorizedFetch(provider, { ...rest, scheme: plain }, runtime)
      return (input, init) => fetch(input, init).catch(raise)
    },
    status: () => statusOf(provider),
    dispose,
    [Symbol.asyncDispose]: dispose
  }
}

/** Turns log messages into process warnings. Effect's default logger writes to stdout, which is for the program's output. */
const warnings = Logger.make(({ message }) =>
  process.emitWarning(Arr.ensure(message).map(String).join(" "), { type: "ApiKeyWarning" })
)

const runtime = Effect.runSync(Effect.provide(Effect.runtime<never>(), Logger.replace(Logger.defaultLogger, warnings)))

const checks: Checks<Options> = {
  provider: text,
  interactive: oneOf(interactiveNames),
  prefetch: oneOf([true, false]),
  refusedWhen: {
    takes: 'a list of rules, for example [{ status: 403, body: { contains: "token expired" } }]',
    is: (value) => Either.isRight(checkedRefusedWhen(value))
  }
}

/** The source of an argv or a command object; other values are unchanged. */
const asSource = (source: unknown): unknown =>
  Array.isArray(source) || typeof source === "string" || (isRecord(source) && Object.hasOwn(source, "argv"))
    ? { command: source }
    : source

/** Checks untyped input from JavaScript. `get` rejects with the error. */
const sourceOf = (source: unknown, options: unknown): Either.Either<ApiKeySource.ApiKeySource, ApiKeyError> => {
  const wrong = isRecord(options)
    ? wrongOrUnknownField(options, checks)
    : Option.some(inCode("the options must be an object", example))
  if (Option.isSome(wrong)) return Either.left(wrong.value)
  return Either.mapLeft(decodeProblem(asSource(source)), ({ path, problem, remedy }) =>
    inCode(path.length === 0 ? problem : `\`${path.join(".")}\`: ${problem}`, remedy ?? example)
  )
}

const example = 'For example: createApiKeyProvider(["op", "read", "op://Private/OpenAI/api-key"])'

const raise = (error: unknown): never => {
  throw isApiKeyError(error) ? new ApiKeyFailure(error) : error
}

const statusOf = (provider: Provider): Status => {
  const { age, hardExpiry, lastFailure, nextTry, softExpiry, ...rest } = Effect.runSync(provider.status)
  const date = (at: typeof hardExpiry): Date | undefined =>
    Option.getOrUndefined(Option.map(at, ({ epochMillis }) => new Date(epochMillis)))
  return {
    ...rest,
    ageMillis: Option.getOrUndefined(Option.map(age, Duration.toMillis)),
    softExpiry: date(softExpiry),
    hardExpiry: date(hardExpiry),
    lastFailure: Option.getOrUndefined(Option.map(lastFailure, (error) => new ApiKeyFailure(error))),
    nextTry: date(nextTry)
  }
}
