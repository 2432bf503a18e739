// The variable that holds a provider's key, for each provider that opencode 1.18.33 knows.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join, resolve } from "node:path"
import * as Option from "effect/Option"
import { describe, expect, it } from "vitest"
import { knownVariable } from "../../src/opencode/config/key.js"
import { runProgram } from "../support/processes.js"
import table from "./variables.json" with { type: "json" }

const root = resolve(import.meta.dirname, "../..")

describe("the variable of a provider that opencode knows", () => {
  it("is the one in opencode's snapshot of models.dev", () => {
    for (const [id, name] of Object.entries(table)) expect([id, knownVariable(id)]).toEqual([id, Option.some(name)])
  })

  it("is none for any other id, whatever its name", () => {
    for (const id of ["my-gateway", "azure", "constructor", "__proto__", ""]) {
      expect(knownVariable(id)).toEqual(Option.none())
    }
  })

  it("is in a file that the script makes from such a list", async () => {
    const folder = mkdtempSync(join(tmpdir(), "effect-apikey-variables-"))
    try {
      const providers = Object.entries(table).map(([id, name]) => [id, { id, env: [name] }])
      const several = {
        google: { id: "google", env: ["GOOGLE_API_KEY", "GOOGLE_GENERATIVE_AI_API_KEY", "GEMINI_API_KEY"] },
        azure: { id: "azure", env: ["AZURE_RESOURCE_NAME", "AZURE_API_KEY"] }
      }
      const list = join(folder, "api.json")
      writeFileSync(list, JSON.stringify({ ...Object.fromEntries(providers), ...several }))
      const made = readFileSync(join(root, "src/opencode/config/variables.ts"), "utf8")
      const date = /models\.dev list of (\S+),/.exec(made)?.[1] ?? ""
      const script = join(root, "scripts/opencode-variables.mjs")
      const { status, stdout } = await runProgram(process.execPath, [script, list, date])
      expect({ status, stdout }).toEqual({ status: 0, stdout: made })
    } finally {
      rmSync(folder, { recursive: true, force: true })
    }
  })
})
