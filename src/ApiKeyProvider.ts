/**
 * The service an application asks for its key, and the layers that make one.
 *
 * @since 0.1.0
 */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import type * as Config from "effect/Config"
import type * as ConfigError from "effect/ConfigError"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as ApiKey from "./ApiKey.js"
import * as ApiKeyCache from "./ApiKeyCache.js"
import { type ApiKeyError, ConfigInvalid, KeyNotConfigured } from "./ApiKeyError.js"
import type * as ApiKeySource from "./ApiKeySource.js"
import * as CredentialFormat from "./CredentialFormat.js"
import * as CredentialHelper from "./CredentialHelper.js"
import * as HelperCatalog from "./HelperCatalog.js"
import { emptyStatus } from "./internal/cache/status.js"
import { programName } from "./internal/redact/programName.js"
import { type Readable, readEnv, readSource } from "./internal/source/read.js"

/**
 * How a provider stands: never the secret.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiKeyStatus = ApiKeyCache.ApiKeyStatus

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
  /** The server refused this very key. */
  readonly reject: (key: ApiKey.ApiKey) => Effect.Effect<void>
  readonly status: Effect.Effect<ApiKeyStatus>
  /** The status now and at every change. */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

/**
 * The key provider of an application. Where one program needs two, see `Service`.
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
    status,
    changes: options.changes ?? Stream.fromEffect(status)
  }
}

const defaultProvider = "default"

/**
 * Everything that shapes a command's runs, the format of its answer, and the life of its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions extends CredentialHelper.Options, ApiKeyCache.LifeOptions {
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string | undefined
  /** The protocol that the command's stdout speaks. Default `"auto"`. */
  readonly format?: CredentialFormat.Format | undefined
  /**
   * What becomes of a key that the server refused. `"forget"` (default): we forget it. `"erase"`: before the next run the helper
   * is told to forget it too, within the same budget; only `git-credential` with a `url` and `docker-credential` with a
   * `serverUrl` can say that, of a command that ends in `get` or `fill`.
   */
  readonly onReject?: "forget" | "erase" | undefined
}

/**
 * What running a helper needs: `HelperExecutor.layerNode` has it all.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path

/**
 * A provider whose key a helper command prints, as a value; it lives as long as the scope.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromCommand = (options: CommandOptions): Effect.Effect<Provider, never, Requirements | Scope.Scope> =>
  fromGuardedCommand(options, Effect.succeed({}), () => undefined)

/**
 * Asked before each run: may it be, and with which of its options changed.
 *
 * @internal
 */
export type Guard = Effect.Effect<Partial<CredentialHelper.Options>, ApiKeyError, FileSystem.FileSystem | Path.Path>

/**
 * @internal
 */
export const fromGuardedCommand = (
  options: CommandOptions,
  guard: Guard,
  observe: (output: CredentialHelper.Output) => void
): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const provider = options.provider ?? defaultProvider
  const program = programName(options.command, options.cwd)
  const entry = HelperCatalog.find(program)
  const resolved = CredentialFormat.resolve(options.format ?? "auto", program)
  const mayPrompt = Option.exists(entry, (known) => known.mayPrompt)
  const timeToLive =
    options.timeToLive ?? Option.getOrUndefined(Option.flatMapNullable(entry, (known) => known.timeToLive))
  /** Kept only to be erased, and no longer than the scope. */
  let last: Option.Option<ApiKey.ApiKey> = Option.none()
  return ApiKeyCache.make({
    ...options,
    provider,
    program,
    format: Either.match(resolved, { onLeft: () => "invalid", onRight: ({ name }) => name }),
    mayPrompt: mayPrompt || (options.interactive ?? "never") !== "never",
    timeToLive,
    fetch: (request) =>
      Effect.gen(function* () {
        const speaking = yield* resolved
        const allowed = { ...options, ...(yield* guard) }
        yield* checkErase(allowed, speaking)
        const { environment, explain, input } = speaking
        const asked = { ...request, provider, environment }
        const before = request.reason === "rejected" ? erase(allowed, speaking, last, asked) : undefined
        // Once: what stands there afterwards is another key, which somebody has just stored.
        if (before !== undefined) last = Option.none()
        const output = yield* CredentialHelper.run(allowed, { ...asked, input, explain, before })
        observe(output)
        const now = yield* DateTime.now
        const key = yield* CredentialFormat.decode(speaking, output, now)
        if (options.onReject === "erase") last = Option.some(key)
        return key
      })
  }).pipe(
    Effect.zipLeft(
      Effect.addFinalizer(() =>
        Effect.sync(() => {
          last = Option.none()
        })
      )
    )
  )
}

