/**
 * Runs one helper command, supervised: one time limit over everything, its whole process group stopped when that is over,
 * output capped, no shell, and every failure a typed error.
 *
 * @since 0.1.0
 */
import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type ApiKeyError,
  CommandKilled,
  CommandNotExecutable,
  CommandNotFound,
  CommandTimeout,
  ConfigInvalid,
  NonZeroExit,
  NoTerminal,
  OutputTooLarge,
  SpawnFailed,
  type TimeoutPhase
} from "./ApiKeyError.js"
import * as HelperCatalog from "./HelperCatalog.js"
import * as HelperExecutor from "./HelperExecutor.js"
import { environmentFor } from "./internal/environment.js"
import { programName } from "./internal/programName.js"
import { printable, secretsIn, tail, withoutSecrets } from "./internal/scrub.js"
import { findProgram } from "./internal/searchPath.js"

/**
 * Whether the helper may ask a person on the terminal: `"never"`, where there is a terminal (`"if-available"`), or it must
 * have one (`"always"`).
 *
 * @since 0.1.0
 * @category models
 */
export type Interactive = "never" | "if-available" | "always"

/**
 * What is run, and within which bounds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The argv: program and arguments. Never a shell string. */
  readonly command: ReadonlyArray<string>
  /** Over everything: waiting for a place, tries and the delays between them. Default 30 s; 2 min where a person may have to answer. */
  readonly timeout?: Duration.DurationInput | undefined
  /** When to try again after a transient error. Default: two more tries, from 200 ms, doubling, jittered; none where a person may be asked. */
  readonly retry?: Schedule.Schedule<unknown, ApiKeyError> | undefined
  /** Variables to set, or with `undefined` to unset, on top of those inherited. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Which of our variables the helper inherits: all (default), a list and the few that helpers cannot do without, or only those few. */
  readonly inheritEnv?: boolean | ReadonlyArray<string> | undefined
  /** The working directory. Default: ours. */
  readonly cwd?: string | undefined
  /** Default `"never"`. */
  readonly interactive?: Interactive | undefined
}

/**
 * Why a key is asked for, as the helper is told in `EFFECT_APIKEY_REASON`.
 *
 * @since 0.1.0
 * @category models
 */
export type RunReason = "first" | "expiry" | "rejected"

/**
 * One demand for a run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** Told to the helper in `EFFECT_APIKEY_PROVIDER`. */
  readonly provider: string
  readonly reason: RunReason
  /** Nobody asked for this run, so nobody may be asked. */
  readonly background: boolean
  /** What the format says on stdin; without it stdin is empty. */
  readonly input?: string | undefined
  /** What the format hands over in the environment. */
  readonly environment?: ((interactive: boolean) => Readonly<Record<string, string>>) | undefined
  /** What the format knows of a failure that the catalog does not know. */
  readonly explain?: ((failure: HelperCatalog.FailedRun) => Option.Option<HelperCatalog.Meaning>) | undefined
}

/**
 * What a run with status 0 gave.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  /** The program's name. */
  readonly command: string
  readonly stdout: Redacted.Redacted<Uint8Array>
  /** The end of stderr, fit to be shown: made when asked for. */
  readonly stderr: () => string
  /** When the run began, in epoch milliseconds. */
  readonly startedAt: number
}

const defaultTimeout = Duration.seconds(30)
const promptTimeout = Duration.minutes(2)
const killGrace = Duration.millis(500)
const reapLimit = Duration.millis(400)
const drainWindow = Duration.millis(200)
const slowAfter = Duration.seconds(10)
const maxStdoutBytes = 64 * 1024
const maxStderrBytes = 4 * 1024
/** More than is shown is kept until it is scrubbed, so that a cut never runs through a secret. */
const keptStderrBytes = 16 * maxStderrBytes
const maxRunsAtOnce = 64

const places = globalValue("effect-apikey/CredentialHelper/places", () => Effect.unsafeMakeSemaphore(maxRunsAtOnce))
const terminal = globalValue("effect-apikey/CredentialHelper/terminal", () => Effect.unsafeMakeSemaphore(1))

/** Two more tries, from 200 ms, doubling, jittered. */
const defaultRetry: Schedule.Schedule<unknown, ApiKeyError> = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(2))
)

