// The agent of docs/guides/agent-runtime.md as a user runs it: a process of its own, judged by its exit status.
import { resolve } from "node:path"
import { assert, describe, it } from "vitest"
import { compiled } from "../support/artifacts.js"
import { runProgram } from "../support/processes.js"

const root = resolve(import.meta.dirname, "../..")
const agent = async (choice: Readonly<Record<string, string>>) =>
  runProgram(process.execPath, [await compiled("agent/main")], {
    cwd: root,
    // A helper on a loaded machine takes longer than the two seconds that a token lives by default.
    env: { ...process.env, NO_COLOR: "1", TOKEN_SECONDS: "8", ...choice }
  })

// A story is told for longer than tokens live, most of which is waiting.
describe.concurrent("the agent", () => {
  const choices = [
    { STORYTELLER: "token", RESEARCHER: "static" },
    { STORYTELLER: "static", RESEARCHER: "token" }
  ]
  for (const choice of choices) {
    it(`tells its story while a token is renewed: the story by the ${choice.STORYTELLER} key`, async () => {
      const { status, stdout, stderr } = await agent(choice)
      assert.strictEqual(status, 0, stdout + stderr)
      assert.include(
        stdout,
        `The story goes by the ${choice.STORYTELLER} key, the research by the ${choice.RESEARCHER} key.`
      )
      assert.match(stdout, / [1-9]\d* renewals while the story was told/)
      assert.strictEqual(stderr, "")
    }, 120_000)
  }

  it("takes each key from where the configuration says: a helper that is none is told by its name", async () => {
    const { status, stdout, stderr } = await agent({ STATIC_API_KEY_COMMAND: `["no-such-helper-of-keys"]` })
    assert.strictEqual(status, 1, stdout + stderr)
    assert.include(stdout + stderr, "no-such-helper-of-keys")
  }, 120_000)

  for (const name of ["STORYTELLER", "RESEARCHER"]) {
    it(`ends with status 1 and a typed error that says what ${name} takes, before anything is asked`, async () => {
      const { status, stdout, stderr } = await agent({ [name]: "wrong" })
      assert.strictEqual(status, 1, stdout + stderr)
      // Effect's own logger prints to stdout.
      const said = stdout + stderr
      assert.match(said, new RegExp(`Invalid data at ${name}.*token, static.*"wrong"`))
      assert.notMatch(said, /\bat .*:\d+:\d+/)
      assert.notInclude(said, "The story")
    }, 120_000)
  }
})
