/** An executor without processes: what a helper does is written down, and what is done to it is recorded. */

import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HashMap from "effect/HashMap"
import * as Inspectable from "effect/Inspectable"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import { files, info } from "./files.js"

export interface Behaviour {
  readonly exitCode: Effect.Effect<number, PlatformError>
  readonly stdout?: Stream.Stream<Uint8Array>
  readonly stderr?: Stream.Stream<Uint8Array>
  /** What a signal does; by default it ends the process at once. */
  readonly kill?: (signal: string) => Effect.Effect<void>
  /** What the executor does at the end of the scope. */
  readonly release?: Effect.Effect<void>
}

export interface Start {
  readonly args: ReadonlyArray<string>
  readonly program: string
  readonly env: Readonly<Record<string, string>>
  readonly stdin: "inherit" | "pipe" | "empty"
  readonly stderr: "inherit" | "pipe"
  readonly at: number
}

export interface Fake {
  readonly starts: Array<Start>
  readonly signals: Array<{ readonly signal: string; readonly at: number }>
  /** How many run now, and how many did at most. */
  readonly running: { now: number; most: number }
  readonly executor: HelperExecutor.Executor
  readonly layer: Layer.Layer<HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path>
}

export const text = (...pieces: ReadonlyArray<string>): Stream.Stream<Uint8Array> =>
  Stream.fromIterable(pieces.map((piece) => new TextEncoder().encode(piece)))

export const printsKey = (key: string): Behaviour => ({ exitCode: Effect.succeed(0), stdout: text(key) })

export const systemError = (code: string): PlatformError =>
  new SystemError({ reason: "Unknown", module: "Command", method: "spawn", description: code })

const envOf = (command: Command.StandardCommand): Record<string, string> =>
  Object.fromEntries(HashMap.toEntries(command.env))

/** `behave` is asked at each start; failing there is a start that failed. */
export const fake = (
  behave: (start: Start, index: number) => Effect.Effect<Behaviour, PlatformError>,
  options: { readonly terminal?: boolean } = {}
): Fake => {
  const starts: Array<Start> = []
  const signals: Fake["signals"] = []
  const running = { now: 0, most: 0 }
  const start = (command: Command.Command): Effect.Effect<CommandExecutor.Process, PlatformError, Scope.Scope> =>
    Effect.gen(function* () {
      if (command._tag === "PipedCommand") return yield* Effect.dieMessage("a pipe")
      const at = yield* Clock.currentTimeMillis
      const started: Start = {
        program: command.command,
        args: command.args,
        env: envOf(command),
        stdin: command.stdin === Stream.empty ? "empty" : typeof command.stdin === "string" ? command.stdin : "pipe",
        stderr: typeof command.stderr === "string" ? command.stderr : "pipe",
        at
      }
      starts.push(started)
      const behaviour = yield* behave(started, starts.length - 1)
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          running.now++
          running.most = Math.max(running.most, running.now)
        }),
        () =>
          Effect.zipRight(
            Effect.sync(() => {
              running.now--
            }),
            behaviour.release ?? Effect.void
          )
      )
      const process_: CommandExecutor.Process = {
        [CommandExecutor.ProcessTypeId]: CommandExecutor.ProcessTypeId,
        ...Inspectable.BaseProto,
        toJSON: () => ({ _id: "fake" }),
        pid: CommandExecutor.ProcessId(starts.length),
        exitCode: Effect.map(behaviour.exitCode, CommandExecutor.ExitCode),
        isRunning: Effect.succeed(true),
        kill: (signal = "SIGTERM") =>
          Effect.flatMap(Clock.currentTimeMillis, (now) => {
            signals.push({ signal, at: now })
            return behaviour.kill?.(signal) ?? Effect.void
          }),
        stdout: behaviour.stdout ?? Stream.empty,
        stderr: behaviour.stderr ?? Stream.empty,
        stdin: Sink.drain
      }
      return process_
    })
  const executor: HelperExecutor.Executor = {
    start,
    hasTerminal: Effect.succeed(options.terminal ?? false),
    isLocal: options.terminal !== undefined
  }
  return {
    starts,
    signals,
    running,
    executor,
    layer: Layer.mergeAll(
      Layer.succeed(HelperExecutor.HelperExecutor, executor),
      // Every program is there.
      files((path) => info(path.endsWith("/.") ? "Directory" : "File")),
      NodePath.layer
    )
  }
}
