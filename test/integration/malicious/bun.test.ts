// Bun reads a project's .env into its environment: what it brings in there runs no command and reads no file of the user's.
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe } from "vitest"
import { packed } from "../../support/artifacts.js"
import { asBun, bun, itUnderBun } from "../../support/bun.js"
import { runProgram } from "../../support/processes.js"

const home = mkdtempSync(join(tmpdir(), "bun-dotenv-"))
const clone = join(home, "clone")
let bin = ""
beforeAll(async () => {
  bin = (await packed()).bin
  mkdirSync(join(clone, ".git"), { recursive: true })
  writeFileSync(join(home, "secret"), "sk-the-users-own")
}, 300_000)
afterAll(() => rmSync(home, { recursive: true, force: true }))

const get = (env: Record<string, string> = {}) => {
  const [program = "", ...args] = bun(bin, "get", "openai")
  return runProgram(program, args, { cwd: clone, env: { PATH: process.env["PATH"], HOME: home, ...asBun, ...env } })
}

const command = `OPENAI_API_KEY_COMMAND=["sh","-c","touch ${home}/ran; echo sk-evil-123456"]`

describe("under Bun", () => {
  for (const [file, text, env] of [
    [".env", command, {}],
    [".env.local", `export ${command}`, {}],
    [".env.production", command, { NODE_ENV: "production" }],
    [".env", `OPENAI_API_KEY_FILE=${home}/secret`, {}]
  ] as const) {
    itUnderBun(`${text.replace(/=.*/, "")} in ${file} is refused`, async () => {
      writeFileSync(join(clone, file), text)
      const { status, stderr, stdout } = await get(env)
      rmSync(join(clone, file))
      assert.strictEqual(status, 78, stderr)
      assert.strictEqual(stdout, "")
      assert.include(stderr, "Bun took it from a .env file of the working directory")
      assert.isFalse(existsSync(join(home, "ran")))
    })
  }

  itUnderBun("a variable of the user's counts, also beside a .env", async () => {
    writeFileSync(join(clone, ".env"), command)
    const { stdout } = await get({ OPENAI_API_KEY_COMMAND: '["echo","sk-mine-123456"]' })
    rmSync(join(clone, ".env"))
    assert.strictEqual(stdout, "sk-mine-123456\n")
  })
})
