import * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import {
  type ApiKeyError,
  CommandKilled,
  CommandNotExecutable,
  CommandNotFound,
  NonZeroExit,
  NoTerminal,
  OutputTooLarge,
  SpawnFailed,
  type TimeoutPhase
} from "../../ApiKeyError.js"
import * as HelperCatalog from "../../HelperCatalog.js"
import * as HelperExecutor from "../../HelperExecutor.js"
import type { Entry } from "../catalog/entry.js"
import type { FailedRun, Meaning } from "../format/failure.js"
import type { Output, RunReason } from "../format/format.js"
import { settleLimit, stop, stopOnTerminal } from "../process/terminate.js"
import { secretsByName, secretsIn, secretsInArguments } from "../redact/candidates.js"
import { minSecretLength } from "../redact/encodings.js"
import { shownPath, shownPlaces } from "../redact/programName.js"
import { withoutSecrets } from "../redact/redact.js"
import { printable, tail } from "../redact/terminal.js"
import { type Collector, collector } from "../util/bytes.js"
import { codeOf, signalOf } from "../util/platformError.js"
import { crowd, leave } from "./admission.js"
import { argvRemedy, checkDirectory, extendPath, locate } from "./locate.js"
import type { Options } from "./options.js"
import { remedyFor } from "./searchPath.js"
import { interpreterRemedy } from "./shebang.js"

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
  /** What is done before the first try, within the same budget: telling the helper to forget a refused key. */
  readonly before?:
    | Effect.Effect<void, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path>
    | undefined
  /** What the format hands over in the environment. */
  readonly environment?: ((interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>) | undefined
  /** What the format knows of a failure that the catalog does not know. */
  readonly explain?: ((failure: FailedRun) => Option.Option<Meaning>) | undefined
}

const drainWindow = Duration.millis(200)

const slowAfter = Duration.seconds(10)

const maxStdoutBytes = 64 * 1024

const maxStderrBytes = 4 * 1024

/** More than is shown is kept until it is scrubbed, so that a cut never runs through a secret. */
const keptStderrBytes = 16 * maxStderrBytes

export interface Progress {
  phase: TimeoutPhase
  saidSlow: boolean
}

export const setPhase = (progress: Progress, phase: TimeoutPhase): Effect.Effect<void> =>
  Effect.sync(() => {
    progress.phase = phase
  })

/** A run that nobody asked for has nobody to ask. */
export const takesTerminal = (
  name: string,
  { interactive = "never" }: Options,
  { background }: Request
): Effect.Effect<boolean, NoTerminal, CommandExecutor.CommandExecutor> =>
  interactive === "never"
    ? Effect.succeed(false)
    : Effect.flatMap(CommandExecutor.CommandExecutor, (executor) =>
        !background && HelperExecutor.isHelperExecutor(executor)
          ? executor[HelperExecutor.TypeId].hasTerminal
          : Effect.succeed(false)
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
  readonly entry: Option.Option<Entry>
  readonly onTerminal: boolean
  readonly progress: Progress
}

/** One start of the program. Its pipes are read until it is gone: who is told to stop may still have something to say. */
export const attempt = (context: Attempt) =>
  Effect.scoped(Effect.flatMap(Effect.scope, (pipes) => Effect.scoped(supervised(context, pipes))))