/**
 * Runs a helper command until it yields its output, within its time limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (
  options: Options,
  request: Request
): Effect.Effect<Output, ApiKeyError, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const name = programName(options.command)
    const entry = HelperCatalog.find(name)
    const onTerminal = yield* takesTerminal(name, options, request)
    const mayPrompt = onTerminal || Option.exists(entry, ({ mayPrompt }) => mayPrompt)
    const timeout = yield* timeLimit(options, mayPrompt)
    yield* checkArguments(name, options)

    let phase: TimeoutPhase = "queued"
    const setPhase = (next: TimeoutPhase): void => {
      phase = next
    }
    const inPlace = Effect.scoped(attempt({ name, options, request, entry, onTerminal, setPhase })).pipe(
      places.withPermits(1),
      onTerminal ? terminal.withPermits(1) : (self) => self
    )
    const once = Effect.suspend(() => {
      setPhase("queued")
      return inPlace
    })
    const tries =
      mayPrompt && options.retry === undefined
        ? once
        : Effect.retry(once, { schedule: options.retry ?? defaultRetry, while: (error) => error.isTransient })
    return yield* Effect.timeoutFail(tries, {
      duration: timeout,
      onTimeout: () => new CommandTimeout({ command: name, timeout, phase })
    })
  })

/** Empty commands and impossible limits are the configuration's fault, and found before anything is started. */
const timeLimit = (options: Options, mayPrompt: boolean): Effect.Effect<Duration.Duration, ConfigInvalid> => {
  const timeout = Option.getOrUndefined(
    Duration.decodeUnknown(options.timeout ?? (mayPrompt ? promptTimeout : defaultTimeout))
  )
  if ((options.command[0] ?? "").trim() === "") {
    return invalid(
      "`command` is empty; it takes the program and its arguments",
      'For example: ["op", "read", "op://…"]'
    )
  }
  if (timeout === undefined || !Duration.isFinite(timeout) || Duration.toMillis(timeout) <= 0) {
    return invalid("`timeout` is not a time above 0", 'For example: "30 seconds"')
  }
  return Effect.succeed(timeout)
}

const invalid = (problem: string, remedy: string): Effect.Effect<never, ConfigInvalid> =>
  Effect.fail(new ConfigInvalid({ file: "code", line: 0, column: 0, problem, remedy }))

/** Node's own error for a NUL character quotes the argument, so such a command does not get that far. */
const checkArguments = (name: string, { command, cwd, env }: Options): Effect.Effect<void, SpawnFailed> =>
  [...command, cwd ?? "", ...Object.entries(env ?? {}).flat()].some((part) => part?.includes("\0"))
    ? Effect.fail(new SpawnFailed({ command: name, code: "ERR_INVALID_ARG_VALUE" }))
    : Effect.void

const takesTerminal = (
  name: string,
  { interactive = "never" }: Options,
  { background }: Request
): Effect.Effect<boolean, NoTerminal, CommandExecutor.CommandExecutor> =>
  interactive === "never" || background
    ? Effect.succeed(false)
    : Effect.flatMap(CommandExecutor.CommandExecutor, (executor) =>
        HelperExecutor.isHelperExecutor(executor) ? executor[HelperExecutor.TypeId].hasTerminal : Effect.succeed(false)
      ).pipe(
        Effect.filterOrFail(
          (available) => available || interactive === "if-available",
          () => new NoTerminal({ command: name })
        )
      )

interface Attempt {
  readonly name: string
  readonly options: Options
  readonly request: Request
  readonly entry: Option.Option<HelperCatalog.Entry>
  readonly onTerminal: boolean
  readonly setPhase: (phase: TimeoutPhase) => void
}

