// The package as npm publishes it, named in opencode's configuration as a user names it.
import { cpSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { beforeAll, expect } from "vitest"
import { packed } from "../../support/artifacts.js"
import { answerText, gateway } from "./gateway.js"
import { compatible, type Place, place, reasonToSkip, run } from "./harness.js"

if (reasonToSkip !== undefined) console.warn(`skipped: ${reasonToSkip}`)

const userConfig = "home/.config/opencode/opencode.json"
const limit = 300_000

describe.skipIf(reasonToSkip !== undefined)("the packed package in opencode", () => {
  let folder = ""

  beforeAll(async () => {
    folder = (await packed()).folder
  }, limit)

  /** The package and nothing beside it: what it needs at run time stands in its bundle. */
  const install = (at: Place, where: string): string => {
    const target = join(at.home, where, "node_modules", "effect-apikey")
    mkdirSync(target, { recursive: true })
    cpSync(folder, target, { recursive: true })
    return target
  }

  // opencode looks into its cache before it asks a registry, by the name and the version that were asked for.
  const ways: ReadonlyArray<readonly [string, (at: Place) => string]> = [
    [
      'as "effect-apikey", from where opencode keeps its packages',
      (at) => {
        install(at, ".cache/opencode/packages/effect-apikey@latest")
        return "effect-apikey"
      }
    ],
    ["as a folder", (at) => `file://${install(at, "somewhere")}`]
  ]

  for (const [how, plugin] of ways) {
    it.scopedLive(
      `gives the key, named ${how}`,
      () =>
        Effect.gen(function* () {
          const at = yield* place
          const gw = yield* gateway
          const apiKeyCommand = at.helper("packed", "echo sk-packed")
          at.write(userConfig, { plugin: [plugin(at)], ...compatible(`${gw.origin}/v1`, { apiKeyCommand }) })
          const ended = yield* run(at, { model: "gw/m" })
          expect(ended.text).toContain(answerText)
          expect(ended.status).toBe(0)
          expect(new Set(gw.keys())).toEqual(new Set(["sk-packed"]))
          expect(at.runsOf("packed")).toBe(1)
        }),
      limit
    )
  }
})