const checkErase = (
  { command, onReject = "forget" }: CommandOptions,
  { forget, name }: CredentialFormat.CredentialFormat
): Effect.Effect<void, ConfigInvalid> =>
  onReject === "forget" || Option.isSome(forget?.(command, ApiKey.make({ value: "any" })) ?? Option.none())
    ? Effect.void
    : Effect.fail(
        new ConfigInvalid({
          file: "code",
          line: 0,
          column: 0,
          problem: `\`onReject: "erase"\` cannot be said to this command in the format "${name}"`,
          remedy:
            'It needs format { name: "git-credential", url } or { name: "docker-credential", serverUrl }, and a command that ends in get or fill.'
        })
      )

const eraseLimit = Duration.seconds(5)

/** A helper that cannot forget is no reason not to ask it again. */
const erase = (
  options: CommandOptions,
  { forget }: CredentialFormat.CredentialFormat,
  refused: Option.Option<ApiKey.ApiKey>,
  request: CredentialHelper.Request
): Effect.Effect<void, never, Requirements> =>
  Option.match(
    Option.flatMap(refused, (key) => forget?.(options.command, key) ?? Option.none()),
    {
      onNone: () => Effect.void,
      onSome: ({ command, input }) =>
        CredentialHelper.run(
          { ...options, command, timeout: eraseLimit, interactive: "never" },
          { ...request, input }
        ).pipe(
          Effect.catchAll(({ message }) => Effect.logWarning(`the refused key was not erased: ${message}`)),
          Effect.asVoid
        )
    }
  )

/**
 * The key that a helper command prints.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * const program = Effect.gen(function* () {
 *   const provider = yield* ApiKeyProvider.ApiKeyProvider
 *   const key = yield* provider.get
 *   console.log(key) // the secret is not shown
 * })
 *
 * export const main = program.pipe(
 *   Effect.provide(
 *     ApiKeyProvider.layerCommand({ command: ["op", "read", "op://Private/OpenAI/api-key"], timeout: "10 seconds" }).pipe(
 *       Layer.provide(HelperExecutor.layerNode)
 *     )
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerCommand = (options: CommandOptions): Layer.Layer<ApiKeyProvider, never, Requirements> =>
  Layer.scoped(ApiKeyProvider, fromCommand(options))

/**
 * A key that is known. When the server refuses it, it is only marked: there is no other.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerStatic = (key: ApiKey.ApiKey | Redacted.Redacted<string>): Layer.Layer<ApiKeyProvider> => {
  const value = ApiKey.isApiKey(key) ? key : ApiKey.make({ value: key })
  return Layer.sync(ApiKeyProvider, () => make({ get: Effect.succeed(value) }))
}

/**
 * The key in an environment variable, read at each `get`. Unset or blank is `KeyNotConfigured`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerEnv = (
  name: string,
  options?: { readonly provider?: string | undefined }
): Layer.Layer<ApiKeyProvider> =>
  Layer.sync(ApiKeyProvider, () => {
    const provider = options?.provider ?? defaultProvider
    return make({ provider, get: readEnv(name, provider) })
  })

/**
 * From a command to its provider.
 *
 * @internal
 */
export type Open = (options: CommandOptions, guard: Guard) => Effect.Effect<Provider, never, Requirements | Scope.Scope>

/**
 * What the layers of sources take beside the source.
 *
 * @since 0.1.0
 * @category models
 */