/** From PATH search to the last byte read. */
const supervised = (context: Attempt, pipes: Scope.Scope) =>
  Effect.gen(function* () {
    const { name, options, request, entry, onTerminal, progress } = context
    yield* setPhase(progress, "running")
    const startedAt = yield* Clock.currentTimeMillis
    let isRunning = false
    // Before the start, so that it is called after the process is gone.
    yield* Effect.addFinalizer(() => Effect.sync(() => isRunning && leave()))
    const process_ = yield* launch(context)
    isRunning = true
    crowd.running++

    const tooLarge = yield* Deferred.make<never, OutputTooLarge>()
    const stdout = collector()
    const stderr = collector()
    const readStdout = Stream.runForEach(process_.stdout, (bytes) => {
      if (stdout.size() <= maxStdoutBytes) stdout.add(bytes)
      return stdout.size() > maxStdoutBytes
        ? Deferred.fail(tooLarge, new OutputTooLarge({ command: name, limit: maxStdoutBytes }))
        : Effect.void
    })
    const readStderr = Stream.runForEach(process_.stderr, (bytes) =>
      Effect.sync(() => {
        stderr.add(bytes)
        stderr.keepLast(keptStderrBytes)
      })
    )
    const reading = yield* Effect.all(
      [Effect.ignore(readStdout), onTerminal ? Effect.void : Effect.ignore(readStderr)],
      {
        concurrency: "unbounded",
        discard: true
      }
    ).pipe(Effect.interruptible, Effect.forkIn(pipes))
    yield* Effect.forkScoped(Effect.interruptible(saySlow(context)))

    const ended = yield* Effect.raceFirst(Effect.either(process_.exitCode), Deferred.await(tooLarge))
    yield* setPhase(progress, "draining")
    if (onTerminal && !(ended._tag === "Right" && ended.right === 0)) yield* Effect.sleep(settleLimit)
    // A background process of the helper's may hold the pipe open: what was read by the end of the window counts.
    yield* Effect.raceFirst(
      Effect.timeoutOption(Effect.interruptible(Fiber.await(reading)), drainWindow),
      Deferred.await(tooLarge)
    )

    const handedOver = () => [
      ...secretsInArguments(options.command.slice(1)),
      ...Object.values(options.env ?? {}).filter((value) => value !== undefined),
      // What the caller lists is handed over by the caller, so a short value is no chance word.
      ...secretsByName(process.env, Array.isArray(options.inheritEnv) ? minSecretLength : undefined),
      ...secretsByName(attributesOf(request.input), minSecretLength)
    ]
    const said = saidOn(stderr, () => [...secretsIn(textOf(stdout)), ...handedOver()])
    if (ended._tag === "Left") {
      return yield* new CommandKilled({ command: name, signal: signalOf(ended.left), stderr: said() })
    }
    if (ended.right !== 0) {
      const failure = { exitCode: ended.right, stderr: printable(textOf(stderr)), stdout: textOf(stdout), onTerminal }
      const { detail = "", reason, remedy } = HelperCatalog.classify(entry, failure, request.explain)
      const stderrShown = said()
      return yield* new NonZeroExit({
        command: name,
        exitCode: ended.right,
        stderr: stderrShown === "" ? withoutSecrets(detail, handedOver()) : stderrShown,
        reason,
        ...(remedy === undefined ? {} : { remedy })
      })
    }
    const output: Output = { command: name, stdout: Redacted.make(stdout.bytes()), stderr: said, startedAt }
    return output
  })

/** On the terminal the person sees for themselves what it waits for, and a log line would run through the prompt. */
const saySlow = ({ name, onTerminal, progress }: Attempt): Effect.Effect<void> =>
  onTerminal
    ? Effect.void
    : Effect.suspend(() => {
        if (progress.saidSlow) return Effect.void
        progress.saidSlow = true
        return Effect.logInfo(`${name} has been running for ${Duration.format(slowAfter)} and goes on`)
      }).pipe(Effect.delay(slowAfter))

const lenient = new TextDecoder("utf-8")

const textOf = (collected: Collector): string => lenient.decode(collected.bytes())

/** The end of stderr as it may be shown. Made when asked for: a run that went well says nothing. */
const saidOn = (stderr: Collector, secrets: () => ReadonlyArray<string>) => (): string =>
  tail(withoutSecrets(printable(textOf(stderr)), secrets(), stderr.isCut()), maxStderrBytes)

/** `name=value` lines, as a format may say them on stdin. */
const attributesOf = (input = ""): Record<string, string> =>
  Object.fromEntries(
    input.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    })
  )

