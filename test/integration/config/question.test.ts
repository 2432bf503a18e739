/** `effect-apikey trust` on a real pseudo-terminal: the question, and what each answer does. */
import { existsSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import { afterEach, assert, beforeAll, beforeEach, describe } from "vitest"
import { packed } from "../../support/artifacts.js"
import { ran } from "../../support/attempt.js"
import { type Sandbox, sandbox } from "../../support/sandbox.js"
import { node, onTerminal, type Session } from "../../support/sessions.js"
import { itWith } from "../../support/tools.js"

const it = itWith("script")
const patience = 180_000

let bin = ""
let scope: Scope.CloseableScope
let self: Sandbox

beforeAll(async () => {
  bin = (await packed()).bin
}, patience)
beforeEach(async () => {
  scope = await Effect.runPromise(Scope.make())
  self = await Effect.runPromise(Scope.extend(sandbox, scope))
  const program = self.program("bin/tool", "tool-key")
  self.write("project/effect-apikey.jsonc", { providers: { a: { key: { command: [program, "\u001B[2Jx"] } } } })
})
afterEach(() => Effect.runPromise(Scope.close(scope, Exit.void)))

const asked = async (): Promise<Session> => {
  const env = { ...self.env, HOME: self.home, XDG_CONFIG_HOME: "", XDG_DATA_HOME: "" }
  const session = onTerminal(node(bin, "trust", self.projectFile), { env })
  await session.says("Trust it as it is now?")
  return session
}

describe("the question on a terminal", () => {
  it(
    "shows what would run, with nothing that the terminal would obey, and trusts on y",
    async () => {
      const session = await asked()
      const shown = session.output().split("Trust it")[0] ?? ""
      assert.include(shown, `In ${self.projectFile}:`)
      assert.include(shown, "\\u001b[2Jx")
      assert.notInclude(shown, "\u001B[2J")
      session.write("y")
      await session.says("trusted as it is now")
      assert.strictEqual((await session.ended).status, 0)
      assert.isTrue(existsSync(self.trustFile))
      assert.deepStrictEqual(ran(self), [])
    },
    patience
  )

  for (const [name, keys, status] of [
    ["n", "n", 77],
    ["Enter alone", "\r", 77],
    ["Ctrl-C", "\u0003", 130]
  ] as const) {
    it(
      `trusts nothing on ${name}`,
      async () => {
        const session = await asked()
        session.write(keys)
        assert.strictEqual((await session.ended).status, status, session.output())
        assert.isFalse(existsSync(self.trustFile))
        assert.notInclude(session.output(), "trusted as it is now")
      },
      patience
    )
  }
})
