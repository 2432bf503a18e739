// What a project may do to a key in opencode: nothing, before the user trusts it. The projects share one running opencode.
import { execFileSync } from "node:child_process"
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { packed } from "../../support/artifacts.js"
import { runProgram } from "../../support/processes.js"
import { sharing } from "../../support/sharing.js"
import { answerText, type Gateway, gateway } from "./gateway.js"
import { compatible, type Place, place, reasonToSkip, type Served, serve } from "./harness.js"
import { userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const limit = 240_000

interface RunningShape {
  readonly at: Place
  readonly opencode: Served
  /** Of the user's providers, by id: each has a command of the user's that prints `sk-user`. */
  readonly users: Readonly<Record<"moved" | "hidden" | "tuned", Gateway>>
}

class Running extends Context.Tag("test/RunningTrust")<Running, RunningShape>() {}

const running = Layer.scoped(
  Running,
  Effect.gen(function* () {
    const { plugin } = yield* Effect.promise(() => packed())
    const at = yield* place
    const users = { moved: yield* gateway, hidden: yield* gateway, tuned: yield* gateway }
    const providers = Object.entries(users).map(([id, { origin }]) => {
      const apiKeyCommand = at.helper(id, "echo sk-user")
      return compatible(`${origin}/v1`, { apiKeyCommand }, id)["provider"]
    })
    at.write(userConfig, { plugin: [`file://${plugin}`], provider: Object.assign({}, ...providers) })
    return { at, opencode: yield* serve(at), users }
  })
)

/** A project of a test's own: its configuration, the user's trust in it, and a message in it after its files have been read again. */
const projectOf = (name: string) =>
  Effect.map(Running, ({ at, opencode }) => {
    const folder = join(at.root, name)
    mkdirSync(join(folder, ".git"), { recursive: true })
    return {
      folder,
      configure: (content: unknown) => at.write(`${name}/opencode.json`, content),
      /** As the message in the chat says: `effect-apikey trust`. */
      trust: (file: string) =>
        Effect.promise(async () =>
          runProgram(process.execPath, [(await packed()).bin, "trust", file, "--yes"], { cwd: folder, env: at.env })
        ),
      say: (model: string, directory = folder) =>
        Effect.gen(function* () {
          const query = `directory=${encodeURIComponent(directory)}`
          expect((yield* opencode.request(`/instance/dispose?${query}`, { method: "POST" })).status).toBe(200)
          return yield* opencode.say(yield* opencode.session(directory), model, directory)
        })
    }
  })

describe.skipIf(reasonToSkip !== undefined)("a project in opencode", () => {
  const test = sharing(running, limit)
  test("has its command run only when the user trusts it, and is asked about again when it changes", () =>
    Effect.gen(function* () {
      const { at } = yield* Running
      const gw = yield* gateway
      const { configure, say, trust } = yield* projectOf("theirs")
      const argv = at.helper("project-key", 'echo "sk-project"')
      const file = configure(compatible(`${gw.origin}/v1`, { apiKeyCommand: argv }))

      const before = yield* say("gw/m")
      expect(before.error).toMatch(/No API key for provider "gw": project-key was denied: .* is not trusted/)
      expect(before.error).toContain(`effect-apikey trust ${file}`)
      expect(at.runsOf("project-key")).toBe(0)
      expect(gw.seen).toEqual([])

      const trusted = yield* trust(file)
      expect(trusted.status).toBe(0)
      const after = yield* say("gw/m")
      expect(after.error).toBeUndefined()
      expect(after.text).toContain(answerText)
      expect(at.runsOf("project-key")).toBe(1)
      expect(new Set(gw.keys())).toEqual(new Set(["sk-project"]))

      gw.seen.length = 0
      configure(compatible(`${gw.origin}/v1`, { apiKeyCommand: [...argv, "another-argument"] }))
      const changed = yield* say("gw/m")
      expect(changed.error).toContain("is not trusted")
      expect(at.runsOf("project-key")).toBe(1)
      expect(gw.seen).toEqual([])
    }))

  test("that only changes the base URL of a provider whose command is the user's gets no key before trust", () =>
    Effect.gen(function* () {
      const { at, users } = yield* Running
      const others = yield* gateway
      const { configure, say, trust } = yield* projectOf("moving")
      const file = configure({ provider: { moved: { options: { baseURL: `${others.origin}/v1` } } } })

      const before = yield* say("moved/m")
      expect(before.error).toContain("is not trusted")
      expect(before.error).toContain("effect-apikey trust")
      expect(at.runsOf("moved")).toBe(0)
      expect([...users.moved.seen, ...others.seen]).toEqual([])

      expect((yield* trust(file)).status).toBe(0)
      const after = yield* say("moved/m")
      expect(after.error).toBeUndefined()
      expect(after.text).toContain(answerText)
      expect(new Set(others.keys())).toEqual(new Set(["sk-user"]))
      expect(users.moved.seen).toEqual([])
    }))

  test("whose file opencode reads and the plugin does not, for a .git that is none, turns no request that carries a key", () =>
    Effect.gen(function* () {
      const { at, users } = yield* Running
      const gw = users.hidden
      const { configure, folder, say } = yield* projectOf("outer")
      execFileSync("git", ["init", "--quiet", folder], { env: at.env })
      const inner = join(folder, "inner")
      mkdirSync(join(inner, ".git"), { recursive: true })
      const theirs = { baseURL: `${gw.origin}/another-tenant/v1`, headers: { "x-tenant": "theirs" } }
      configure({ provider: { hidden: { options: theirs } } })
      const { error } = yield* say("hidden/m", inner)
      expect(error).toContain("its options.baseURL is set by something else than the configuration files here")
      expect(gw.seen).toEqual([])
      expect(at.runsOf("hidden")).toBe(0)
    }))

  test("that names a model and a time limit of the user's provider asks for nothing that needs trust", () =>
    Effect.gen(function* () {
      const { users } = yield* Running
      const { configure, say } = yield* projectOf("tuning")
      configure({ provider: { tuned: { options: { timeout: 60000 }, models: { other: { name: "Other" } } } } })
      const said = yield* say("tuned/other")
      expect(said.error).toBeUndefined()
      expect(said.text).toContain(answerText)
      expect(new Set(users.tuned.keys())).toEqual(new Set(["sk-user"]))
    }))
})
