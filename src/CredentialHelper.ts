/**
 * Runs one helper command, supervised: one time limit over everything, its whole process group stopped when that is over,
 * output capped, no shell, and every failure a typed error.
 *
 * @since 0.1.0
 */
import { delimiter } from "node:path"
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
import { isRecord } from "effect/Predicate"
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
import { defaultBudget, within } from "./internal/helper/deadline.js"
import { entryOf, environmentFor } from "./internal/helper/environment.js"
import { usualFolders } from "./internal/helper/installDirs.js"
import { loginShellPath } from "./internal/helper/loginShell.js"
import { type Found, findProgram, isPath, remedyFor } from "./internal/helper/searchPath.js"
import { interpreterRemedy } from "./internal/helper/shebang.js"
import { settleLimit, stop, stopOnTerminal } from "./internal/process/terminate.js"
import { isKey, programName, shownPath, shownPlaces } from "./internal/redact/programName.js"
import {
  minSecretLength,
  printable,
  secretsByName,
  secretsIn,
  secretsInArguments,
  tail,
  withoutSecrets
} from "./internal/redact/redact.js"
import { type Collector, collector } from "./internal/util/bytes.js"
import { codeOf, signalOf } from "./internal/util/platformError.js"
import * as Places from "./internal/util/semaphore.js"

/**
 * Whether the helper may ask a person on the terminal: `"never"`, where there is a terminal (`"if-available"`), or it must
 * have one (`"always"`).
 *
 * @since 0.1.0
 * @category models
 */
export type Interactive = "never" | "if-available" | "always"

/**
 * Where a program is looked for that PATH does not have: in the folders where people install programs
 * (`"usual-folders"`: Homebrew, `~/.local/bin`, mise, asdf, npm, snap, Nix, …), before those in the PATH that the user's
 * log-in shell sets (`"login-shell"`; it is asked only for a program that PATH does not have), or nowhere (`"path-only"`). A PATH in `env` is taken at its word: nowhere.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchBeyond = "usual-folders" | "login-shell" | "path-only"

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
  /**
   * When to try again after a transient error. Default: two more tries, from 200 ms, doubling, jittered. Where a person may
   * be asked only a start that failed is tried again: nobody is asked twice.
   */
  readonly retry?: Schedule.Schedule<unknown, ApiKeyError> | undefined
  /** Variables to set, or with `undefined` to unset, on top of those inherited. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Which of our variables the helper inherits: all (default), a list and the few that helpers cannot do without, or only those few. */
  readonly inheritEnv?: boolean | ReadonlyArray<string> | undefined
  /** The working directory. Default: ours. */
  readonly cwd?: string | undefined
  /** Default `"never"`. */
  readonly interactive?: Interactive | undefined
  /** Where to look beyond PATH. Default `"usual-folders"`. */
  readonly path?: SearchBeyond | undefined
  /** The file to run for `command[0]`, for those who have searched already (a policy): run as it is, no search. */
  readonly program?: string | undefined
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
  /** What is done before the first try, within the same budget: telling the helper to forget a refused key. */
  readonly before?:
    | Effect.Effect<void, never, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path>
    | undefined
  /** What the format hands over in the environment. */
  readonly environment?: ((interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>) | undefined
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

const drainWindow = Duration.millis(200)
const slowAfter = Duration.seconds(10)
const maxStdoutBytes = 64 * 1024
const maxStderrBytes = 4 * 1024
/** More than is shown is kept until it is scrubbed, so that a cut never runs through a secret. */
const keptStderrBytes = 16 * maxStderrBytes
const maxRunsAtOnce = 64

const places = globalValue("effect-apikey/CredentialHelper/places", () => Places.make(maxRunsAtOnce))
const terminal = globalValue("effect-apikey/CredentialHelper/terminal", () => Places.make(1))
/** The processes that run now, and who waits for one of them to end. */
const crowd = globalValue("effect-apikey/CredentialHelper/crowd", () => ({
  running: 0,
  waiting: new Set<() => void>()
}))

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
    const name = programName(options.command, options.cwd)
    yield* checkCommand(options)
    yield* checkOptions(options)
    const entry = HelperCatalog.find(name)
    const onTerminal = yield* takesTerminal(name, options, request)
    const mayPrompt = onTerminal || Option.exists(entry, (known) => known.mayPrompt)
    const timeout = yield* timeLimit(options, mayPrompt)
    yield* checkArguments(name, options)

    const progress: Progress = { phase: "queued", saidSlow: false }
    const once = attempt({ name, options, request, entry, onTerminal, progress }).pipe(
      // Whatever comes after a try (another one, after a delay) is waiting again.
      Effect.ensuring(setPhase(progress, "queued")),
      places.within,
      onTerminal ? terminal.within : (self) => self
    )
    const tries = Effect.retry(inTheCrowd(once), {
      schedule: options.retry ?? defaultRetry,
      while: (error) => error.isTransient && (!mayPrompt || error._tag === "SpawnFailed")
    })
    const all = Effect.zipRight(request.before ?? Effect.void, tries)
    return yield* within(all, timeout, () => new CommandTimeout({ command: name, timeout, phase: progress.phase }))
  })

