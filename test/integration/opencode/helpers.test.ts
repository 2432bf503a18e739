// Helpers that misbehave, in opencode's own runtime, with the plugin as it is shipped.
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { expect } from "vitest"
import { isAlive } from "../../support/processes.js"
import { gateway } from "./gateway.js"
import { compatible, pidsOf, place, reasonToSkip, run } from "./harness.js"
import { builtPlugin, userConfig } from "./plugin.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const limit = 240_000

describe.skipIf(reasonToSkip !== undefined)("a helper in opencode that", () => {
  const plugin = builtPlugin(limit)

  const cases = [
    {
      name: "closes its stdout and stays",
      script: "exec >&- 2>&-; echo $$ > pids; exec sleep 1000",
      options: {},
      says: /not finished within 5 s/
    },
    { name: "never stops writing", script: "echo $$ > pids; exec yes sk-secret", options: {}, says: /more than/ },
    { name: "is killed", script: "printf sk-secret; kill -9 $$", options: {}, says: /SIGKILL/ },
    {
      name: "does not read its stdin",
      script: "exec <&-; echo sk-secret >&2; exit 3",
      options: { format: { name: "docker-credential", serverUrl: `https://${"x".repeat(200_000)}.example` } },
      says: /status 3/
    }
  ]

  for (const { name, script, options, says } of cases) {
    it.scopedLive(
      `${name} is one message in the chat, and no request`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          const apiKeyCommand = { argv: at.helper("odd", script), timeout: "5 seconds", ...options }
          at.write(userConfig, { plugin: [plugin.url], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
          const ended = yield* run(at, { model: "gw/m" })
          const messages = ended.text.split("\n").filter((line) => line.includes("No API key for provider"))
          expect(messages).toEqual([expect.stringMatching(says)])
          expect(ended.status).toBe(1)
          expect(ended.text).not.toContain("sk-secret")
          expect(ended.text).not.toMatch(/\n\s+at |EPIPE/)
          expect(gw.seen).toEqual([])
          expect(pidsOf(at).filter(isAlive)).toEqual([])
        }),
      limit
    )
  }
})