/** One start of the program, from PATH search to the last byte read. */
const attempt = ({ name, options, request, entry, onTerminal, setPhase }: Attempt) =>
  Effect.gen(function* () {
    setPhase("running")
    const startedAt = yield* Clock.currentTimeMillis
    const env = environmentFor(process.env, {
      env: options.env ?? {},
      inheritEnv: options.inheritEnv ?? true,
      told: {
        EFFECT_APIKEY_PROVIDER: request.provider,
        EFFECT_APIKEY_REASON: request.reason,
        EFFECT_APIKEY_INTERACTIVE: onTerminal ? "1" : "0",
        ...request.environment?.(onTerminal)
      }
    })
    const process_ = yield* launch({ name, options, request, entry, onTerminal, env })

    const tooLarge = yield* Deferred.make<never, OutputTooLarge>()
    const stdout = collector()
    const stderr = collector()
    const reading = yield* Effect.forkScoped(
      Effect.interruptible(
        Effect.all(
          [
            Effect.ignore(
              Stream.runForEach(process_.stdout, (bytes) => {
                stdout.add(bytes)
                return stdout.size() > maxStdoutBytes
                  ? Deferred.fail(tooLarge, new OutputTooLarge({ command: name, limit: maxStdoutBytes }))
                  : Effect.void
              })
            ),
            onTerminal
              ? Effect.void
              : Effect.ignore(
                  Stream.runForEach(process_.stderr, (bytes) =>
                    Effect.sync(() => {
                      stderr.add(bytes)
                      stderr.keepLast(keptStderrBytes)
                    })
                  )
                )
          ],
          { concurrency: "unbounded", discard: true }
        )
      )
    )
    yield* Effect.forkScoped(
      Effect.interruptible(
        Effect.delay(
          Effect.logInfo(`${name} has been running for ${Duration.format(slowAfter)} and goes on`),
          slowAfter
        )
      )
    )

    const ended = yield* Effect.raceFirst(Effect.either(process_.exitCode), Deferred.await(tooLarge))
    setPhase("draining")
    // A background process of the helper's may hold the pipe open: what was read by the end of the window counts.
    yield* Effect.raceFirst(
      Effect.timeoutOption(Effect.interruptible(Fiber.await(reading)), drainWindow),
      Deferred.await(tooLarge)
    )

    const shownStderr = (): string =>
      tail(
        withoutSecrets(printable(textOf(stderr.bytes())), [
          ...secretsIn(textOf(stdout.bytes())),
          ...options.command.slice(1).filter((argument) => argument.length >= minScrubbedArgument),
          ...Object.values(options.env ?? {}).filter((value) => value !== undefined)
        ]),
        maxStderrBytes
      )

    if (ended._tag === "Left") {
      const signal = signalOf(ended.left)
      return yield* new CommandKilled({ command: name, signal, stderr: shownStderr() })
    }
    if (ended.right !== 0) {
      const failure = {
        exitCode: ended.right,
        stderr: printable(textOf(stderr.bytes())),
        stdout: textOf(stdout.bytes())
      }
      const { detail = "", reason, remedy } = HelperCatalog.classify(entry, failure, request.explain)
      const stderr_ = shownStderr()
      return yield* new NonZeroExit({
        command: name,
        exitCode: ended.right,
        stderr: stderr_ === "" ? detail : stderr_,
        reason,
        ...(remedy === undefined ? {} : { remedy })
      })
    }
    const output: Output = { command: name, stdout: Redacted.make(stdout.bytes()), stderr: shownStderr, startedAt }
    return output
  })

/** Shorter arguments are flags and sub-commands; taking them out would only make the text unreadable. */
const minScrubbedArgument = 6

interface Launch extends Omit<Attempt, "setPhase"> {
  readonly env: Record<string, string>
}

/** Finds and starts the program; its group is stopped when the scope closes, unless it ended with status 0. */
const launch = ({
  name,
  options,
  request,
  entry,
  onTerminal,
  env
}: Launch): Effect.Effect<
  CommandExecutor.Process,
  ApiKeyError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function* () {
    const executor = yield* CommandExecutor.CommandExecutor
    const cwd = Option.fromNullable(options.cwd)
    yield* checkDirectory(name, cwd)
    const [program = "", ...args] = options.command
    const found = yield* findProgram(program, { env, cwd })
    const install = Option.flatMapNullable(entry, (known) => known.install)
    const notFound = (searched: ReadonlyArray<string>): CommandNotFound =>
      new CommandNotFound({
        command: name,
        searched,
        ...Option.match(install, { onNone: () => ({}), onSome: (remedy) => ({ remedy }) })
      })
    // Another executor may know programs that are not files (a fake, a remote shell), so only ours is spared the try.
    if (found._tag === "Missing" && HelperExecutor.isHelperExecutor(executor)) {
      return yield* notFound(found.searched)
    }
    if (found._tag === "NotExecutable") return yield* new CommandNotExecutable({ command: name, path: found.path })
    const path = found._tag === "Executable" ? found.path : program

    const command = Command.make(path, ...args).pipe(
      Command.env(env, { extendEnv: false }),
      onTerminal ? onOurTerminal : withInput(request.input),
      (self) => Option.match(cwd, { onNone: () => self, onSome: (folder) => Command.workingDirectory(self, folder) })
    )
    const explain = (cause: Cause.Cause<PlatformError>): ApiKeyError => {
      const code = codeOf(Cause.squash(cause))
      if (code === "ENOENT" && found._tag === "Missing") return notFound(found.searched)
      // The file is there and the folder is there: what is missing is its interpreter.
      return code === "ENOENT" || code === "EACCES" || code === "ENOEXEC"
        ? new CommandNotExecutable({ command: name, path })
        : new SpawnFailed({ command: name, code })
    }
    return yield* executor.start(command).pipe(
      Effect.catchAllCause((cause) => Effect.fail(explain(cause))),
      Effect.tap((process_) => Effect.addFinalizer((exit) => (Exit.isSuccess(exit) ? Effect.void : stop(process_)))),
      Effect.uninterruptible
    )
  })

