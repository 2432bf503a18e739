// Who could have put something where it stands.
import { chownSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isApiKeyError } from "../../src/ApiKeyError.js"
import { systemUids } from "../../src/internal/config/owned.js"
import { attempt } from "../support/attempt.js"
import { sandbox } from "../support/sandbox.js"

describe("a user namespace", () => {
  const overflow = "65534\n"
  for (const [what, uidMap, expected] of [
    ["that is the machine's", "         0          0 4294967295\n", [0]],
    ["with a root of its own", "0 1000 1\n1 100000 65536\n", [0]],
    ["without root", "      1000       1000          1\n", [0, 65_534]],
    ["of a system that has none", "", [0]]
  ] as const) {
    it(`${what} has ${expected.join(" and ")} for the system`, () => {
      assert.deepStrictEqual(systemUids(uidMap, overflow), expected)
    })
  }
})

describe("somebody else's folder above the user's file", () => {
  it.scopedLive("is not to be taken from him", () =>
    Effect.gen(function* () {
      if (process.getuid?.() !== 0) return console.log("skipped: only root can give a folder to somebody else")
      const self = yield* sandbox
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", { providers: { openai: { key: { literal: "k" } } } })
      chownSync(self.root, 65_534, 65_534)
      const outcome = yield* attempt(self, "openai")
      assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
      assert.include(outcome.message, `somebody else owns ${self.root}`)
      assert.notInclude(outcome.hint, "chown")
      assert.include(outcome.hint, "use a place where all folders above are yours or root's")
    })
  )
})
