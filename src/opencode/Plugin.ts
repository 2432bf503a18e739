/**
 * The plugin for opencode: `"plugin": ["effect-apikey"]`, and `"apiKeyCommand": [...]` among a provider's `options`.
 *
 * It is the package's `./server` export: a bundle that runs inside opencode (under Bun). opencode loads every export of this
 * file as a plugin, so there is only one. docs/guides/opencode.md shows how to use it.
 *
 * @since 0.1.0
 */
import type { Hooks, Host, HostConfig } from "./plugin/host.js"
import { copyOf, entriesWithCommand, type NamedEntry, putInto } from "./plugin/providerEntry.js"
import type { OpenInstance } from "./plugin/runtime.js"

/** Blocks a provider's requests if the plugin does not start: none is sent without a key. opencode's log has the reason. */
const blockProvider = ({ id, entry: original }: NamedEntry): NamedEntry => {
  const { entry, options } = copyOf({ id, entry: original })
  // An existing key is used, as always. A blank key would make the SDK fail before it shows our message.
  options["apiKey"] ||= "none"
  if (options["apiKey"] === "none") {
    options["fetch"] = async () => {
      throw new Error(`No API key for provider "${id}": effect-apikey did not start. opencode's log says why.`)
    }
  }
  return { id, entry }
}

/** For a project without a command only this file is loaded. The rest is imported when it is needed. */
const server = async (host: Host): Promise<Hooks> => {
  let opened: Promise<OpenInstance> | undefined
  const open = (): Promise<OpenInstance> => {
    opened ??= import("./plugin/runtime.js").then(({ open }) => open(host))
    return opened
  }
  return {
    config: async (config: HostConfig) => {
      const entries = entriesWithCommand(config)
      if (entries.length === 0) return
      const copies = entries.map(copyOf)
      putInto(config, copies)
      await open()
        .then((instance) => instance.configure(copies))
        .catch((error: unknown) => {
          putInto(config, entries.map(blockProvider))
          throw error
        })
    },
    "chat.message": async () => (await opened?.catch(() => undefined))?.onUserMessage(),
    dispose: async () => {
      const instance = await opened?.catch(() => undefined)
      opened = undefined
      await instance?.dispose()
    }
  }
}

/**
 * The plugin: its id, and the function that makes its hooks.
 *
 * @since 0.1.0
 * @category plugin
 */
export default { id: "effect-apikey", server }
