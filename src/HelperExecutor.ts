/**
 * The `CommandExecutor` for helpers: a process group of its own for each, a kill that reaches the whole group, the terminal
 * where it is asked for, Windows shims, and no helper that outlives us.
 *
 * It is given to a layer of `ApiKeyProvider` locally; the rest of the program keeps its executor.
 *
 * @since 0.1.0
 */

import { type ChildProcess, spawn as nodeSpawn } from "node:child_process"
import { closeSync, openSync } from "node:fs"
import { isatty } from "node:tty"
import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as NodeSink from "@effect/platform-node-shared/NodeSink"
import * as NodeStream from "@effect/platform-node-shared/NodeStream"
import crossSpawn from "cross-spawn"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { type Watch, watch } from "./internal/process/exitGuard.js"
import { groupIsAlive, isInBackground } from "./internal/process/group.js"
import { programName } from "./internal/redact/programName.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-apikey/HelperExecutor")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * An executor that can give a helper the terminal: a command whose stdin or stderr is `"inherit"` keeps it. Such a child
 * stays in our session and process group, and where our own stdin or stderr is redirected it gets the terminal instead.
 *
 * @since 0.1.0
 * @category models
 */
export interface HelperExecutor extends CommandExecutor.CommandExecutor {
  readonly [TypeId]: {
    /** Whether there is a terminal to give. */
    readonly hasTerminal: Effect.Effect<boolean>
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isHelperExecutor = (u: unknown): u is HelperExecutor => hasProperty(u, TypeId)

const isWindows = process.platform === "win32"
/** How often a group that was sent a signal is looked at. */
const pollMillis = 10
/** How long a release waits for a process that was sent SIGKILL before it lets go of it. */
const reapMillis = 400

const reasons: Readonly<Record<string, SystemErrorReason>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EBUSY: "Busy",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource"
}

/** No argument may stand in an error, so Node's own, which holds the whole argv, is not passed on. */
const systemError = (method: string, command: Command.StandardCommand, error: unknown): PlatformError => {
  const code = hasProperty(error, "code") && typeof error.code === "string" ? error.code : "EUNKNOWN"
  return new SystemError({
    reason: reasons[code] ?? "Unknown",
    module: "Command",
    method,
    pathOrDescriptor: programName([command.command]),
    description: code
  })
}

const signalError = (command: Command.StandardCommand, signal: string): PlatformError =>
  new SystemError({
    reason: "Unknown",
    module: "Command",
    method: "exitCode",
    pathOrDescriptor: programName([command.command]),
    description: `Process interrupted due to receipt of signal: ${signal}`
  })

interface Child {
  readonly handle: ChildProcess
  readonly pid: number
  /** Only for a child that is the leader of a group of its own. */
  readonly ownsGroup: boolean
  readonly watch: Watch
  /** SIGKILL was sent: there is nothing more to do, and whoever sent it has waited. */
  sigkilled: boolean
}

const hasExited = ({ handle }: Child): boolean => handle.exitCode !== null || handle.signalCode !== null

/** Nothing of it is left: the child has exited and, where it has a group, the group is empty. */
const isGone = (child: Child): boolean => hasExited(child) && !(child.ownsGroup && groupIsAlive(child.pid))

// Boundary: Node throws in this section and nowhere else in the file; what its functions give the others are values.

/** An empty stream is /dev/null: one pipe less, and the same to the child. */
const stdinOf = (stdin: Command.Command.Input): "pipe" | "inherit" | "ignore" =>
  typeof stdin === "string" ? stdin : stdin === Stream.empty ? "ignore" : "pipe"

const outputOf = (output: Command.Command.Output): "pipe" | "inherit" => (typeof output === "string" ? output : "pipe")

const stdinFd = 0
const stderrFd = 2

const keepsTerminal = ({ stdin, stderr }: Command.StandardCommand): boolean =>
  stdin === "inherit" || stderr === "inherit"

/** Node cannot ask for a controlling terminal otherwise; without one this throws. */
const openTerminal = (): number => openSync("/dev/tty", "r+")

/**
 * A controlling terminal that can be opened is one that a person can answer on, wherever our stdin comes from; unless we run
 * in its background: there a prompt would stop us and the whole job until somebody brings it back.
 */
const terminalExists = (): boolean => {
  if (isWindows) return isatty(stdinFd)
  try {
    closeSync(openTerminal())
    return !isInBackground()
  } catch {
    return false
  }
}

/** Three pairs for stdio, and one by which libuv hears of a failed exec. */
const descriptorsOfAStart = 8

/** Node does not close the pipes of a start that fails with EMFILE, so there has to be room before it is tried. */
const checkRoom = (): void => {
  if (isWindows) return
  const open: Array<number> = []
  try {
    while (open.length < descriptorsOfAStart) open.push(openSync("/dev/null", "r"))
  } finally {
    for (const descriptor of open) closeSync(descriptor)
  }
}

/** Starts it; with a terminal to keep, what of ours is redirected is the terminal for it. */
const spawnChild = (command: Command.StandardCommand, ownsGroup: boolean): ChildProcess => {
  const stdin = stdinOf(command.stdin)
  const stderr = outputOf(command.stderr)
  const redirected =
    !isWindows && ((stdin === "inherit" && !isatty(stdinFd)) || (stderr === "inherit" && !isatty(stderrFd)))
  const terminal = redirected && terminalExists() ? openTerminal() : undefined
  const env = Object.fromEntries(HashMap.toEntries(command.env))
  try {
    return crossSpawn.spawn(command.command, command.args, {
      stdio: [
        stdin === "inherit" && !isatty(stdinFd) ? (terminal ?? stdin) : stdin,
        outputOf(command.stdout),
        stderr === "inherit" && !isatty(stderrFd) ? (terminal ?? stderr) : stderr
      ],
      cwd: Option.getOrUndefined(command.cwd),
      env: command.extendEnv ? { ...process.env, ...env } : env,
      ...Option.match(command.uid, { onNone: () => ({}), onSome: (uid) => ({ uid }) }),
      ...Option.match(command.gid, { onNone: () => ({}), onSome: (gid) => ({ gid }) }),
      detached: ownsGroup,
      windowsHide: true
    })
  } finally {
    if (terminal !== undefined) closeSync(terminal)
  }
}

const tryToSpawn = (
  command: Command.StandardCommand,
  ownsGroup: boolean
): Either.Either<ChildProcess, PlatformError> => {
  try {
    checkRoom()
    return Either.right(spawnChild(command, ownsGroup))
  } catch (error) {
    return Either.left(systemError("spawn", command, error))
  }
}

const send = (child: Child, signal: NodeJS.Signals): void => {
  if (signal === "SIGKILL") child.sigkilled = true
  try {
    if (isWindows) {
      if (!hasExited(child)) taskkill(child.pid)
    } else if (child.ownsGroup) process.kill(-child.pid, signal)
    else child.handle.kill(signal)
  } catch {
    // ESRCH: gone already; EPERM: another user's (sudo), who does not let us
  }
}

/** Windows knows neither groups nor a polite way; this ends the whole tree. */
const taskkill = (pid: number): void => {
  const killer = nodeSpawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true })
  killer.on("error", () => undefined)
  killer.unref()
}

