/**
 * For tests of your own code: a provider whose keys, expiries and failures follow a script, and an executor whose helpers are
 * functions. Neither starts a process.
 *
 * @since 0.1.0
 */

import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as ApiKey from "./ApiKey.js"
import { type ApiKeyError, isApiKeyError } from "./ApiKeyError.js"
import * as HelperExecutor from "./HelperExecutor.js"
import * as ApiKeyCache from "./internal/cache/ApiKeyCache.js"
import type { LifeOptions } from "./internal/cache/options.js"
import type { Requirements } from "./internal/helper/options.js"
import { ApiKeyProvider, type Provider } from "./internal/model/provider.js"
import { executorProcess, signalError } from "./internal/process/executorProcess.js"
import { programName } from "./internal/redact/programName.js"

/**
 * The result of one run: a key (a string is its value), an error, or an effect, for example one that waits or counts.
 *
 * @since 0.1.0
 * @category models
 */
export type Step = string | ApiKey.ApiKey | ApiKeyError | Effect.Effect<ApiKey.ApiKey, ApiKeyError>

/**
 * How a scripted provider keeps its keys. The defaults are those of a command.
 *
 * @since 0.1.0
 * @category models
 */
export interface ScriptOptions extends LifeOptions {
  /** The name in errors and status. Default: `"default"`. */
  readonly provider?: string | undefined
}

/**
 * A step: a key that expires this long after its run, by Effect's `Clock`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const expiringIn = (value: string, lifetime: Duration.DurationInput): Effect.Effect<ApiKey.ApiKey> =>
  Effect.map(DateTime.now, (now) => ApiKey.make({ value, expiresAt: DateTime.addDuration(now, lifetime) }))

/**
 * A provider whose runs follow the script. The first run takes the first step; after the last step, every run takes that one.
 *
 * Everything else is as in production: concurrent callers share a run, keys expire and are refreshed, failures back off.
 * `status` counts runs, hits, refreshes and rejections. Use `TestClock` to move time.
 *
 * @example
 * ```ts
 * import * as Testing from "effect-apikey/testing"
 * import * as Effect from "effect/Effect"
 *
 * export const test = Effect.gen(function* () {
 *   const provider = yield* Testing.provider(["sk-1", "sk-2"])
 *   const first = yield* provider.get
 *   yield* provider.reject(first)
 *   return yield* provider.get // sk-2
 * })
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const provider = (
  script: readonly [Step, ...ReadonlyArray<Step>],
  options: ScriptOptions = {}
): Effect.Effect<Provider, never, Scope.Scope> =>
  Effect.suspend(() => {
    let run = 0
    return ApiKeyCache.make({
      ...options,
      provider: options.provider ?? "default",
      program: "script",
      format: "text",
      mayPrompt: false,
      fetch: () => Effect.suspend(() => effectOf(script[Math.min(run++, script.length - 1)] ?? script[0]))
    })
  })

const effectOf = (step: Step): Effect.Effect<ApiKey.ApiKey, ApiKeyError> => {
  if (typeof step === "string") return Effect.succeed(ApiKey.make({ value: step }))
  if (ApiKey.isApiKey(step)) return Effect.succeed(step)
  return isApiKeyError(step) ? Effect.fail(step) : step
}

/**
 * The scripted provider as a layer.
 *
 * @example
 * ```ts
 * import * as ApiKeyError from "effect-apikey/ApiKeyError"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Testing from "effect-apikey/testing"
 * import * as Effect from "effect/Effect"
 *
 * const myProgram = Effect.flatMap(ApiKeyProvider.ApiKeyProvider, (provider) => provider.get)
 *
 * // The first run returns a key that expires after 10 seconds; the next one fails.
 * export const test = myProgram.pipe(
 *   Effect.provide(
 *     Testing.layer([
 *       Testing.expiringIn("sk-first", "10 seconds"),
 *       new ApiKeyError.EmptyOutput({ command: "op", stderr: "" })
 *     ])
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = (
  script: readonly [Step, ...ReadonlyArray<Step>],
  options?: ScriptOptions
): Layer.Layer<ApiKeyProvider> => Layer.scoped(ApiKeyProvider, provider(script, options))

/**
 * How a helper was called. `program` is its name without directories, `env` what the run adds to the environment.
 *
 * @since 0.1.0
 * @category models
 */