const onOurTerminal = (self: Command.Command): Command.Command =>
  self.pipe(Command.stdin("inherit"), Command.stderr("inherit"))

const withInput =
  (input: string | undefined) =>
  (self: Command.Command): Command.Command =>
    input === undefined ? Command.stdin(self, Stream.empty) : Command.feed(self, input)

const checkDirectory = (
  name: string,
  cwd: Option.Option<string>
): Effect.Effect<void, SpawnFailed, FileSystem.FileSystem> =>
  Option.match(cwd, {
    onNone: () => Effect.void,
    onSome: (directory) =>
      FileSystem.FileSystem.pipe(
        Effect.flatMap((fs) => fs.stat(directory)),
        Effect.mapError((error) => new SpawnFailed({ command: name, code: codeOf(error) })),
        Effect.filterOrFail(
          (info) => info.type === "Directory",
          () => new SpawnFailed({ command: name, code: "ENOTDIR" })
        )
      )
  })

/**
 * SIGTERM to the group, a grace, SIGKILL to the group. `kill` waits for the exit, and a finalizer is uninterruptible, so
 * without `interruptible` the grace could not end it.
 */
const stop = (process_: CommandExecutor.Process): Effect.Effect<void> => {
  const kill = (signal: CommandExecutor.Signal, limit: Duration.Duration): Effect.Effect<boolean> =>
    process_
      .kill(signal)
      .pipe(Effect.ignore, Effect.interruptible, Effect.timeoutOption(limit), Effect.map(Option.isSome))
  return Effect.flatMap(kill("SIGTERM", killGrace), (gone) =>
    gone ? Effect.void : Effect.asVoid(kill("SIGKILL", reapLimit))
  )
}

/** The system's code in what an executor fails or dies with; nothing else of it is fit to be shown. */
const codeOf = (error: unknown): string => {
  const cause = hasProperty(error, "cause") ? error.cause : undefined
  for (const candidate of [error, cause]) {
    if (hasProperty(candidate, "code") && typeof candidate.code === "string") return candidate.code
  }
  const description =
    hasProperty(error, "description") && typeof error.description === "string" ? error.description : ""
  const inText = /\b(?:E[A-Z0-9]{2,}|ERR_[A-Z_]+)\b/.exec(description)?.[0]
  const reason = hasProperty(error, "reason") ? error.reason : undefined
  return inText ?? (reason === "NotFound" ? "ENOENT" : reason === "PermissionDenied" ? "EACCES" : "EUNKNOWN")
}

const signalOf = (error: PlatformError): string =>
  /signal: (SIG[A-Z0-9]+)/.exec(("description" in error ? error.description : undefined) ?? error.message)?.[1] ??
  "an unknown signal"

const collector = () => {
  let chunks: Array<Uint8Array> = []
  let size = 0
  return {
    add: (bytes: Uint8Array): void => {
      chunks.push(bytes)
      size += bytes.length
    },
    /** Drops whole chunks from the front while what is left is enough. */
    keepLast: (limit: number): void => {
      while (chunks[0] !== undefined && size - chunks[0].length >= limit) size -= chunks.shift()?.length ?? 0
    },
    size: (): number => size,
    bytes: (): Uint8Array => {
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)]
      return chunks[0] ?? new Uint8Array()
    }
  }
}

const lenient = new TextDecoder("utf-8")
const textOf = (bytes: Uint8Array): string => lenient.decode(bytes)