// End of the boundary.

/** Real time on purpose: processes do not live by a test's clock. */
const awaitGone = (child: Child, limitMillis = Number.POSITIVE_INFINITY): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const started = performance.now()
    let timer: NodeJS.Timeout | undefined
    const look = (): void => {
      clearTimeout(timer)
      if (isGone(child) || performance.now() - started >= limitMillis) {
        child.handle.off("exit", look)
        resume(Effect.void)
      } else if (hasExited(child) || Number.isFinite(limitMillis)) timer = setTimeout(look, pollMillis)
    }
    child.handle.on("exit", look)
    look()
    return Effect.sync(() => {
      clearTimeout(timer)
      child.handle.off("exit", look)
    })
  })

const spawn = (command: Command.StandardCommand): Effect.Effect<Child, PlatformError> =>
  Effect.async<Child, PlatformError>((resume) => {
    const ownsGroup = !keepsTerminal(command) && !isWindows
    const guard = watch()
    const started = tryToSpawn(command, ownsGroup)
    if (Either.isLeft(started)) {
      guard.end()
      return resume(Effect.fail(started.left))
    }
    const handle = started.right
    const { pid } = handle
    // An "error" after the start (a failed kill) has nobody to be told, and must not become an uncaught exception.
    handle.on("error", (error) => resume(Effect.fail(systemError("spawn", command, error))))
    if (pid === undefined) guard.end()
    else {
      guard.over(pid, ownsGroup)
      handle.stdin?.on("error", () => undefined)
      resume(Effect.succeed({ handle, pid, ownsGroup, watch: guard, sigkilled: false }))
    }
    return undefined
  })