/** Finds and starts the program; its group is stopped when the scope closes, unless it ended with status 0. */
const launch = ({
  name,
  options,
  request,
  entry,
  onTerminal
}: Attempt): Effect.Effect<
  CommandExecutor.Process,
  ApiKeyError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function* () {
    const executor = yield* CommandExecutor.CommandExecutor
    const cwd = Option.fromNullable(options.cwd)
    yield* checkDirectory(name, cwd)
    const { env, found, program } = yield* locate(options, {
      EFFECT_APIKEY_PROVIDER: request.provider,
      EFFECT_APIKEY_REASON: request.reason,
      EFFECT_APIKEY_INTERACTIVE: onTerminal ? "1" : "0",
      ...request.environment?.(onTerminal, request.reason)
    })
    const [, ...args] = options.command
    const notFound = (searched: ReadonlyArray<string>): CommandNotFound => {
      const remedy = Option.orElse(argvRemedy(options), () => Option.flatMapNullable(entry, (known) => known.install))
      return new CommandNotFound({ command: name, searched: shownPlaces(program, searched), ...remedyField(remedy) })
    }
    // Another executor may know programs that are not files (a fake, a remote shell), so only ours is spared the try.
    if (found._tag === "Missing" && HelperExecutor.isHelperExecutor(executor)) return yield* notFound(found.searched)
    if (found._tag === "NotExecutable") {
      const shown = shownPath(program, name, found.path)
      return yield* new CommandNotExecutable({ command: name, path: shown, remedy: remedyFor[found.obstacle] })
    }
    const { path, beyondPath } =
      found._tag === "Executable" ? found : { path: program, beyondPath: Option.none<string>() }

    const command = Command.make(path, ...args).pipe(
      // A program from beyond PATH (a mise shim, a script of npm's) often calls others beside it.
      Command.env(extendPath(env, beyondPath), { extendEnv: false }),
      withStdio(request.input, onTerminal),
      (self) => Option.match(cwd, { onNone: () => self, onSome: (folder) => Command.workingDirectory(self, folder) })
    )
    const explain = (cause: Cause.Cause<PlatformError>): Effect.Effect<ApiKeyError, never, FileSystem.FileSystem> => {
      const code = codeOf(Cause.squash(cause))
      if (code === "ENOENT" && found._tag === "Missing") return Effect.succeed(notFound(found.searched))
      // The file is there and the folder is there: what is missing is its interpreter.
      if (code === "ENOENT") {
        return Effect.map(
          interpreterRemedy(path),
          (remedy) =>
            new CommandNotExecutable({ command: name, path: shownPath(program, name, path), ...remedyField(remedy) })
        )
      }
      return Effect.succeed(
        code === "EACCES" || code === "ENOEXEC"
          ? new CommandNotExecutable({ command: name, path: shownPath(program, name, path) })
          : new SpawnFailed({ command: name, code })
      )
    }
    return yield* executor.start(command).pipe(
      Effect.catchAllCause((cause) => Effect.flatMap(explain(cause), Effect.fail)),
      Effect.tap((process_) =>
        Effect.addFinalizer((exit) =>
          Exit.isSuccess(exit) ? Effect.void : onTerminal ? stopOnTerminal(process_, name) : stop(process_)
        )
      ),
      Effect.uninterruptible
    )
  })

const remedyField = (remedy: Option.Option<string>): { readonly remedy?: string } =>
  Option.match(remedy, { onNone: () => ({}), onSome: (text) => ({ remedy: text }) })

/** A format's words go before a person's on stdin; the person still has the terminal to be asked on. */
const withStdio =
  (input: string | undefined, onTerminal: boolean) =>
  (self: Command.Command): Command.Command => {
    const fed =
      input !== undefined
        ? Command.feed(self, input)
        : onTerminal
          ? Command.stdin(self, "inherit")
          : Command.stdin(self, Stream.empty)
    return onTerminal ? Command.stderr(fed, "inherit") : fed
  }
