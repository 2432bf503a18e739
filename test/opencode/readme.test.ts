// What the README and docs/guides/opencode.md give to copy for opencode is what the plugin takes.
import { chmodSync, mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { delimiter, join, resolve } from "node:path"
import { parse } from "jsonc-parser"
import { describe, expect, it } from "vitest"
import type { HostConfig } from "../../src/opencode/plugin/host.js"
import { echo, withConfig } from "./open.js"

const page = (path: string): string => readFileSync(resolve(import.meta.dirname, "../..", path), "utf8")

const [, ofReadme = ""] = /^## opencode\n([\s\S]*?)^## /m.exec(page("README.md")) ?? []
const section = `${ofReadme}\n${page("docs/guides/opencode.md")}`

const parsed = (text: string): HostConfig => {
  const errors: Array<{ error: number; offset: number; length: number }> = []
  const value: HostConfig = parse(text, errors, { allowTrailingComma: true })
  expect(errors).toEqual([])
  return value
}

/** Whole files, and rows of the table, in which the command's list is the first code. */
const files = Array.from(section.matchAll(/^```jsonc\n([\s\S]*?)^```/gm), ([, text = ""]) => parsed(text))
const rows = Array.from(section.matchAll(/^\| ([^|]+?) +\| `(\[.+?\])`/gm), ([, name = "", list = ""]) => {
  const argv: ReadonlyArray<string> = JSON.parse(list)
  return { name, argv }
})

/** What each program prints, as its manual says. */
const outputs: Readonly<Record<string, string>> = {
  az: '{"accessToken": "sk-of-az", "expires_on": 4102444800, "tokenType": "Bearer"}'
}

/** Opens the configuration as opencode would, with a program of the command's name on PATH, and sends one request. */
const keyWith = async (id: string, config: HostConfig): Promise<string> => {
  const { options = {} } = config.provider?.[id] ?? {}
  const command = options["apiKeyCommand"]
  const [name = ""]: ReadonlyArray<string> = Array.isArray(command) ? command : []
  let answer = ""
  await withConfig(
    config,
    async (open, folder) => {
      mkdirSync(join(folder, "bin"))
      const program = join(folder, "bin", name)
      writeFileSync(
        program,
        `#!/bin/sh\nprintf '%s\\n' "$@" > '${join(folder, "argv")}'\necho '${outputs[name] ?? `sk-of-${name}`}'\n`
      )
      chmodSync(program, 0o700)
      process.env["PATH"] = `${join(folder, "bin")}${delimiter}${process.env["PATH"] ?? ""}`
      const provider = { [id]: { ...config.provider?.[id], options: { ...options, fetch: echo } } }
      const { hooks, ask } = await open("project", { provider })
      const baseUrl = options["baseURL"]
      answer = await ask(typeof baseUrl === "string" ? `${baseUrl}/models` : "https://api.openai.com/v1/models", {
        headers: { authorization: "Bearer effect-apikey-placeholder" }
      })
      expect(readFileSync(join(folder, "argv"), "utf8").trimEnd().split("\n")).toEqual(
        Array.isArray(command) ? command.slice(1) : []
      )
      await hooks.dispose()
    },
    id
  )
  return answer
}

// The programs that stand in for the real ones here are scripts of sh.
describe.skipIf(process.platform === "win32")("the README's section and the guide on opencode", () => {
  it("has a line for each place that a key is kept in", () => {
    expect(rows.map(({ name }) => name)).toEqual([
      "1Password",
      "AWS Secrets Manager",
      "HashiCorp Vault",
      "pass",
      "macOS keychain",
      "Windows Credential Manager"
    ])
    expect(section).toContain("A LiteLLM proxy behind an identity provider")
    expect(files.map(({ provider }) => Object.keys(provider ?? {}))).toEqual([["openai"], ["openai"], ["litellm"]])
  })

  for (const { name, argv } of rows) {
    it(`gives the key with the command for ${name}`, async () => {
      const config = { provider: { openai: { options: { apiKeyCommand: argv } } } }
      expect(await keyWith("openai", config)).toBe(`Bearer sk-of-${argv[0]}`)
    })
  }

  it("gives the key with each file that is shown whole", async () => {
    for (const config of files) {
      expect(config).toHaveProperty("plugin", ["effect-apikey"])
      for (const [id, entry] of Object.entries(config.provider ?? {})) {
        const command = entry?.options?.["apiKeyCommand"]
        expect(await keyWith(id, config)).toBe(`Bearer sk-of-${Array.isArray(command) ? command[0] : ""}`)
      }
    }
  })
})
