// Where the plugin itself does not start, opencode goes on, and sends nothing that has no key.
import { describe, it } from "@effect/vitest"
import { expect, vi } from "vitest"
import plugin from "../../src/opencode/Plugin.js"
import type { HostConfig } from "../../src/opencode/plugin/host.js"

vi.mock("../../src/opencode/plugin/runtime.js", () => ({ open: () => Promise.reject(new Error("broken")) }))

const quiet = () => Promise.resolve(undefined)

describe("a plugin that does not start", () => {
  it("shuts the providers that have a command, hides the command, leaves the rest alone and says so in the log", async () => {
    const hooks = await plugin.server({
      directory: "/",
      client: { app: { log: quiet }, tui: { showToast: quiet } }
    })
    const apiKeyCommand = ["op", "secret-argument"]
    const other = { options: { apiKey: "sk-other" } }
    const shared = { options: { apiKeyCommand } }
    const config: HostConfig = {
      provider: { shared, set: { options: { apiKey: "sk-set", apiKeyCommand } }, other }
    }
    await expect(hooks.config(config)).rejects.toThrow("broken")
    const options = config.provider?.["shared"]?.options
    const { fetch } = options ?? {}
    if (typeof fetch !== "function") throw new Error("no fetch was put in")
    await expect(fetch("http://127.0.0.1:9")).rejects.toThrow('No API key for provider "shared"')
    expect(JSON.stringify(config)).not.toContain("secret-argument")
    expect(config.provider?.["set"]?.options).toEqual({ apiKey: "sk-set" })
    expect(config.provider?.["other"]).toBe(other)
    expect(shared).toEqual({ options: { apiKeyCommand } })
    await hooks["chat.message"]()
    await hooks.dispose()
  })
})
