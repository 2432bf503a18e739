// The parts of the opencode plugin that need no opencode: its words, and the change to a user's file.
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import * as ApiKeyError from "../../src/ApiKeyError.js"
import type { HostConfig } from "../../src/internal/opencode/host.js"
import { changeFor } from "../../src/internal/opencode/init.js"
import { chatMessage, inPermanentWords, isPassingFault } from "../../src/internal/opencode/message.js"
import plugin from "../../src/opencode/Plugin.js"

const at = DateTime.unsafeMake(0)

const errors = (name: string, stderr: string): ReadonlyArray<ApiKeyError.ApiKeyError> => [
  new ApiKeyError.CommandNotFound({ command: name, searched: ["/usr/bin"] }),
  new ApiKeyError.CommandNotTrusted({ command: name, file: `/home/me/${name}/opencode.json` }),
  new ApiKeyError.SpawnFailed({ command: name, code: "EAGAIN" }),
  new ApiKeyError.NoTerminal({ command: name }),
  ...[500, 429_000, 30_000].map(
    (millis) => new ApiKeyError.CommandTimeout({ command: name, timeout: Duration.millis(millis), phase: "running" })
  ),
  ...(["LoginRequired", "NotFound", "Denied", "Unavailable", "Unknown"] as const).map(
    (reason) => new ApiKeyError.NonZeroExit({ command: name, exitCode: 75, stderr, reason })
  ),
  new ApiKeyError.CommandKilled({ command: name, signal: "SIGTERM", stderr }),
  new ApiKeyError.EmptyOutput({ command: name, stderr }),
  new ApiKeyError.OutputTooLarge({ command: name, limit: 65_536 }),
  new ApiKeyError.InvalidOutput({ command: name, format: "text", path: "", expected: "one line" }),
  new ApiKeyError.ExpiredOnArrival({ command: name, expiredAt: at }),
  new ApiKeyError.KeyRejected({ command: name, rejectedAt: at }),
  new ApiKeyError.SourceUnreadable({ source: "auth.json", path: `/x/${name}`, code: "EACCES" }),
  new ApiKeyError.ConfigInvalid({ file: `/x/${name}`, line: 503, column: 1, problem: "not JSON" }),
  new ApiKeyError.KeyNotConfigured({ provider: name, tried: [] }),
  new ApiKeyError.ProviderClosed({ provider: name })
]

const faults = [
  ...["500", "503", "rate limit", "service unavailable", "fetch failed", "terminated", "timeout", "request timed out"],
  ...["try again later", "RESOURCE_EXHAUSTED", "Unavailable", "ECONNRESET", "internal server error"]
]

describe("the message in the chat", () => {
  it("says which provider, what failed and what to do, and never what the helper wrote", () => {
    for (const error of errors("op", "stderr-of-the-helper")) {
      const message = chatMessage("openai", error)
      expect(message).toMatch(/^No API key for provider "openai": /)
      expect(message).not.toContain("stderr-of-the-helper")
      expect(message).not.toContain("\n")
    }
  })

  it("is not taken for a passing fault, whatever program, file or provider it names", () => {
    const part = fc.oneof(fc.constantFrom(...faults), fc.stringOf(fc.constantFrom(..."abe019 _./-"), { maxLength: 8 }))
    fc.assert(
      fc.property(fc.array(part, { maxLength: 6 }), (parts) => {
        const name = parts.join("")
        for (const error of errors(name, "")) expect(isPassingFault(chatMessage(name, error))).toBe(false)
        expect(isPassingFault(inPermanentWords(name))).toBe(false)
      })
    )
  })

  it("leaves words alone that opencode does not mistake", () => {
    const text = "`op`: not finished within 30 seconds, stopped"
    expect(inPermanentWords(text)).toBe(text)
  })
})