export interface SourceOptions {
  /** The name in errors and status. Default `"default"`. */
  readonly provider?: string | undefined
  /** For commands that do not say. Default `"never"`. */
  readonly interactive?: CredentialHelper.Interactive | undefined
  /**
   * Asked before each reading and each run: whether it may be, and with which options of the run changed.
   *
   * @internal
   */
  readonly guard?: ((source: ApiKeySource.Single) => Guard) | undefined
  /**
   * What makes a provider of a command, where commands are shared.
   *
   * @internal
   */
  readonly open?: Open | undefined
  /**
   * Sees what each run gave.
   *
   * @internal
   */
  readonly observe?: ((output: CredentialHelper.Output) => void) | undefined
}

/**
 * A provider whose key comes from a source, as a value; it lives as long as the scope. Environment, files and `auth.json`
 * are read at each `get`, so a secret that is replaced there is used at once; of several sources each `get` asks from the
 * first on.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSource = (
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const provider = options?.provider ?? defaultProvider
  switch (source._tag) {
    case "Command": {
      const command = { interactive: options?.interactive, ...commandOptions(source.command), provider }
      const guard = options?.guard?.(source) ?? Effect.succeed({})
      return options?.open === undefined
        ? fromGuardedCommand(command, guard, options?.observe ?? (() => undefined))
        : options.open(command, guard)
    }
    case "FirstOf":
      return Effect.map(
        Effect.forEach(source.firstOf, (each) => fromSource(each, options)),
        (providers) => fromFirstOf(providers, { provider, onFailure: source.onFailure })
      )
    default:
      return fromReadable(source, options)
  }
}

const fromReadable = (
  source: Readable,
  options: SourceOptions | undefined
): Effect.Effect<Provider, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (context) => {
    const provider = options?.provider ?? defaultProvider
    const guarded = options?.guard === undefined ? Effect.void : options.guard(source)
    return make({ provider, get: Effect.provide(Effect.zipRight(guarded, readSource(source, provider)), context) })
  })

/**
 * The options of a provider for a command that configuration says.
 *
 * @internal
 */
export const commandOptions = ({ argv, cache, retries, env, ...run }: ApiKeySource.RunOptions): CommandOptions => ({
  ...run,
  ...cache,
  command: argv,
  retry: retries === undefined ? undefined : retrying(retries),
  env: env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? undefined]))
})

