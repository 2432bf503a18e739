// `opencode run` with the plugin: the real binary against a loopback gateway.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { expect } from "vitest"
import { isPassingFault } from "../../../src/opencode/plugin/message.js"
import { isAlive } from "../../support/processes.js"
import { answerText, gateway } from "./gateway.js"
import {
  compatible,
  type Place,
  pidsOf,
  place,
  processesOf,
  reasonToSkip,
  run,
  until,
  withKnownModels
} from "./harness.js"
import { builtPlugin, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const placeholder = "effect-apikey-placeholder"
const limit = 240_000

describe.skipIf(reasonToSkip !== undefined)("opencode run with the plugin", () => {
  const plugin = builtPlugin(limit)

  const configure = (at: Place, config: Record<string, unknown>): void =>
    void at.write(userConfig, { plugin: [plugin.url], ...config })

  it.scopedLive(
    "renews a key that the gateway refuses and answers: exit 0, helper run twice",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        gw.accepts = (key) => key === "sk-test-2"
        configure(at, compatible(`${gw.origin}/v1`, { apiKeyCommand: at.helper("rotating", 'echo "sk-test-$n"') }))
        const ended = yield* run(at, { model: "gw/m" })
        expect(ended.text).toContain(answerText)
        expect(ended.status).toBe(0)
        expect(at.runsOf("rotating")).toBe(2)
        expect(gw.keys().filter((key) => key !== "sk-test-1" && key !== "sk-test-2")).toEqual([])
        for (const { headers } of gw.seen) expect(headers["authorization"]).toMatch(/^Bearer sk-test-[12]$/)
        expect(JSON.stringify(gw.seen)).not.toContain(placeholder)
      }),
    limit
  )

  const apis = [
    { id: "openai", model: "gpt-4.1-mini", path: "/v1", header: "authorization", value: "Bearer sk-of-openai" },
    { id: "anthropic", model: "claude-sonnet-4-5", path: "/v1", header: "x-api-key", value: "sk-of-anthropic" },
    { id: "google", model: "gemini-2.5-flash", path: "/v1beta", header: "x-goog-api-key", value: "sk-of-google" }
  ]

  for (const { id, model, path, header, value } of apis) {
    it.scopedLive(
      `puts the key of opencode's own ${id} provider into ${header}, and the placeholder nowhere`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          const options = { baseURL: `${gw.origin}${path}`, apiKeyCommand: at.helper(id, `echo sk-of-${id}`) }
          configure(at, { provider: { [id]: { options, models: { [model]: {} } } } })
          const ended = yield* run(at, { model: `${id}/${model}`, env: withKnownModels })
          expect(ended.text).toContain(answerText)
          expect(ended.status).toBe(0)
          expect(gw.seen.length).toBeGreaterThan(0)
          for (const request of gw.seen) expect(request.headers[header]).toBe(value)
          expect(JSON.stringify(gw.seen)).not.toContain(placeholder)
          expect(at.runsOf(id)).toBe(1)
        }),
      limit
    )
  }

  it.scopedLive(
    "gives a key to opencode's own openai provider whose options hold the command and nothing else",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        // Another plugin stands in for the network: what would go to api.openai.com goes to the gateway, and says so.
        const network = at.write(
          "network.js",
          `const to = (url) => String(url).replace("https://api.openai.com", "${gw.origin}/was-openai")
          export default { id: "network", server: async () => ({ config: async (config) => {
            config.provider.openai.options.fetch = (url, init) => fetch(to(url), init)
          } }) }`
        )
        at.write(userConfig, {
          plugin: [`file://${network}`, plugin.url],
          provider: { openai: { options: { apiKeyCommand: at.helper("openai", "echo sk-of-openai") } } }
        })
        const ended = yield* run(at, { model: "openai/gpt-4.1-mini", env: withKnownModels })
        expect(ended.text).toContain(answerText)
        expect(gw.seen.length).toBeGreaterThan(0)
        for (const { path, headers } of gw.seen) {
          expect(path).toBe("/was-openai/v1/responses")
          expect(headers["authorization"]).toBe("Bearer sk-of-openai")
        }
        expect(at.runsOf("openai")).toBe(1)
      }),
    limit
  )

  it.scopedLive(
    "serves a model that names its own npm package with the same key, in that package's header",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const options = { baseURL: `${gw.origin}/v1`, apiKeyCommand: at.helper("both", "echo sk-both") }
        const models = { m: {}, claude: { provider: { npm: "@ai-sdk/anthropic" } } }
        configure(at, { provider: { gw: { npm: "@ai-sdk/openai-compatible", options, models } } })
        const ended = yield* run(at, { model: "gw/claude" })
        expect(ended.text).toContain(answerText)
        expect(ended.status).toBe(0)
        const messages = gw.seen.filter((request) => request.path.endsWith("/messages"))
        expect(messages.length).toBeGreaterThan(0)
        for (const request of messages) expect(request.headers["x-api-key"]).toBe("sk-both")
        expect(JSON.stringify(gw.seen)).not.toContain(placeholder)
      }),
    limit
  )

  it.scopedLive(
    "takes format, time to live, env and cwd from the object form",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        const argv = at.helper("object", `printf '{"token":"%s-%s","expires_in":3600}' "$WHO" "$(basename "$PWD")"`)
        const apiKeyCommand = {
          argv,
          format: { name: "json", field: "token" },
          timeout: "20 seconds",
          timeToLive: "1 minute",
          env: { WHO: "sk-env" },
          cwd: at.project,
          interactive: "never"
        }
        configure(at, compatible(`${gw.origin}/v1`, { apiKeyCommand }))
        const ended = yield* run(at, { model: "gw/m" })
        expect(ended.text).toContain(answerText)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-env-project"]))
      }),
    limit
  )

  // --- failures

  const budgetSeconds = 3
  const failures = [
    {
      name: "missing",
      argv: () => ["no-such-helper-anywhere"],
      says: /no-such-helper-anywhere: command not found/,
      remedy: /Install it, add its folder to PATH/,
      runs: 0
    },
    {
      name: "failing",
      argv: (at: Place) => at.helper("failing", "echo 'service unavailable, try again later: sk-secret' >&2; exit 3"),
      says: /ended with status 3/,
      remedy: /Run the command by hand/,
      runs: 1
    },
    {
      name: "empty",
      argv: (at: Place) => at.helper("empty", "exit 0"),
      says: /printed no key/,
      remedy: /\. \S.*\.$/,
      runs: 1
    },
    {
      name: "hanging",
      argv: (at: Place) => at.helper("hanging", "sleep 1000 & echo $! > pids; sleep 1000 & echo $! >> pids; wait"),
      says: /not finished within 3 s/,
      remedy: /raise .timeout./,
      runs: 1
    }
  ]

  for (const { name, argv, says, remedy, runs } of failures) {
    it.scopedLive(
      `says once, clearly and in time what is wrong with a helper that is ${name}, and sends nothing`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          // Another plugin, around ours, notes what comes first in opencode itself: our answer, or the end of budget + 5 s.
          const notes = join(at.root, "notes")
          const noting = at.write(
            "noting.js",
            `import { appendFileSync } from "node:fs"
            const note = (what) => appendFileSync("${notes}", what + "\\n")
            export default { id: "noting", server: async () => ({ config: async (config) => {
              const { options } = config.provider.gw
              const { fetch } = options
              options.fetch = async (url, init) => {
                note("asked")
                const timer = setTimeout(note, ${(budgetSeconds + 5) * 1000}, "late")
                try {
                  return await fetch(url, init)
                } finally {
                  clearTimeout(timer)
                  note("answered")
                }
              }
            } }) }`
          )
          const command = { argv: argv(at), timeout: `${budgetSeconds} seconds` }
          const config = compatible(`${gw.origin}/v1`, { apiKeyCommand: command })
          at.write(userConfig, { plugin: [plugin.url, `file://${noting}`], ...config })
          // With a title it asks for none, so there is one request.
          const ended = yield* run(at, { model: "gw/m", args: ["--title", "greeting"] })
          expect(readFileSync(notes, "utf8")).toBe("asked\nanswered\n")
          expect(ended.status).toBe(1)
          expect(at.runsOf(name)).toBe(runs)
          const messages = ended.text.split("\n").filter((line) => line.includes("No API key for provider"))
          expect(messages).toHaveLength(1)
          expect(messages[0]).toContain('"gw"')
          expect(messages[0]).toMatch(says)
          expect(isPassingFault(messages[0] ?? "")).toBe(false)
          expect(ended.text).not.toContain("sk-secret")
          expect(ended.text).not.toMatch(/\n\s+at /)
          expect(gw.seen).toEqual([])
          expect(messages[0]).toMatch(remedy)
          if (name === "hanging") expect(pidsOf(at)).toHaveLength(2)
          expect(pidsOf(at).filter(isAlive)).toEqual([])
          expect(processesOf(at)).toEqual([])
        }),
      limit
    )
  }

  // --- precedence

  it.scopedLive(
    "lets options.apiKey win, and leaves {env:} and {file:} in other options alone",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        at.write("home/.config/opencode/team.txt", "blue\n")
        configure(
          at,
          compatible(`${gw.origin}/v1`, {
            apiKey: "{env:MY_KEY}",
            apiKeyCommand: at.helper("unused", "echo sk-unused"),
            headers: { "x-team": "{file:./team.txt}", "x-user": "{env:MY_NAME}" }
          })
        )
        const set = yield* run(at, { model: "gw/m", env: { MY_KEY: "sk-set", MY_NAME: "ada" } })
        expect(set.status).toBe(0)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-set"]))
        expect(at.runsOf("unused")).toBe(0)
        for (const { headers } of gw.seen) expect([headers["x-team"], headers["x-user"]]).toEqual(["blue", "ada"])

        // An apiKey that comes out empty is none.
        gw.seen.length = 0
        const unset = yield* run(at, { model: "gw/m", env: { MY_NAME: "ada" } })
        expect(unset.status).toBe(0)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-unused"]))
        for (const { headers } of gw.seen) expect([headers["x-team"], headers["x-user"]]).toEqual(["blue", "ada"])
      }),
    limit
  )

  it.scopedLive(
    "finds a helper in a usual folder that PATH does not name, as a desktop program must",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        at.helper("desk-key", "echo sk-desk", ".local/bin")
        configure(at, compatible(`${gw.origin}/v1`, { apiKeyCommand: ["desk-key"] }))
        const ended = yield* run(at, { model: "gw/m", env: { PATH: "/usr/bin:/bin" } })
        expect(ended.text).toContain(answerText)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-desk"]))
      }),
    limit
  )

  it.scopedLive(
    "finds a helper that only the log-in shell's PATH names",
    () =>
      Effect.gen(function* () {
        const at = yield* place
        const gw = yield* gateway
        at.helper("login-key", "echo sk-login", "a-folder-of-my-own")
        configure(at, compatible(`${gw.origin}/v1`, { apiKeyCommand: ["login-key"] }))
        const env = { PATH: "/usr/bin:/bin" }
        const before = yield* run(at, { model: "gw/m", env })
        expect(before.text).toContain("login-key: command not found")
        expect(gw.seen).toEqual([])

        for (const profile of [".profile", ".zprofile"]) {
          at.write(`home/${profile}`, 'PATH="$PATH:$HOME/a-folder-of-my-own"\nexport PATH\n')
        }
        const after = yield* run(at, { model: "gw/m", env })
        expect(after.text).toContain(answerText)
        expect(new Set(gw.keys())).toEqual(new Set(["sk-login"]))
      }),
    limit
  )

  for (const signal of ["SIGINT", "SIGTERM"] as const) {
    it.scopedLive(
      `takes the helper and all that it started along when opencode gets ${signal}`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          const argv = at.helper(
            "stubborn",
            "trap '' TERM INT HUP; sleep 1000 & echo $! > pids.new; echo $$ >> pids.new; mv pids.new pids; wait"
          )
          configure(at, compatible(`${gw.origin}/v1`, { apiKeyCommand: argv }))
          const running = yield* Effect.fork(
            run(at, { model: "gw/m", signal, when: until(() => pidsOf(at).length === 2) })
          )
          const ended = yield* Fiber.join(running)
          expect(ended.status).not.toBe(0)
          const pids = pidsOf(at)
          expect(pids).toHaveLength(2)
          yield* until(() => !pids.some(isAlive))
          expect(gw.seen).toEqual([])
        }),
      limit
    )
  }
})
