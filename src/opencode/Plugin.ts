/**
 * The plugin for opencode: `"plugin": ["effect-apikey"]`, and `"apiKeyCommand": [...]` among a provider's `options`.
 *
 * It is the package's `./server` export, in one file with everything in it, and runs inside opencode (under Bun). opencode
 * takes every export of such a file for a plugin, so there is but this one. docs/opencode.md says how it is used.
 *
 * @since 0.1.0
 */
import type { Hooks, Host, HostConfig } from "../internal/opencode/host.js"
import { asksForCommand } from "../internal/opencode/host.js"

/** A project without a command costs opencode nothing but this file's reading: the rest is made when it is needed. */
const server = async (host: Host): Promise<Hooks> => {
  let opened: Promise<Hooks> | undefined
  const open = (): Promise<Hooks> => {
    opened ??= import("../internal/opencode/projects.js").then(({ open }) => open(host))
    return opened
  }
  return {
    config: async (config: HostConfig) => {
      if (Object.values(config.provider ?? {}).some(asksForCommand)) await (await open()).config(config)
    },
    "chat.message": async () => (await opened)?.["chat.message"](),
    dispose: async () => {
      const hooks = await opened
      opened = undefined
      await hooks?.dispose()
    }
  }
}

export default { id: "effect-apikey", server }
