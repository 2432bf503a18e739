/** Starts a child in its own session, signals it, waits until it has exited, and releases it. */

import { type ChildProcess, spawn as nodeSpawn } from "node:child_process"
import { closeSync } from "node:fs"
import { isatty } from "node:tty"
import type * as Command from "@effect/platform/Command"
import { type PlatformError, SystemError, type SystemErrorReason } from "@effect/platform/Error"
import crossSpawn from "cross-spawn"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as HashMap from "effect/HashMap"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Stream from "effect/Stream"
import { programName } from "../redact/programName.js"
import { checkFreeDescriptors } from "./descriptors.js"
import { type Watch, watch } from "./exitGuard.js"
import { sessionIsAlive, signalSession } from "./group.js"
import { isWindows, openTerminal, stderrFd, stdinFd, terminalExists } from "./terminal.js"

/** The interval at which a session is checked after a signal. */
const pollMillis = 10

/** How long a release waits after SIGKILL before it gives up. */
const reapMillis = 400

const reasons: Readonly<Record<string, SystemErrorReason>> = {
  ENOENT: "NotFound",
  EACCES: "PermissionDenied",
  EPERM: "PermissionDenied",
  EBUSY: "Busy",
  ENOTDIR: "BadResource",
  ELOOP: "BadResource"
}

/** The error for a failed system call. It keeps only the code, because Node's error contains the whole argv. */
export const systemError = (method: string, command: Command.StandardCommand, error: unknown): PlatformError => {
  const code = hasProperty(error, "code") && typeof error.code === "string" ? error.code : "EUNKNOWN"
  return new SystemError({
    reason: reasons[code] ?? "Unknown",
    module: "Command",
    method,
    pathOrDescriptor: programName([command.command]),
    description: code
  })
}

export interface Child {
  readonly handle: ChildProcess
  readonly pid: number
  /** Whether the child leads its own session. A child on our terminal shares our session, and is killed alone. */
  readonly ownsGroup: boolean
  readonly watch: Watch
  /** Whether SIGKILL was sent. A release then neither kills nor waits again. */
  sigkilled: boolean
}

export const hasExited = ({ handle }: Child): boolean => handle.exitCode !== null || handle.signalCode !== null

/** Whether the child has exited and its session, if it has one, is empty. */
const isTerminated = (child: Child): boolean => hasExited(child) && !(child.ownsGroup && sessionIsAlive(child.pid))

// --- boundary: calls to Node that throw. The functions in this section return values instead.

/** Uses /dev/null for an empty stream: the child sees no difference, and no pipe is needed. */
const stdinOf = (stdin: Command.Command.Input): "pipe" | "inherit" | "ignore" =>
  typeof stdin === "string" ? stdin : stdin === Stream.empty ? "ignore" : "pipe"

const outputOf = (output: Command.Command.Output): "pipe" | "inherit" => (typeof output === "string" ? output : "pipe")

const keepsTerminal = ({ stdin, stderr }: Command.StandardCommand): boolean =>
  stdin === "inherit" || stderr === "inherit"

/** Starts the child. A child that inherits stdin or stderr gets the terminal, even if ours is redirected. */
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
    checkFreeDescriptors()
    return Either.right(spawnChild(command, ownsGroup))
  } catch (error) {
    return Either.left(systemError("spawn", command, error))
  }
}

export const send = (child: Child, signal: NodeJS.Signals): void => {
  if (signal === "SIGKILL") child.sigkilled = true
  try {
    if (isWindows) {
      if (!hasExited(child)) taskkill(child.pid)
    } else if (child.ownsGroup) signalSession(child.pid, signal)
    else child.handle.kill(signal)
  } catch {
    // ESRCH: it has already exited. EPERM: it belongs to another user (sudo) and cannot be signalled.
  }
}

/** Kills the process tree. Windows has neither process groups nor SIGTERM. */
const taskkill = (pid: number): void => {
  const killer = nodeSpawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true })
  killer.on("error", () => undefined)
  killer.unref()
}

// --- end of the boundary

/** Waits until the child and its group have exited, or until the limit. It uses real time: `TestClock` does not move processes. */
export const awaitTermination = (child: Child, limitMillis = Number.POSITIVE_INFINITY): Effect.Effect<void> =>
  Effect.async<void>((resume) => {
    const started = performance.now()
    let timer: NodeJS.Timeout | undefined
    const poll = (): void => {
      clearTimeout(timer)
      if (isTerminated(child) || performance.now() - started >= limitMillis) {
        child.handle.off("exit", poll)
        resume(Effect.void)
      } else if (hasExited(child) || Number.isFinite(limitMillis)) timer = setTimeout(poll, pollMillis)
    }
    child.handle.on("exit", poll)
    poll()
    return Effect.sync(() => {
      clearTimeout(timer)
      child.handle.off("exit", poll)
    })
  })

export const spawn = (command: Command.StandardCommand): Effect.Effect<Child, PlatformError> =>
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
    // An "error" event after the start (a failed kill) would be an uncaught exception without this listener.
    handle.on("error", (error) => resume(Effect.fail(systemError("spawn", command, error))))
    if (pid === undefined) guard.end()
    else {
      guard.over(pid, ownsGroup)
      handle.stdin?.on("error", () => undefined)
      resume(Effect.succeed({ handle, pid, ownsGroup, watch: guard, sigkilled: false }))
    }
    return undefined
  })

/** Kills a running child. After a non-zero exit it kills what is left in its session. */
export const release = (child: Child): Effect.Effect<void> =>
  Effect.suspend(() => {
    if (hasExited(child)) {
      if (child.handle.exitCode !== 0 && child.ownsGroup && !child.sigkilled) send(child, "SIGKILL")
      return Effect.void
    }
    if (child.sigkilled) return Effect.void
    send(child, "SIGKILL")
    return awaitTermination(child, reapMillis)
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