/** The library's own delays, with another number of tries: one schedule a number, so that equal commands are known as such. */
const retrying = (times: number): Schedule.Schedule<unknown, ApiKeyError> => {
  const known = schedules.get(times)
  if (known !== undefined) return known
  const made = Schedule.exponential("200 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(times)))
  schedules.set(times, made)
  return made
}

const schedules = new Map<number, Schedule.Schedule<unknown, ApiKeyError>>()

/**
 * The first of several providers that has a key. Absence lets the next one try; a failure does so only with
 * `onFailure: "next"`, and is then what is told if nobody has a key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFirstOf = (
  providers: ReadonlyArray<Provider>,
  options?: { readonly provider?: string | undefined; readonly onFailure?: "stop" | "next" | undefined }
): Provider => {
  const provider = options?.provider ?? defaultProvider
  const onFailure = options?.onFailure ?? "stop"
  const [first] = providers
  let current = first
  const asking = (ask: (self: Provider) => Effect.Effect<ApiKey.ApiKey, ApiKeyError>) =>
    Effect.gen(function* () {
      const tried: Array<string> = []
      let failure: ApiKeyError | undefined
      for (const candidate of providers) {
        const answer = yield* Effect.either(ask(candidate))
        if (answer._tag === "Right") {
          current = candidate
          return answer.right
        }
        if (answer.left._tag === "KeyNotConfigured") tried.push(...answer.left.tried)
        else if (onFailure === "stop") return yield* answer.left
        else failure ??= answer.left
      }
      return yield* failure ?? new KeyNotConfigured({ provider, tried })
    })
  const status = Effect.suspend(() => (current === undefined ? Effect.succeed(emptyStatus(provider)) : current.status))
  return {
    get: asking(({ get }) => get),
    refresh: asking(({ refresh }) => refresh),
    // Each drops only what it gave itself, and who that was may have answered before another did.
    reject: (key) => Effect.forEach(providers, ({ reject }) => reject(key), { discard: true }),
    status,
    changes: Stream.mapEffect(
      Stream.mergeAll(
        providers.map(({ changes }) => changes),
        { concurrency: "unbounded" }
      ),
      () => status
    )
  }
}

/**
 * The key from a source.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerSource(
 *   ApiKeySource.firstOf([
 *     ApiKeySource.env("OPENAI_API_KEY"),
 *     ApiKeySource.file("/run/secrets/openai"),
 *     ApiKeySource.command(["op", "read", "op://Work/OpenAI/api-key"])
 *   ])
 * ).pipe(Layer.provide(HelperExecutor.layerNode))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSource = (
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, never, Requirements> => Layer.scoped(ApiKeyProvider, fromSource(source, options))

/**
 * The key from the source that an Effect `Config` yields: `ApiKeySource.config` reads it from the environment.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerConfig = (
  config: Config.Config<ApiKeySource.ApiKeySource>,
  options?: SourceOptions
): Layer.Layer<ApiKeyProvider, ConfigError.ConfigError, Requirements> =>
  Layer.scoped(
    ApiKeyProvider,
    Effect.flatMap(config, (source) => fromSource(source, options))
  )

/**
 * The key in a file, read at each `get`. Missing is `KeyNotConfigured`; readable by others is a warning, with `strict` an error.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFile = (
  path: string,
  options?: SourceOptions & { readonly strict?: boolean }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layerReadable({ _tag: "File", file: path, strict: options?.strict ?? false }, options)

const layerReadable = (
  source: Readable,
  options: SourceOptions | undefined
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  Layer.effect(ApiKeyProvider, fromReadable(source, options))

/**
 * The key of an entry in opencode's `auth.json`, read at each `get`. Missing is `KeyNotConfigured`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerAuthJson = (
  id: string,
  options?: SourceOptions & { readonly strict?: boolean }
): Layer.Layer<ApiKeyProvider, never, FileSystem.FileSystem | Path.Path> =>
  layerReadable({ _tag: "Auth", auth: id, strict: options?.strict ?? false }, { provider: id, ...options })

/**
 * The key of the first of several providers that has one: `KeyNotConfigured` lets the next one try, another failure does so
 * only with `onFailure: "next"`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerFirstOf = <E, R>(
  layers: readonly [Layer.Layer<ApiKeyProvider, E, R>, ...ReadonlyArray<Layer.Layer<ApiKeyProvider, E, R>>],
  options?: { readonly provider?: string | undefined; readonly onFailure?: "stop" | "next" | undefined }
): Layer.Layer<ApiKeyProvider, E, R> =>
  Layer.scoped(
    ApiKeyProvider,
    Effect.map(
      Effect.forEach(layers, (each) =>
        Effect.map(Layer.build(each), (context) => Context.get(context, ApiKeyProvider))
      ),
      (providers) => fromFirstOf(providers, options)
    )
  )

/**
 * A tag class as `Service` makes it.
 *
 * @since 0.1.0
 * @category models
 */
export type ServiceClass<Self, Id extends string> = Context.TagClass<Self, Id, Provider> & {
  /** This tag's layer, from any layer of an `ApiKeyProvider`. */
  readonly layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>) => Layer.Layer<Self, E, R>
}

/**
 * A tag of one's own, where one program needs two providers.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 *
 * class OpenAiKey extends ApiKeyProvider.Service<OpenAiKey>()("OpenAiKey") {}
 * class GatewayKey extends ApiKeyProvider.Service<GatewayKey>()("GatewayKey") {}
 *
 * export const OpenAiKeyLive = OpenAiKey.layer(ApiKeyProvider.layerEnv("OPENAI_API_KEY"))
 * export const GatewayKeyLive = GatewayKey.layer(ApiKeyProvider.layerCommand({ command: ["get-token"] }))
 * ```
 *
 * @since 0.1.0
 * @category tags
 */
export const Service =
  <Self>() =>
  <const Id extends string>(id: Id): ServiceClass<Self, Id> => {
    const tag = Context.Tag(id)<Self, Provider>()
    return Object.assign(tag, {
      layer: <E, R>(from: Layer.Layer<ApiKeyProvider, E, R>): Layer.Layer<Self, E, R> =>
        Layer.map(from, (context) => Context.make(tag, Context.get(context, ApiKeyProvider)))
    })
  }