export interface Call {
  readonly program: string
  readonly args: ReadonlyArray<string>
  readonly env: Readonly<Record<string, string>>
  readonly cwd: Option.Option<string>
  /** Everything that was written to its stdin. */
  readonly stdin: string
}

/**
 * What a helper prints, and the status that it exits with.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly stdout?: string
  readonly stderr?: string
  /** Default: 0. */
  readonly exitCode?: number
}

/**
 * An executor whose helpers are a function of the call. It provides everything that `layerCommand` requires; its file system
 * is empty, and its paths are POSIX paths.
 *
 * - Return `undefined` for a program that does not exist.
 * - Return `Effect.never` for a helper that hangs.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as Testing from "effect-apikey/testing"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"] }).pipe(
 *   Layer.provide(
 *     Testing.executor(({ program, args }) => Effect.succeed(program === "op" ? { stdout: `key of ${args[1]}` } : undefined))
 *   )
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const executor = (helper: (call: Call) => Effect.Effect<Answer | undefined>): Layer.Layer<Requirements> =>
  Layer.mergeAll(
    Layer.succeed(HelperExecutor.HelperExecutor, {
      start: (command) => start(command, helper),
      hasTerminal: Effect.succeed(false),
      isLocal: false
    }),
    FileSystem.layerNoop({}),
    Path.layer
  )

let lastPid = 0

const start = Effect.fnUntraced(function* (
  command: Command.Command,
  helper: (call: Call) => Effect.Effect<Answer | undefined>
): Effect.fn.Return<CommandExecutor.Process, PlatformError, Scope.Scope> {
  if (command._tag === "PipedCommand") return yield* Effect.fail(failure(command.right, "EINVAL"))
  const call: Call = {
    program: programName([command.command]),
    args: command.args,
    env: Object.fromEntries(HashMap.toEntries(command.env)),
    cwd: command.cwd,
    stdin: typeof command.stdin === "string" ? "" : yield* Stream.mkString(Stream.decodeText(command.stdin))
  }
  const exit = yield* Deferred.make<Answer, PlatformError>()
  const answering = yield* Effect.forkScoped(
    Effect.flatMap(helper(call), (answer) =>
      answer === undefined ? Deferred.fail(exit, failure(command, "ENOENT")) : Deferred.succeed(exit, answer)
    )
  )
  // A program that does not exist makes the helper return at once, so that the start fails.
  yield* Effect.yieldNow()
  const known = yield* Deferred.poll(exit)
  if (Option.isSome(known)) yield* known.value
  const output = (name: "stdout" | "stderr") =>
    Stream.fromEffect(Deferred.await(exit)).pipe(
      Stream.map((answer) => answer[name] ?? ""),
      Stream.encodeText
    )
  const killed = Deferred.fail(exit, signalError(command, "SIGTERM"))
  return executorProcess({
    pid: CommandExecutor.ProcessId(++lastPid),
    exitCode: Effect.map(Deferred.await(exit), ({ exitCode }) => CommandExecutor.ExitCode(exitCode ?? 0)),
    isRunning: Effect.map(Deferred.isDone(exit), (done) => !done),
    kill: () => Effect.zipRight(killed, answering.interruptAsFork(answering.id())),
    stdin: Sink.drain,
    stdout: output("stdout"),
    stderr: output("stderr")
  })
})

const failure = (command: Command.Command, description: string): PlatformError =>
  new SystemError({
    reason: description === "ENOENT" ? "NotFound" : "InvalidData",
    module: "Command",
    method: "start",
    pathOrDescriptor: command._tag === "StandardCommand" ? programName([command.command]) : "",
    description
  })