interface Progress {
  phase: TimeoutPhase
  saidSlow: boolean
}

const setPhase = (progress: Progress, phase: TimeoutPhase): Effect.Effect<void> =>
  Effect.sync(() => {
    progress.phase = phase
  })

const outOfRoom: ReadonlyArray<string> = ["EMFILE", "ENFILE", "EAGAIN"]

/** When there is no room for one more process, and runs of ours take some of it: wait for one of them, then try again. */
const inTheCrowd = <R>(once: Effect.Effect<Output, ApiKeyError, R>): Effect.Effect<Output, ApiKeyError, R> =>
  Effect.catchAll(once, (error) => Effect.zipRight(oneLess(error), inTheCrowd(once)))

/** Looks and joins those who wait in one step: none can leave between the two. */
const oneLess = (error: ApiKeyError): Effect.Effect<void, ApiKeyError> =>
  Effect.async((resume) => {
    if (error._tag !== "SpawnFailed" || !outOfRoom.includes(error.code) || crowd.running === 0) {
      return resume(Effect.fail(error))
    }
    const wake = (): void => resume(Effect.void)
    crowd.waiting.add(wake)
    return Effect.sync(() => crowd.waiting.delete(wake))
  })

/** Wakes one that waits, or all when nobody is left to wake the others. */
const leave = (): void => {
  crowd.running--
  for (const wake of Array.from(crowd.waiting).slice(0, crowd.running === 0 ? undefined : 1)) {
    crowd.waiting.delete(wake)
    wake()
  }
}

const checkCommand = ({ command }: Options): Effect.Effect<void, ConfigInvalid> =>
  !Array.isArray(command) || command.some((part) => typeof part !== "string") || (command[0] ?? "").trim() === ""
    ? invalid(
        "`command` is empty; it takes the program and its arguments",
        'For example: ["op", "read", "op://Private/OpenAI/api-key"]'
      )
    : Effect.void

const isText = (value: unknown): boolean => value === undefined || typeof value === "string"
const isVariable = ([name, value]: readonly [string, unknown]): boolean => /^[^=]+$/.test(name) && isText(value)

type Rule = readonly [option: string, holds: boolean, takes: string]

const oneOf = (option: string, value: unknown, ...known: ReadonlyArray<unknown>): Rule => [
  option,
  value === undefined || known.includes(value),
  known.map((each) => JSON.stringify(each)).join(" or ")
]

/** Callers without types (JavaScript, a file) are told which option is wrong, and never its value. */
const checkOptions = ({
  cwd,
  env,
  inheritEnv,
  interactive,
  path,
  program,
  retry
}: Options): Effect.Effect<void, ConfigInvalid> => {
  const rules: ReadonlyArray<Rule> = [
    ["env", env === undefined || (isRecord(env) && Object.entries(env).every(isVariable)), "names without = and texts"],
    ["cwd", isText(cwd), "a folder"],
    ["program", isText(program), "a file"],
    ["retry", retry === undefined || Schedule.isSchedule(retry), "a Schedule"],
    [
      "inheritEnv",
      inheritEnv === undefined ||
        typeof inheritEnv === "boolean" ||
        (Array.isArray(inheritEnv) && inheritEnv.every((each) => typeof each === "string")),
      "true, false or a list of names"
    ],
    oneOf("interactive", interactive, "never", "if-available", "always"),
    oneOf("path", path, "usual-folders", "login-shell", "path-only")
  ]
  const broken = rules.find(([, holds]) => !holds)
  return broken === undefined ? Effect.void : invalid(`\`${broken[0]}\` is not what it takes`, `It takes ${broken[2]}.`)
}

/** A timer of Node's takes no more. */
const endlessTimeout = Duration.days(24)

