/** Makes a `Process` of a `CommandExecutor` from a child: its exit code, its streams, and its kill. */

import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as NodeSink from "@effect/platform-node-shared/NodeSink"
import * as NodeStream from "@effect/platform-node-shared/NodeStream"
import * as Effect from "effect/Effect"
import * as Sink from "effect/Sink"
import * as Stream from "effect/Stream"
import { executorProcess, signalError } from "./executorProcess.js"
import { awaitTermination, type Child, hasExited, send, systemError } from "./spawn.js"

export const makeProcess = (command: Command.StandardCommand, child: Child): CommandExecutor.Process => {
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
  return executorProcess({
    pid: CommandExecutor.ProcessId(child.pid),
    exitCode,
    isRunning: Effect.sync(() => !hasExited(child)),
    kill: (signal: NodeJS.Signals = "SIGTERM") =>
      Effect.suspend(() => {
        send(child, signal)
        return awaitTermination(child)
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
