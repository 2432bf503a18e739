/**
 * The plugin for opencode: `"plugin": ["effect-apikey"]`, and `"apiKeyCommand": [...]` among a provider's `options`.
 *
 * It is the package's `./server` export, in one file with everything in it, and runs inside opencode (under Bun). opencode
 * takes every export of such a file for a plugin, so there is but this one. docs/opencode.md says how it is used.
 *
 * @since 0.1.0
 */
import type { Hooks, Host, HostConfig, HostProvider } from "./plugin/host.js"
import { asksForCommand, copyOf } from "./plugin/host.js"

/** Of a plugin that does not start, opencode's log has the reason; no request goes out without a key. */
const shut = (id: string, entry: HostProvider): HostProvider => {
  const { entry: copy, options } = copyOf(entry)
  // What is there wins, as always; a blank one makes the SDK fail before it comes to our message.
  options["apiKey"] ||= "none"
  if (options["apiKey"] === "none") {
    options["fetch"] = async () => {
      throw new Error(`No API key for provider "${id}": effect-apikey did not start. opencode's log says why.`)
    }
  }
  return copy
}

/** A project without a command costs opencode nothing but this file's reading: the rest is made when it is needed. */
const server = async (host: Host): Promise<Hooks> => {
  let opened: Promise<Hooks> | undefined
  const open = (): Promise<Hooks> => {
    opened ??= import("./plugin/runtime.js").then(({ open }) => open(host))
    return opened
  }
  return {
    config: async (config: HostConfig) => {
      const asking = Object.entries(config.provider ?? {}).flatMap(([id, entry]) =>
        entry !== undefined && asksForCommand(entry) ? [{ id, entry }] : []
      )
      if (asking.length === 0) return
      await open()
        .then((hooks) => hooks.config(config))
        .catch((error: unknown) => {
          const closed = Object.fromEntries(asking.map(({ id, entry }) => [id, shut(id, entry)]))
          config.provider = { ...config.provider, ...closed }
          throw error
        })
    },
    "chat.message": async () => (await opened?.catch(() => undefined))?.["chat.message"](),
    dispose: async () => {
      const hooks = await opened?.catch(() => undefined)
      opened = undefined
      await hooks?.dispose()
    }
  }
}

/**
 * What opencode loads: the plugin's id and the function that makes its hooks.
 *
 * @since 0.1.0
 * @category plugin
 */
export default { id: "effect-apikey", server }
