/**
 * Keys from helper commands for programs that do not use Effect: promises, `AbortSignal`, plain values.
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
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import * as ApiKeyModel from "./ApiKey.js"
import { isApiKeyError, type ApiKeyError as TypedError } from "./ApiKeyError.js"
import type { FormatName } from "./CredentialFormat.js"
import * as HelperExecutor from "./HelperExecutor.js"
import { lifeChecks } from "./internal/cache/options.js"
import { runChecks } from "./internal/helper/options.js"
import { inCode } from "./internal/model/configInvalid.js"
import {
  type Checks,
  type Interactive,
  type OnRepeat,
  text,
  unchecked,
  type WhenAbandoned,
  wrongOrUnknownField
} from "./internal/model/options.js"
import { make, type Provider, peekOf } from "./internal/model/provider.js"
import { fromCommand } from "./internal/provider/command.js"
import { authorizedFetch } from "./internal/request/fetch.js"
import { withBaseUrl } from "./internal/request/origin.js"
import * as placeholders from "./internal/request/placeholder.js"
import type * as authorization from "./internal/request/scheme.js"
import { runPromise } from "./internal/util/fiber.js"

/**
 * A time: in milliseconds, or as people write it, like `"30 seconds"` or `"5 minutes"`.
 *
 * @since 0.1.0
 * @category models
 */
export type Time =
  | number
  | `${number} ${"millis" | "second" | "seconds" | "minute" | "minutes" | "hour" | "hours" | "day" | "days"}`

/**
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The argv: program and arguments. Never a shell string. */
  readonly command: ReadonlyArray<string>
  /** The protocol that its stdout speaks. Default `"auto"`. */
  readonly format?: FormatName
  /** Over everything: waiting, tries and the delays between them. Default 30 s; 2 min for helpers that may prompt. */
  readonly timeout?: Time
  /** How long a key without an expiry of its own is used; `Infinity` is allowed. Default 5 min; what the catalog says for some programs, mostly 1 h. */
  readonly timeToLive?: Time
  /** How long before its expiry a key is renewed in the background. Default: the last 20 % of its life, at most 5 min. */
  readonly refreshAhead?: Time
  /** Variables to set, or with `undefined` to unset. */
  readonly env?: Readonly<Record<string, string | undefined>>
  /** The working directory. Default: ours. */
  readonly cwd?: string
  /** Whether the helper may ask on the terminal. Default `"never"`. */
  readonly interactive?: Interactive
  /** What to do when the helper repeats a refused key. Default `"serve"`. */
  readonly onRepeat?: OnRepeat
  /** What happens to a run when its last caller leaves. Default `"stop"`; `"finish"` for helpers that may prompt. */
  readonly whenAbandoned?: WhenAbandoned
  /** Fetch the first key at once. Default false. */
  readonly prefetch?: boolean
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string
}

/**
 * A key. JSON and `inspect` show no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKey {
  readonly value: string
  readonly expiresAt: Date | undefined
  /** The public half of a pair (git, docker, AWS). */
  readonly username: string | undefined
  readonly sessionToken: string | undefined
  /** Headers that the helper wants sent instead of the one a scheme would make. */
  readonly headers: Readonly<Record<string, string>>
}

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
  /** Where the key goes: requests to another origin than this URL's go out without it. */
  readonly baseUrl: string | URL
  /** Default: each header that holds the placeholder, else `Authorization: Bearer`. */
  readonly scheme?: Scheme
  /** Which answers mean that the key was refused. Default: as `effect-apikey/sdk/Fetch`. */
  readonly isRejection?: (response: Response) => boolean | Promise<boolean>
  /** What sends the requests. Default: the global `fetch`. */
  readonly fetch?: typeof globalThis.fetch
}

/**
 * How a provider stands. Holds no secret.
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
  readonly lastFailure: ApiKeyError | undefined
  readonly nextTry: Date | undefined
}

/**
 * Every way that getting a key can fail: `_tag` says which, `message` what happened, `hint` what to do. The tags are those of
 * `effect-apikey/ApiKeyError`; of their fields it has those that a program decides by, the others stand in the message.
 *
 * @since 0.1.0
 * @category errors
 */
export class ApiKeyError extends Error {
  readonly _tag: TypedError["_tag"]
  readonly hint: string
  /** Another try may help. */
  readonly isTransient: boolean
  /** Set while a back-off runs: nothing is tried before it. */
  readonly retryAt: Date | undefined
  /** The program's name. */
  readonly command: string | undefined
  readonly exitCode: number | undefined
  /** Why a helper ended with a status other than 0, as far as it is known. */
  readonly reason: "LoginRequired" | "NotFound" | "Denied" | "Unavailable" | "Unknown" | undefined
  /** The end of what the helper wrote there, with secrets removed. */
  readonly stderr: string | undefined

