/**
 * Starts helpers. Each helper has its own process group, and a kill signals the whole group. A helper gets the terminal on
 * request. Windows shims work. Helpers are killed when this process exits.
 *
 * The service has its own tag, so a program's `CommandExecutor` runs helpers only with `fromCommandExecutor`.
 *
 * @since 0.1.0
 */

import type * as Command from "@effect/platform/Command"
import * as CommandExecutor from "@effect/platform/CommandExecutor"
import { type PlatformError, SystemError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { makeProcess } from "./internal/process/process.js"
import { release, spawn } from "./internal/process/spawn.js"
import { terminalExists } from "./internal/process/terminal.js"

/**
 * The interface of the executor. `start` runs one program without a shell. A command whose stdin or stderr is `"inherit"` gets
 * the terminal.
 *
 * @since 0.1.0
 * @category models
 */
export interface Executor {
  readonly start: CommandExecutor.CommandExecutor["start"]
  /** Whether there is a terminal to give to a helper. */
  readonly hasTerminal: Effect.Effect<boolean>
  /** Whether programs are files in `FileSystem`. If so, a program that is not found there is not started. */
  readonly isLocal: boolean
}

/**
 * @since 0.1.0
 * @category tags
 */
export class HelperExecutor extends Context.Tag("effect-apikey/HelperExecutor")<HelperExecutor, Executor>() {}

const unsupported = (description: string): Effect.Effect<never, PlatformError> =>
  Effect.fail(new SystemError({ reason: "InvalidData", module: "Command", method: "start", description }))

const start = (command: Command.Command): Effect.Effect<CommandExecutor.Process, PlatformError, Scope.Scope> => {
  if (command._tag === "PipedCommand") return unsupported("a helper is one program, not a pipe")
  if (command.shell !== false) return unsupported("a helper is run without a shell")
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

/**
 * The executor for Node, as a value. It needs no other service. Each helper has its own process group. A helper with the
 * terminal stays in the session and process group of this process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const node: Executor = { start, hasTerminal: Effect.sync(terminalExists), isLocal: true }

/**
 * The executor for Node, with Node's `FileSystem` and `Path`: everything that the layers of `ApiKeyProvider` need.
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerCommand({
 *   argv: ["op", "read", "op://Private/OpenAI/api-key"]
 * }).pipe(Layer.provide(HelperExecutor.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HelperExecutor | FileSystem.FileSystem | Path.Path> = Layer.mergeAll(
  Layer.succeed(HelperExecutor, node),
  NodeFileSystem.layer,
  NodePath.layer
)

/**
 * Runs helpers with the `CommandExecutor` of the program: a fake for tests, another runtime's, or one for another machine.
 *
 * Compared with `layer`, helpers get no terminal, no process group and no Windows shim, and may outlive this process. After a
 * timeout, SIGTERM and then SIGKILL are sent through that executor.
 *
 * @example
 * ```ts
 * import * as NodeContext from "@effect/platform-node/NodeContext"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerCommand({
 *   argv: ["op", "read", "op://Private/OpenAI/api-key"]
 * }).pipe(Layer.provide(HelperExecutor.fromCommandExecutor), Layer.provide(NodeContext.layer))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const fromCommandExecutor: Layer.Layer<HelperExecutor, never, CommandExecutor.CommandExecutor> = Layer.effect(
  HelperExecutor,
  Effect.map(CommandExecutor.CommandExecutor, (executor) => ({
    start: executor.start,
    hasTerminal: Effect.succeed(false),
    isLocal: false
  }))
)
