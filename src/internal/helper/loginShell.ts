/**
 * PATH as the user's login shell sets it, for applications that were not started from a shell. The package shell-env reads it
 * too, but has no timeout and leaves processes of the shell's start-up files running.
 */
import * as Command from "@effect/platform/Command"
import { detectDefaultShell } from "default-shell"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type * as HelperExecutor from "../../HelperExecutor.js"
import { stop } from "../process/terminate.js"
import { collector } from "../util/bytes.js"

const readLimit = Duration.seconds(5)
/** After a failure the shell is read again after this time, because it may have been slow only once. */
const failureKept = Duration.minutes(1)
const maxBytes = 256 * 1024
const mark = "_EFFECT_APIKEY_PATH_"
/** Start-up files may print anything, so marks enclose the value. `printenv` joins fish's list with colons. */
const script = `printf '%s' ${mark}; command printenv PATH; printf '%s' ${mark}; exit`
/** As in shell-env: no update prompts, no tmux. */
const quiet = { DISABLE_AUTO_UPDATE: "true", ZSH_TMUX_AUTOSTARTED: "true", ZSH_TMUX_AUTOSTART: "false" }
/** Not in the project's directory: shell hooks (direnv, mise) would add the project's programs to the PATH that is kept. */
const nobodysFolder = "/"

interface Reading {
  /** None if the shell gave no PATH. */
  readonly path: Deferred.Deferred<Option.Option<string>>
  /** When reading failed, in epoch milliseconds. */
  failedAt: number | undefined
}

/** The readings by shell. */
const readings = globalValue("effect-apikey/loginShell", () => new Map<string, Reading>())

/** If the clock was set back, the failure is dropped. */
const isStale = ({ failedAt }: Reading, now: number): boolean =>
  failedAt !== undefined && !(now >= failedAt && now - failedAt < Duration.toMillis(failureKept))

/**
 * Read once in a process, with a timeout; processes that the shell started are stopped. None on Windows. Reading continues if
 * its caller times out first, so that the next caller finds the result.
 */
export const loginShellPath = (
  executor: HelperExecutor.Executor,
  shell: string = detectDefaultShell()
): Effect.Effect<Option.Option<string>> =>
  process.platform === "win32"
    ? Effect.succeedNone
    : Effect.uninterruptibleMask((restore) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const known = readings.get(shell)
          if (known !== undefined && !isStale(known, now)) return restore(Deferred.await(known.path))
          const reading: Reading = { path: Deferred.unsafeMake(FiberId.none), failedAt: undefined }
          readings.set(shell, reading)
          const noteFailure = Effect.map(Clock.currentTimeMillis, (at) => {
            reading.failedAt = at
          })
          return readPath(executor, shell).pipe(
            Effect.tap((path) => (Option.isNone(path) ? noteFailure : Effect.void)),
            Effect.interruptible,
            Effect.intoDeferred(reading.path),
            Effect.forkDaemon,
            Effect.zipRight(restore(Deferred.await(reading.path)))
          )
        })
      )

const readPath = (executor: HelperExecutor.Executor, shell: string): Effect.Effect<Option.Option<string>> =>
  Effect.acquireRelease(
    executor.start(
      Command.make(shell, "-ilc", script).pipe(
        Command.env(quiet),
        Command.stdin(Stream.empty),
        Command.workingDirectory(nobodysFolder)
      )
    ),
    stop
  ).pipe(
    Effect.flatMap((process_) => {
      const stdout = collector()
      const read = Stream.runForEachWhile(process_.stdout, (bytes) =>
        Effect.sync(() => {
          stdout.add(bytes)
          return stdout.size() < maxBytes && !isComplete(stdout.bytes())
        })
      )
      return Effect.as(
        Effect.raceFirst(read, Stream.runDrain(process_.stderr).pipe(Effect.zipRight(Effect.never))),
        stdout
      )
    }),
    Effect.map((stdout) => pathIn(stdout.bytes())),
    Effect.scoped,
    Effect.timeoutOption(readLimit),
    Effect.map(Option.flatten),
    Effect.catchAllCause(() => Effect.succeedNone),
    Effect.tap(
      Option.match({
        onNone: () => Effect.logDebug("the login shell gave no PATH; the search continues without it"),
        onSome: () => Effect.void
      })
    )
  )

const partsOf = (bytes: Uint8Array): ReadonlyArray<string> => Buffer.from(bytes).toString("utf8").split(mark)

const isComplete = (bytes: Uint8Array): boolean => partsOf(bytes).length > 2

const pathIn = (bytes: Uint8Array): Option.Option<string> =>
  Option.fromNullable(partsOf(bytes)[1]).pipe(
    Option.map((path) => path.trim()),
    Option.filter((path) => path.includes("/") && !path.includes("\n"))
  )