/** What still runs is killed; after a failure so is what the child left in its group, as the stock executor does. */
const release = (child: Child): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (hasExited(child)) {
      if (child.handle.exitCode !== 0 && child.ownsGroup && !child.sigkilled) send(child, "SIGKILL")
      return Effect.void
    }
    if (child.sigkilled) return Effect.void
    send(child, "SIGKILL")
    return awaitGone(child, reapMillis)
  }).pipe(
    Effect.ensuring(
      Effect.sync(() => {
        child.watch.end()
        child.handle.stdin?.destroy()
        child.handle.stdout?.destroy()
        child.handle.stderr?.destroy()
        child.handle.unref()
      })
    )
  )

const ProcessProto = {
  [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
  ...Inspectable.BaseProto,
  toJSON(this: CommandExecutor.Process) {
    return { _id: "@effect/platform/CommandExecutor/Process", pid: this.pid }
  }
}

const makeProcess = (command: Command.StandardCommand, child: Child): CommandExecutor.Process => {
  const { handle } = child
  const exitCode = Effect.async<CommandExecutor.ExitCode, PlatformError>((resume) => {
    const ended = (code: number | null, signal: NodeJS.Signals | null): void =>
      resume(
        code === null
          ? Effect.fail(signalError(command, signal ?? "SIGKILL"))
          : Effect.succeed(CommandExecutor.ExitCode(code))
      )
    if (hasExited(child)) return ended(handle.exitCode, handle.signalCode)
    handle.once("exit", ended)
    return Effect.sync(() => handle.off("exit", ended))
  })
  const readable = (name: "stdout" | "stderr"): Stream.Stream<Uint8Array, PlatformError> => {
    const stream = handle[name]
    return stream === null
      ? Stream.empty
      : NodeStream.fromReadable<PlatformError, Uint8Array>(
          () => stream,
          (error) => systemError(name, command, error)
        )
  }
  const { stdin } = handle
  const through = (
    stream: Stream.Stream<Uint8Array, PlatformError>,
    output: Command.Command.Output
  ): Stream.Stream<Uint8Array, PlatformError> =>
    typeof output === "string" ? stream : Stream.transduce(stream, output)
  return Object.assign(Object.create(ProcessProto), {
    pid: CommandExecutor.ProcessId(child.pid),
    exitCode,
    isRunning: Effect.sync(() => !hasExited(child)),
    kill: (signal: NodeJS.Signals = "SIGTERM") =>
      Effect.suspend(() => {
        send(child, signal)
        return awaitGone(child)
      }),
    stderr: through(readable("stderr"), command.stderr),
    stdin:
      stdin === null
        ? Sink.drain
        : NodeSink.fromWritable(
            () => stdin,
            (error) => systemError("stdin", command, error)
          ),
    stdout: through(readable("stdout"), command.stdout)
  })
}

const refuse = (description: string): Effect.Effect<never, PlatformError> =>
  Effect.fail(new SystemError({ reason: "InvalidData", module: "Command", method: "start", description }))

const start = (command: Command.Command): Effect.Effect<CommandExecutor.Process, PlatformError, Scope.Scope> => {
  if (command._tag === "PipedCommand") return refuse("a helper is one program, not a pipe")
  if (command.shell !== false) return refuse("a helper is run without a shell")
  const { stdin } = command
  return Effect.acquireRelease(spawn(command), release).pipe(
    Effect.map((child) => makeProcess(command, child)),
    Effect.tap((process) =>
      typeof stdin === "string" || stdin === Stream.empty
        ? Effect.void
        : Effect.forkScoped(Effect.interruptible(Effect.ignore(Stream.run(stdin, process.stdin))))
    )
  )
}

const hasTerminal: Effect.Effect<boolean> = Effect.sync(terminalExists)

/**
 * The executor itself, for those who provide it by hand.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make: HelperExecutor = {
  ...CommandExecutor.makeExecutor(start),
  [TypeId]: { hasTerminal }
}

/**
 * The executor for helpers. It needs no other service.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<CommandExecutor.CommandExecutor> = Layer.succeed(CommandExecutor.CommandExecutor, make)

/**
 * The executor for helpers with Node's `FileSystem` and `Path`: all that the layers of `ApiKeyProvider` need.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerCommand({
 *   command: ["op", "read", "op://Private/OpenAI/api-key"]
 * }).pipe(Layer.provide(HelperExecutor.layerNode))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNode: Layer.Layer<CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =
  Layer.mergeAll(layer, NodeFileSystem.layer, NodePath.layer)
