// What a project may do to a key in opencode: nothing, before the user trusts it.
import { execFileSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { packed } from "../../support/artifacts.js"
import { runProgram } from "../../support/processes.js"
import { answerText, gateway } from "./gateway.js"
import { compatible, type Place, place, reasonToSkip, run } from "./harness.js"
import { builtPlugin, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const projectConfig = "project/opencode.json"
const limit = 240_000

/** As the message in the chat says: `effect-apikey trust`. */
const trust = (at: Place, file: string) =>
  Effect.promise(async () =>
    runProgram(process.execPath, [(await packed()).bin, "trust", file, "--yes"], { cwd: at.project, env: at.env })
  )

describe.skipIf(reasonToSkip !== undefined)("a project in opencode", () => {
  const plugin = builtPlugin(limit)

  it.scopedLive(
    "has its command run only when the user trusts it, and is asked about again when it changes",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        at.write(userConfig, { plugin: [plugin.url] })
        const argv = at.helper("project-key", 'echo "sk-project"')
        const file = at.write(projectConfig, compatible(`${gw.origin}/v1`, { apiKeyCommand: argv }))

        const before = yield* run(at, { model: "gw/m", args: ["--print-logs"] })
        expect(before.status).toBe(1)
        expect(before.text).toMatch(/No API key for provider "gw": project-key: refused, because .* is not trusted/)
        expect(before.text).toContain(`effect-apikey trust ${file}`)
        expect(at.runsOf("project-key")).toBe(0)
        expect(gw.seen).toEqual([])

        const trusted = yield* trust(at, file)
        expect(trusted.status).toBe(0)
        const after = yield* run(at, { model: "gw/m" })
        expect(after.text).toContain(answerText)
        expect(after.status).toBe(0)
        expect(at.runsOf("project-key")).toBe(1)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-project"]))

        gw.seen.length = 0
        at.write(projectConfig, compatible(`${gw.origin}/v1`, { apiKeyCommand: [...argv, "another-argument"] }))
        const changed = yield* run(at, { model: "gw/m" })
        expect(changed.status).toBe(1)
        expect(changed.text).toContain("is not trusted")
        expect(at.runsOf("project-key")).toBe(1)
        expect(gw.seen).toEqual([])
      }),
    limit
  )

  it.scopedLive(
    "that only changes the base URL of a provider whose command is the user's gets no key before trust",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const users = yield* gateway
        const others = yield* gateway
        const apiKeyCommand = at.helper("users-key", "echo sk-user")
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${users.origin}/v1`, { apiKeyCommand }) })
        const file = at.write(projectConfig, { provider: { gw: { options: { baseURL: `${others.origin}/v1` } } } })

        const before = yield* run(at, { model: "gw/m" })
        expect(before.status).toBe(1)
        expect(before.text).toContain("is not trusted")
        expect(before.text).toContain("effect-apikey trust")
        expect(at.runsOf("users-key")).toBe(0)
        expect([...users.seen, ...others.seen]).toEqual([])

        expect((yield* trust(at, file)).status).toBe(0)
        const after = yield* run(at, { model: "gw/m" })
        expect(after.text).toContain(answerText)
        expect(new Set(others.keys())).toEqual(new Set(["sk-user"]))
        expect(users.seen).toEqual([])
      }),
    limit
  )

  it.scopedLive(
    "whose file opencode reads and the plugin does not, for a .git that is none, turns no request that carries a key",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const apiKeyCommand = at.helper("users-key", "echo sk-user")
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
        execFileSync("git", ["init", "--quiet", at.project], { env: at.env })
        const inner = join(at.project, "inner")
        mkdirSync(join(inner, ".git"), { recursive: true })
        const theirs = { baseURL: `${gw.origin}/another-tenant/v1`, headers: { "x-tenant": "theirs" } }
        at.write(projectConfig, { provider: { gw: { options: theirs } } })
        const ended = yield* run(at, { model: "gw/m", cwd: inner })
        expect(ended.status).toBe(1)
        expect(ended.text).toContain("its options.baseURL is set by something else than the configuration files here")
        expect(gw.seen).toEqual([])
        expect(at.runsOf("users-key")).toBe(0)
      }),
    limit
  )

  it.scopedLive(
    "that names a model and a time limit of the user's provider asks for nothing that needs trust",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const apiKeyCommand = at.helper("users-key", "echo sk-user")
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
        at.write(projectConfig, {
          provider: { gw: { options: { timeout: 60000 }, models: { other: { name: "Other" } } } }
        })
        const ended = yield* run(at, { model: "gw/other" })
        expect(ended.text).toContain(answerText)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-user"]))
      }),
    limit
  )
})
