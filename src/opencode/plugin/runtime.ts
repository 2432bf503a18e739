/** The runtime that all open projects of one opencode process share. It lives as long as at least one project is open. */

import { isMainThread } from "node:worker_threads"
import * as Effect from "effect/Effect"
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import * as HelperExecutor from "../../HelperExecutor.js"
import * as HelperPolicy from "../../HelperPolicy.js"
import type { Host } from "./host.js"
import * as Instance from "./Instance.js"
import * as Notifier from "./Notifier.js"
import type { EntryCopy } from "./providerEntry.js"
import { SharedKeys } from "./SharedKeys.js"

/** An open project with a Promise interface, for opencode's hooks. */
export interface OpenInstance {
  readonly configure: (entries: ReadonlyArray<EntryCopy>) => Promise<void>
  readonly onUserMessage: () => Promise<void>
  readonly dispose: () => Promise<void>
}

const notifiers = new Set<Notifier.Notifier>()

/** In a worker thread no terminal is offered: opencode's screen owns the terminal and reads all input. */
const executor: HelperExecutor.Executor = isMainThread
  ? HelperExecutor.node
  : { ...HelperExecutor.node, hasTerminal: Effect.succeed(false) }

const layer = Layer.mergeAll(SharedKeys.layer, HelperPolicy.layer).pipe(
  Layer.provideMerge(Layer.merge(HelperExecutor.layer, Layer.succeed(HelperExecutor.HelperExecutor, executor))),
  Layer.provideMerge(Logger.replace(Logger.defaultLogger, Notifier.logger(notifiers)))
)

let shared: ManagedRuntime.ManagedRuntime<Layer.Layer.Success<typeof layer>, never> | undefined

/** Opens a project. `dispose` closes it, and closes the shared runtime after the last project. */
export const open = async (host: Host): Promise<OpenInstance> => {
  shared ??= ManagedRuntime.make(layer)
  const runtime = shared
  const notifier = Notifier.make(host)
  notifiers.add(notifier)
  const leave = async (): Promise<void> => {
    notifiers.delete(notifier)
    if (notifiers.size > 0 || shared !== runtime) return
    shared = undefined
    await runtime.dispose()
  }
  const scope = await runtime.runPromise(Scope.make(ExecutionStrategy.sequential))
  const opening = Scope.extend(Instance.make(host, notifier), scope).pipe(
    Effect.onError((cause) => Scope.close(scope, Exit.failCause(cause)))
  )
  const instance = await runtime.runPromise(opening).catch(async (error: unknown) => {
    await leave()
    throw error
  })
  return {
    configure: (entries) => runtime.runPromise(instance.configure(entries)),
    onUserMessage: () => runtime.runPromise(instance.onUserMessage),
    dispose: async () => {
      await runtime.runPromise(Scope.close(scope, Exit.void))
      await leave()
    }
  }
}
