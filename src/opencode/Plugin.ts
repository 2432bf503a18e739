/**
 * The plugin for opencode: `"plugin": ["effect-apikey"]`, and `"apiKeyCommand": [...]` among a provider's `options`.
 *
 * It is the package's `./server` export, in one file with everything in it, and runs inside opencode (under Bun). opencode
 * takes every export of such a file for a plugin, so there is but this one. docs/opencode.md says how it is used.
 *
 * @since 0.1.0
 */
import * as ExecutionStrategy from "effect/ExecutionStrategy"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Scope from "effect/Scope"
import * as HelperExecutor from "../HelperExecutor.js"
import * as HelperPolicy from "../HelperPolicy.js"
import type { Hooks, Host } from "../internal/opencode/host.js"
import * as Project from "../internal/opencode/Project.js"
import { SharedKeys } from "../internal/opencode/SharedKeys.js"
import * as Teller from "../internal/opencode/Teller.js"

// What all projects of one opencode share: it is there as long as one of them is open.

const tellers = new Set<Teller.Teller>()

const layer = Layer.mergeAll(SharedKeys.layer, HelperPolicy.layer).pipe(
  Layer.provideMerge(HelperExecutor.layerNode),
  Layer.provideMerge(Logger.replace(Logger.defaultLogger, Teller.logger(tellers)))
)

let shared: ManagedRuntime.ManagedRuntime<Layer.Layer.Success<typeof layer>, never> | undefined

const server = async (host: Host): Promise<Hooks> => {
  shared ??= ManagedRuntime.make(layer)
  const runtime = shared
  const teller = Teller.make(host)
  tellers.add(teller)
  const scope = await runtime.runPromise(Scope.make(ExecutionStrategy.sequential))
  const project = await runtime.runPromise(Scope.extend(Project.make(host, teller), scope))
  return {
    config: (config) => runtime.runPromise(project.configure(config)),
    "chat.message": () => runtime.runPromise(project.userSpoke),
    dispose: async () => {
      await runtime.runPromise(Scope.close(scope, Exit.void))
      tellers.delete(teller)
      if (tellers.size > 0 || shared !== runtime) return
      shared = undefined
      await runtime.dispose()
    }
  }
}

export default { id: "effect-apikey", server }
