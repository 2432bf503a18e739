// Who could have put something where it stands.
import { chmodSync, chownSync, mkdirSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import { isApiKeyError } from "../../src/ApiKeyError.js"
import { systemUids } from "../../src/internal/host/ownership.js"
import { attempt } from "../support/attempt.js"
import { sandbox } from "../support/sandbox.js"

describe("a user namespace", () => {
  const overflow = "65534\n"
  for (const [what, uidMap, expected] of [
    ["that is the machine's", "         0          0 4294967295\n", [0]],
    ["whose root is the user himself outside", "0 1000 1\n1 100000 65536\n", [0, 65_534]],
    ["that has the machine's root by another number", "1 0 1\n", [0]],
    ["without root", "      1000       1000          1\n", [0, 65_534]],
    ["of a system that has none", "", [0]]
  ] as const) {
    it(`${what} has ${expected.join(" and ")} for the system`, () => {
      assert.deepStrictEqual(systemUids(uidMap, overflow), expected)
    })
  }
})

describe("a link on the way to the user's configuration", () => {
  for (const [what, to] of [
    ["in a folder that others may write to", "open/turned"],
    ["that goes through such a folder and up again", "open/inner/../../real"]
  ] as const) {
    it.scopedLive(`${what} makes it nobody's word`, () =>
      Effect.gen(function* () {
        const self = yield* sandbox
        self.write("real/effect-apikey.jsonc", { providers: { openai: { key: { literal: "k" } } } })
        mkdirSync(join(self.root, "open/inner"), { recursive: true })
        self.link("open/turned", join(self.root, "real"))
        chmodSync(join(self.root, "open"), 0o777)
        self.link("home/.config/effect-apikey", `../../${to}`)
        const outcome = yield* attempt(self, "openai")
        assert(isApiKeyError(outcome) && outcome._tag === "ConfigInvalid", String(outcome))
        assert.include(outcome.message, `others can write to ${join(self.root, "open")}`)
      })
    )
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
      assert.include(outcome.message, `another user owns ${self.root}`)
      assert.notInclude(outcome.hint, "chown")
      assert.include(outcome.hint, "use a path where you or root own all directories")
    })
  )
})