  /** @internal */
  constructor(error: TypedError) {
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
  /** The current key, fetched if need be. An abort rejects at once with the signal's reason. */
  readonly get: (options?: { readonly signal?: AbortSignal | undefined }) => Promise<ApiKey>
  /** The server refused this very key: the next `get` brings another, if there is one. */
  readonly reject: (key: ApiKey) => Promise<void>
  /** A `fetch` that puts the key in every request, and sends one that was refused for it once more with another. */
  readonly fetch: (options: FetchOptions) => typeof globalThis.fetch
  readonly status: () => Status
  /** Stops a run in flight and forgets the key. `await using` calls it. */
  readonly dispose: () => Promise<void>
}

/**
 * What a library that insists on a key is given; `fetch` replaces it.
 *
 * @since 0.1.0
 * @category constants
 */
export const placeholder: string = placeholders.placeholder

/**
 * Makes a provider whose key a helper command prints. Nothing runs before the first `get`.
 *
 * What goes wrong without an error (a renewal that fails while the key is still good) is a warning of the process, of type
 * `ApiKeyWarning`: on stderr, unless `process.on("warning")` and `--disable-warning` say otherwise.
 *
 * @example
 * ```ts
 * import { createApiKeyProvider, placeholder } from "effect-apikey/promise"
 * import OpenAI from "openai"
 *
 * await using provider = createApiKeyProvider({ command: ["op", "read", "op://Private/OpenAI/api-key"] })
 *
 * const key = await provider.get({ signal: AbortSignal.timeout(10_000) })
 * console.log(key) // the secret is not shown
 *
 * const baseURL = "https://api.openai.com/v1"
 * export const client = new OpenAI({
 *   baseURL,
 *   // Asked before each request, so that a failing helper is told at once; in `fetch` it would be tried again as a network fault.
 *   apiKey: () => provider.get().then(() => placeholder),
 *   fetch: provider.fetch({ baseUrl: baseURL })
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const createApiKeyProvider = (options: Options): ApiKeyProvider => {
  const scope = Effect.runSync(Scope.make())
  const wrong = problemOf(options)
  const provider = Runtime.runSync(runtime)(
    (wrong === undefined ? fromCommand(options) : Effect.succeed(make({ get: Effect.fail(wrong) }))).pipe(
      Effect.provideService(Scope.Scope, scope),
      Effect.provide(HelperExecutor.layerNode)
    )
  )
  const peek = peekOf(provider)

  const getSlowly = (signal: AbortSignal | undefined): Promise<ApiKey> =>
    runPromise(runtime, provider.get, signal).then(plainOf, raise)
  const dispose = (): Promise<void> => Runtime.runPromise(runtime)(Scope.close(scope, Exit.void))

  return {
    get: (given) => {
      const signal = given?.signal
      if (signal?.aborted === true) return Promise.reject(signal.reason)
      const key = peek(Date.now())
      return key === undefined ? getSlowly(signal) : promiseOf(key)
    },
    reject: (key) => runPromise(runtime, Effect.flatMap(modelOf(key), provider.reject), undefined).catch(raise),
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

/** Who does not use Effect does not expect its log, which goes to stdout, where a program's output belongs. */
const warnings = Logger.make(({ message }) =>
  process.emitWarning(Arr.ensure(message).map(String).join(" "), { type: "ApiKeyWarning" })
)

const runtime = Effect.runSync(Effect.provide(Effect.runtime<never>(), Logger.replace(Logger.defaultLogger, warnings)))

const checks: Checks<Options> = {
  command: runChecks.command,
  format: unchecked,
  timeout: runChecks.timeout,
  env: runChecks.env,
  cwd: runChecks.cwd,
  interactive: runChecks.interactive,
  provider: text,
  ...lifeChecks
}

/** JavaScript gives what no type has looked at; it comes out at the first `get`, as everything else that is wrong. */
const problemOf = (options: unknown): TypedError | undefined =>
  isRecord(options)
    ? Option.getOrUndefined(wrongOrUnknownField(options, checks))
    : inCode("the options are no object", example)

const example = 'For example: { command: ["op", "read", "op://Private/OpenAI/api-key"] }'

const raise = (error: unknown): never => {
  throw isApiKeyError(error) ? new ApiKeyError(error) : error
}

// --- plain values, made once for each key

const plains = new WeakMap<ApiKeyModel.ApiKey, Plain>()

class Plain implements ApiKey {
  readonly #model: ApiKeyModel.ApiKey
  /** Of a hit, so that it makes nothing. */
  readonly promise: Promise<ApiKey>

  constructor(model: ApiKeyModel.ApiKey) {
    this.#model = model
    this.promise = Promise.resolve(this)
    Object.defineProperty(this, "promise", { enumerable: false })
  }

  static modelOf(key: Plain): ApiKeyModel.ApiKey {
    return key.#model
  }

  get value(): string {
    return Redacted.value(this.#model.value)
  }
  get expiresAt(): Date | undefined {
    return Option.getOrUndefined(Option.map(this.#model.expiresAt, ({ epochMillis }) => new Date(epochMillis)))
  }
  get username(): string | undefined {
    return Option.getOrUndefined(this.#model.username)
  }
  get sessionToken(): string | undefined {
    return Option.getOrUndefined(Option.map(this.#model.sessionToken, Redacted.value))
  }
  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.#model.headers).map(([name, value]) => [name, Redacted.value(value)]))
  }

  toJSON(): unknown {
    return this.#model.toJSON()
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }
}

const plainOf = (model: ApiKeyModel.ApiKey): Plain => {
  const known = plains.get(model)
  if (known !== undefined) return known
  const made = new Plain(model)
  plains.set(model, made)
  return made
}

const promiseOf = (model: ApiKeyModel.ApiKey): Promise<ApiKey> => plainOf(model).promise

/** A copy by spread has no fields, because they are getters. */
const modelOf = (key: ApiKey | undefined): Either.Either<ApiKeyModel.ApiKey, TypedError> => {
  if (key instanceof Plain) return Either.right(Plain.modelOf(key))
  if (typeof key?.value !== "string") {
    return Either.left(inCode("`reject` was given no key", "Give it the very key that `get` gave, not a copy."))
  }
  const { headers, sessionToken, username, value } = key
  return Either.right(ApiKeyModel.make({ value, username, sessionToken, headers }))
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
    lastFailure: Option.getOrUndefined(Option.map(lastFailure, (error) => new ApiKeyError(error))),
    nextTry: date(nextTry)
  }
}
