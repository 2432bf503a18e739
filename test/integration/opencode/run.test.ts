// `opencode run` with the plugin, where its exit status, its output or its end is what counts; the rest shares a server in keys.test.ts.
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
import { builtPlugin, noting, userConfig } from "./plugin.js"

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

  // --- failures

  const budgetSeconds = 3
  const failures = [
    {
      name: "failing",
      argv: (at: Place) => at.helper("failing", "echo 'service unavailable, try again later: sk-secret' >&2; exit 3"),
      says: /exited with status 3/,
      remedy: /Run the command in a shell to see its messages\./
    },
    {
      name: "hanging",
      argv: (at: Place) => at.helper("hanging", "sleep 1000 & echo $! > pids; sleep 1000 & echo $! >> pids; wait"),
      says: /timed out after 3 s/,
      remedy: /raise the timeout: "timeout"\./
    }
  ]

  for (const { name, argv, says, remedy } of failures) {
    it.scopedLive(
      `says once, clearly and in time what is wrong with a helper that is ${name}, and sends nothing`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          const noted = noting(at, { gw: budgetSeconds + 5 })
          const command = { argv: argv(at), timeout: `${budgetSeconds} seconds` }
          const config = compatible(`${gw.origin}/v1`, { apiKeyCommand: command })
          at.write(userConfig, { plugin: [plugin.url, noted.url], ...config })
          // With a title it asks for none, so there is one request.
          const ended = yield* run(at, { model: "gw/m", args: ["--title", "greeting"] })
          expect(noted.of("gw")).toEqual(["asked", "answered"])
          expect(ended.status).toBe(1)
          expect(at.runsOf(name)).toBe(1)
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