describe("two projects with the same command", () => {
  it("share one run; one that is disposed leaves the other its key, and the last takes all along", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apikey-plugin-"))
    const before = { ...process.env }
    try {
      const baseURL = "http://127.0.0.1:9/v1"
      const apiKeyCommand = ["sh", "-c", `echo run >> '${folder}/runs'; echo sk-shared`]
      const config = { provider: { gw: { options: { baseURL, apiKeyCommand } } } }
      mkdirSync(join(folder, "opencode"))
      writeFileSync(join(folder, "opencode", "opencode.json"), JSON.stringify(config))
      process.env["XDG_CONFIG_HOME"] = folder
      process.env["XDG_DATA_HOME"] = folder
      const said: Array<string> = []
      const client = {
        app: { log: async ({ body }: { body: { message: string } }) => said.push(body.message) },
        tui: { showToast: async () => undefined }
      }
      const fetch = async (_: unknown, init?: RequestInit) =>
        new Response(new Headers(init?.headers).get("authorization"))
      // opencode hands the same nested objects to every project that it opens.
      const shared = { gw: { options: { baseURL, apiKeyCommand, fetch } } }
      const open = async (name: string) => {
        const hooks = await plugin.server({ directory: join(folder, name), client })
        const host: HostConfig = { provider: shared }
        await hooks.config(host)
        expect(shared).toEqual({ gw: { options: { baseURL, apiKeyCommand, fetch } } })
        const options = host.provider?.["gw"]?.options ?? {}
        const wrapped = options["fetch"]
        const ask = async (): Promise<string> =>
          typeof wrapped === "function" ? (await wrapped(`${baseURL}/models`, {})).text() : "no fetch"
        return { hooks, options, ask }
      }
      const first = await open("first")
      const second = await open("second")
      expect(await Promise.all([first.ask(), second.ask()])).toEqual(["Bearer sk-shared", "Bearer sk-shared"])
      expect(first.options["apiKey"]).toBe("effect-apikey-placeholder")
      expect(first.options).not.toHaveProperty("apiKeyCommand")
      await first.hooks.dispose()
      expect(await second.ask()).toBe("Bearer sk-shared")
      await second.hooks.dispose()
      await expect(second.ask()).rejects.toThrow('No API key for provider "gw"')
      expect(readFileSync(join(folder, "runs"), "utf8")).toBe("run\n")
    } finally {
      process.env = before
      rmSync(folder, { recursive: true, force: true })
    }
  })
})

const wish = {
  provider: "openai",
  command: ["op", "read", "op://Private/OpenAI/api-key"],
  baseUrl: undefined,
  npm: undefined
} as const

const changed = (text: string, options: Partial<Parameters<typeof changeFor>[2]> = {}) =>
  Either.getOrThrow(changeFor("opencode.jsonc", text, { ...wish, ...options }))

describe("opencode init's change", () => {
  it("makes a file where there is none", () => {
    const { text, shown } = changed("")
    expect(parse(text)).toEqual({
      $schema: "https://opencode.ai/config.json",
      plugin: ["effect-apikey"],
      provider: { openai: { options: { apiKeyCommand: wish.command } } }
    })
    expect(shown.every((line) => line.startsWith("+ "))).toBe(true)
  })

  it("keeps comments, trailing commas and everything else", () => {
    const before = `{
  // the team's plugins
  "plugin": [
    "their-plugin", // keep
  ],
  /* providers */
  "provider": {
    "openai": { "options": { "timeout": 5, }, },
  },
}
`
    const { text, shown } = changed(before)
    for (const comment of ["// the team's plugins", "// keep", "/* providers */"]) expect(text).toContain(comment)
    expect(parse(text, [], { allowTrailingComma: true })).toEqual({
      plugin: ["their-plugin", "effect-apikey"],
      provider: { openai: { options: { timeout: 5, apiKeyCommand: wish.command } } }
    })
    expect(shown.some((line) => line.startsWith("+ ") && line.includes("effect-apikey"))).toBe(true)
  })

  it("changes nothing when it is all there", () => {
    const { text } = changed("")
    const again = changed(text)
    expect(again.text).toBe(text)
    expect(again.shown).toEqual([])
  })

  it("knows the plugin with options, a version or as a file", () => {
    for (const plugin of ["effect-apikey@0.1.0", ["effect-apikey", {}], "file:///x/opencode-plugin.js"]) {
      const { text } = changed(JSON.stringify({ plugin: [plugin] }))
      expect(parse(text).plugin).toEqual([plugin])
    }
  })

  it("adds a gateway's base URL and package, and says when an apiKey wins", () => {
    const before = JSON.stringify({ provider: { gw: { options: { apiKey: "{env:GW}" } } } })
    const options = { provider: "gw", baseUrl: "https://gw.example/v1", npm: "@ai-sdk/openai-compatible" }
    const { text, notes } = changed(before, options)
    expect(parse(text).provider.gw).toEqual({
      options: { apiKey: "{env:GW}", baseURL: "https://gw.example/v1", apiKeyCommand: wish.command },
      npm: "@ai-sdk/openai-compatible"
    })
    expect(notes[0]).toContain("wins over the command")
  })

  it("refuses a file that is not what it should be, with its place", () => {
    const wrong = ['{ "plugin": "x" }', '{ "provider": [] }', '{ "provider": { "openai": { "options": 1 } } }']
    for (const text of ["{", "[]", ...wrong]) {
      const refused = changeFor("opencode.jsonc", text, wish)
      expect(Either.isLeft(refused) && refused.left._tag).toBe("ConfigInvalid")
      expect(Either.isLeft(refused) && refused.left.message).toMatch(/^opencode\.jsonc:1:/)
    }
  })
})
