/**
 * The `CommandExecutor` for helpers: a process group of its own for each, a kill that reaches the whole group, the terminal
 * where it is asked for, Windows shims, and no helper that outlives us.
 *
 * It is given to a layer of `ApiKeyProvider` locally; the rest of the program keeps its executor.
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
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty } from "effect/Predicate"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { makeProcess } from "./internal/process/process.js"
import { release, spawn } from "./internal/process/spawn.js"
import { terminalExists } from "./internal/process/terminal.js"

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
 *   argv: ["op", "read", "op://Private/OpenAI/api-key"]
 * }).pipe(Layer.provide(HelperExecutor.layerNode))
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layerNode: Layer.Layer<CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =
  Layer.mergeAll(layer, NodeFileSystem.layer, NodePath.layer)