const timeLimit = (options: Options, mayPrompt: boolean): Effect.Effect<Duration.Duration, ConfigInvalid> =>
  Duration.decodeUnknown(options.timeout ?? defaultBudget(mayPrompt)).pipe(
    Option.filter((timeout) => Duration.toMillis(timeout) > 0 && Duration.lessThan(timeout, endlessTimeout)),
    Option.match({
      onNone: () => invalid("`timeout` is not a time above 0 and below 24 days", 'For example: "30 seconds"'),
      onSome: Effect.succeed
    })
  )

const invalid = (problem: string, remedy: string): Effect.Effect<never, ConfigInvalid> =>
  Effect.fail(new ConfigInvalid({ file: "code", line: 0, column: 0, problem, remedy }))

/** Node's own error for a NUL character quotes the argument, so such a command does not get that far. */
const checkArguments = (name: string, { command, cwd, env, program }: Options): Effect.Effect<void, SpawnFailed> =>
  [...command, cwd, program, ...Object.entries(env ?? {}).flat()].some((part) => part?.includes("\0"))
    ? Effect.fail(new SpawnFailed({ command: name, code: "ERR_INVALID_ARG_VALUE" }))
    : Effect.void

/** A run that nobody asked for has nobody to ask. */
const takesTerminal = (
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
  readonly entry: Option.Option<HelperCatalog.Entry>
  readonly onTerminal: boolean
  readonly progress: Progress
}

/** One start of the program. Its pipes are read until it is gone: who is told to stop may still have something to say. */
const attempt = (context: Attempt) =>
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

/** What people write who expect a shell. */
const argvRemedy = ({ command: [first = "", ...others], program }: Options): Option.Option<string> =>
  program !== undefined
    ? Option.none()
    : first.startsWith("~")
      ? Option.some("No shell expands `~` here; write the folder out.")
      : /\s/.test(first.trim()) && others.length === 0
        ? Option.some('`command` takes an array, one element an argument: ["op", "read", "op://…"], not one string.')
        : isKey(first)
          ? Option.some("If that is a key: `command` takes the program that prints one.")
          : Option.none()

/** A PATH that the caller sets (or unsets) is what the caller means. */
const looksBeyond = ({ env, path, program }: Options): boolean =>
  path !== "path-only" && program === undefined && entryOf(env ?? {}, "PATH", process.platform) === undefined

/**
 * The program that a run would start, as it is named and as it is found, and the environment that it would get.
 *
 * @internal
 */
export const locate = (
  options: Options,
  told: Readonly<Record<string, string>>
): Effect.Effect<
  { readonly program: string; readonly found: Found; readonly env: Record<string, string> },
  never,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path
> =>
  Effect.gen(function* () {
    const { platform } = process
    const { command, cwd, inheritEnv = true, program = command[0] ?? "" } = options
    const find = (env: Record<string, string>, beyond: ReadonlyArray<string>) =>
      Effect.map(findProgram(program, { env, cwd: Option.fromNullable(cwd), platform, beyond }), (found) => ({
        env,
        program,
        found
      }))
    const env = environmentFor(process.env, { env: options.env ?? {}, inheritEnv, told, platform })
    const beyond = looksBeyond(options) ? usualFolders({ ...process.env, ...env }, platform) : []
    if (options.path !== "login-shell" || !looksBeyond(options) || isPath(program, platform)) {
      return yield* find(env, beyond)
    }
    // A shell may be slow, or hang: nobody waits for it whose program is in PATH.
    const inPath = yield* find(env, [])
    if (inPath.found._tag === "Executable") return inPath
    return yield* find(extendPath(env, yield* loginShellPath(yield* CommandExecutor.CommandExecutor)), beyond)
  })

/** With more at the end of its PATH. */
const extendPath = (env: Record<string, string>, more: Option.Option<string>): Record<string, string> => {
  if (Option.isNone(more)) return env
  const [name, value = ""] = entryOf(env, "PATH", process.platform) ?? ["PATH"]
  return { ...env, [name]: [value, more.value].filter((each) => each !== "").join(delimiter) }
}

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

/** `folder/.` asks for everything at once: that it exists, that it is a folder, and that it may be entered. */
const checkDirectory = (
  name: string,
  cwd: Option.Option<string>
): Effect.Effect<void, SpawnFailed, FileSystem.FileSystem> =>
  Option.match(cwd, {
    onNone: () => Effect.void,
    onSome: (directory) =>
      FileSystem.FileSystem.pipe(
        Effect.flatMap((fs) => fs.stat(directory === "" ? directory : `${directory}/.`)),
        Effect.mapError((error) => new SpawnFailed({ command: name, code: codeOf(error) })),
        Effect.filterOrFail(
          (info) => info.type === "Directory",
          () => new SpawnFailed({ command: name, code: "ENOTDIR" })
        )
      )
  })
