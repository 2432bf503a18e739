// `opencode serve` with the plugin: many turns, several projects, what it shows, what it leaves behind.
import { mkdirSync } from "node:fs"
import { join } from "node:path"
import { it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { describe, expect } from "vitest"
import { packed } from "../../support/artifacts.js"
import { isAlive } from "../../support/processes.js"
import { sharing } from "../../support/sharing.js"
import { answerText, type Gateway, gateway } from "./gateway.js"
import {
  compatible,
  type Place,
  pidsOf,
  place,
  processesOf,
  reasonToSkip,
  type Served,
  serve,
  until
} from "./harness.js"
import { builtPlugin, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const placeholder = "effect-apikey-placeholder"
const limit = 300_000
const tokenMillis = 2_000

const helpers = {
  // The token says when it was made, so that the gateway knows by itself whether it has expired.
  short: `printf '{"access_token":"sk-%s-%s","token_type":"bearer","expires_in":2}' "$n" "$(date +%s%3N)"`,
  login: `test -e logged-in || { echo 'not currently signed in, run login' >&2; exit 1; }\necho sk-logged-in`,
  users: "echo sk-user"
}

interface RunningShape {
  readonly at: Place
  readonly opencode: Served
  /** Of the providers, which are named as their helpers are. */
  readonly gateways: Readonly<Record<keyof typeof helpers, Gateway>>
}

class Running extends Context.Tag("test/RunningServe")<Running, RunningShape>() {}

const argument = "argument-of-the-helper"

const running = Layer.scoped(
  Running,
  Effect.gen(function* () {
    const { plugin } = yield* Effect.promise(() => packed())
    const at = yield* place
    const gateways = { short: yield* gateway, login: yield* gateway, users: yield* gateway }
    const providers = Object.entries(helpers).map(([id, script]) => {
      const origin = Object.entries(gateways).find(([each]) => each === id)?.[1].origin ?? ""
      return compatible(`${origin}/v1`, { apiKeyCommand: [...at.helper(id, script), argument] }, id)["provider"]
    })
    at.write(userConfig, { plugin: [`file://${plugin}`], provider: Object.assign({}, ...providers) })
    return { at, opencode: yield* serve(at), gateways }
  })
)

describe.skipIf(reasonToSkip !== undefined)("opencode serve with the plugin", () => {
  const test = sharing(running, limit)
  test(
    "answers 20 turns in two sessions at once with tokens that live 2 s: no error, a run a token",
    () =>
      Effect.gen(function* () {
        const { at, gateways, opencode } = yield* Running
        const gw = gateways.short
        const runsBefore = at.runsOf("short")
        gw.seen.length = 0
        // A turn after the other in each session: ten of them take longer than a token lives.
        gw.thinksMillis = tokenMillis / 8
        gw.accepts = (key) => Date.now() < Number(key?.split("-")[2]) + tokenMillis
        const turns = Effect.gen(function* () {
          const session = yield* opencode.session()
          return yield* Effect.forEach(Array.from({ length: 10 }), () => opencode.say(session, "short/m"))
        })
        const said = (yield* Effect.all([turns, turns], { concurrency: "unbounded" })).flat()
        expect(said.map(({ error }) => error).filter((error) => error !== undefined)).toEqual([])
        for (const { text } of said) expect(text).toContain(answerText)
        expect(said).toHaveLength(20)
        const issued = Array.from(new Set(gw.keys())).map((key) => Number(key?.split("-")[2]))
        const expired = issued.filter((at) => at + tokenMillis < Date.now()).length
        expect(expired).toBeGreaterThan(0)
        const runs = at.runsOf("short") - runsBefore
        expect(runs).toBeGreaterThan(1)
        expect(runs).toBeLessThanOrEqual(expired + 2)
      }),
    // A machine that stalls a helper's run for a token's whole life hands over a dead one: then no key would do.
    { timeout: limit, retry: 2 }
  )

  test("asks the helper anew at the user's next message after a log-in was needed, and shows no key in GET /config", () =>
    Effect.gen(function* () {
      const { at, gateways, opencode } = yield* Running
      const gw = gateways.login
      const secrets = ["sk-logged-in", argument, "apiKeyCommand", join(at.home, "bin")]
      const showsNothing = Effect.gen(function* () {
        for (const path of ["/config", "/config/providers", "/provider"]) {
          const shown = yield* opencode.request(path)
          expect(shown.status).toBe(200)
          expect(shown.text).toContain(placeholder)
          for (const secret of secrets) expect(shown.text).not.toContain(secret)
        }
      })
      yield* showsNothing
      const session = yield* opencode.session()
      const refused = yield* opencode.say(session, "login/m")
      expect(refused.error).toContain('No API key for provider "login"')
      expect(gw.seen).toEqual([])
      at.write("home/logged-in", "")
      const said = yield* opencode.say(session, "login/m")
      expect(said.error).toBeUndefined()
      expect(said.text).toContain(answerText)
      expect(new Set(gw.keys())).toEqual(new Set(["sk-logged-in"]))
      yield* showsNothing
    }))

  test("gives no key to a project that is not trusted, although another has one; a reloaded project has it again", () =>
    Effect.gen(function* () {
      const { at, opencode } = yield* Running
      const others = yield* gateway
      const other = join(at.root, "other")
      mkdirSync(join(other, ".git"), { recursive: true })
      at.write("other/opencode.json", { provider: { users: { options: { baseURL: `${others.origin}/v1` } } } })
      const say = (directory: string) =>
        Effect.flatMap(opencode.session(directory), (session) => opencode.say(session, "users/m", directory))
      expect((yield* say(at.project)).error).toBeUndefined()
      expect((yield* say(other)).error).toContain("is not trusted")
      expect(others.seen).toEqual([])
      const reloaded = yield* opencode.request(`/instance/dispose?directory=${encodeURIComponent(at.project)}`, {
        method: "POST"
      })
      expect(reloaded.status).toBe(200)
      expect((yield* say(at.project)).error).toBeUndefined()
      expect(others.seen).toEqual([])
      for (const path of ["/config", "/global/config"]) {
        expect((yield* opencode.request(path)).text).not.toContain("sk-user")
      }
    }))

  const plugin = builtPlugin(limit)

  it.scopedLive(
    "shares one key between projects with the same command, and ends all when it ends",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const argv = at.helper("shared", "sleep 1000 >/dev/null 2>&1 & echo $! >> pids; echo sk-shared")
        at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand: argv }) })
        const other = join(at.root, "other")
        mkdirSync(join(other, ".git"), { recursive: true })
        const child = yield* Effect.scoped(
          Effect.gen(function* () {
            const opencode = yield* serve(at)
            if (process.platform === "linux") expect(processesOf(at)).toContain(opencode.child.pid)
            for (const directory of [at.project, other]) {
              const session = yield* opencode.session(directory)
              const said = yield* opencode.say(session, "gw/m", directory)
              expect(said.error).toBeUndefined()
            }
            expect(at.runsOf("shared")).toBe(1)
            const closed = yield* opencode.request(`/instance/dispose?directory=${encodeURIComponent(other)}`, {
              method: "POST"
            })
            expect(closed.status).toBe(200)
            expect((yield* opencode.say(yield* opencode.session(), "gw/m")).error).toBeUndefined()
            expect(at.runsOf("shared")).toBe(1)
            return opencode.child
          })
        )
        expect(child.exitCode ?? child.signalCode).not.toBeNull()
        // What a helper leaves behind on purpose (an agent) lives on; it is the test's to end.
        for (const pid of pidsOf(at)) process.kill(pid, "SIGKILL")
        yield* until(() => !pidsOf(at).some(isAlive))
        expect(processesOf(at)).toEqual([])
      }),
    limit
  )
})
