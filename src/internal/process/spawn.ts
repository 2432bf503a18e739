/** Starts a child in a session of its own, signals it, waits for its end, and releases it. */

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

/** How often a session that was sent a signal is looked at. */
const pollMillis = 10

/** How long a release waits for a process that was sent SIGKILL before it gives up. */
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
  /** Only for a child that leads a session of its own. One on our terminal shares our session and group, and is killed alone. */
  readonly ownsGroup: boolean
  readonly watch: Watch
  /** SIGKILL was sent and its sender has waited: nothing more can be done. */
  sigkilled: boolean
}

export const hasExited = ({ handle }: Child): boolean => handle.exitCode !== null || handle.signalCode !== null

/** Nothing of it is left: the child has exited and, where it has a session, that is empty. */
const isTerminated = (child: Child): boolean => hasExited(child) && !(child.ownsGroup && sessionIsAlive(child.pid))

// Boundary: Node throws in this section and nowhere else in the file; what its functions give the others are values.

/** An empty stream is /dev/null: one pipe less, and the same to the child. */
const stdinOf = (stdin: Command.Command.Input): "pipe" | "inherit" | "ignore" =>
  typeof stdin === "string" ? stdin : stdin === Stream.empty ? "ignore" : "pipe"

const outputOf = (output: Command.Command.Output): "pipe" | "inherit" => (typeof output === "string" ? output : "pipe")

const keepsTerminal = ({ stdin, stderr }: Command.StandardCommand): boolean =>
  stdin === "inherit" || stderr === "inherit"

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
    // ESRCH: ended already; EPERM: another user's (sudo), which denies it
  }
}

/** Windows knows neither groups nor a polite way; this ends the whole tree. */
const taskkill = (pid: number): void => {
  const killer = nodeSpawn("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true })
  killer.on("error", () => undefined)
  killer.unref()
}

// End of the boundary.

/** Waits until nothing of it is left, or for so long. Real time on purpose: processes do not live by a test's clock. */
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
    // An "error" after the start (a failed kill) has no receiver and must not become an uncaught exception.
    handle.on("error", (error) => resume(Effect.fail(systemError("spawn", command, error))))
    if (pid === undefined) guard.end()
    else {
      guard.over(pid, ownsGroup)
      handle.stdin?.on("error", () => undefined)
      resume(Effect.succeed({ handle, pid, ownsGroup, watch: guard, sigkilled: false }))
    }
    return undefined
  })

/** What still runs is killed; after a failure so is what the child left in its session. */
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
