/** No helper outlives us under a plain `runPromise`, however we end. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { fileURLToPath } from "node:url"
import { afterAll, assert, describe, it as plainly } from "vitest"
import { asBun, bun, itUnderBun } from "../../support/bun.js"
import { eventually, isAlive, membersOf } from "../../support/processes.js"
import { bin, type Session, typescript, withoutTerminal } from "../../support/sessions.js"

const plain = fileURLToPath(new URL("./onePlainRun.ts", import.meta.url))
/** It ignores every signal that can be ignored, and so does its child. */
const stubborn = ["sh", "-c", "trap '' TERM INT HUP; sleep 600 & while :; do sleep 600; done"]
const oneSecond = 1_000
const folder = mkdtempSync(join(tmpdir(), "our-end-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const run = JSON.stringify([{ command: stubborn, timeout: "1 minute" }])
const runtimes = {
  Node: (env: NodeJS.ProcessEnv = {}): Session => withoutTerminal(typescript(plain, run), { env }),
  // signal-exit does nothing there, so the guard listens by hand.
  Bun: (env: NodeJS.ProcessEnv = {}): Session => withoutTerminal(bun(plain, run), { env: { ...env, ...asBun } })
}

const pidOf = async (session: Session): Promise<number> => Number((await session.says(/pid \d+/)).slice(4))

const goneWithinASecond = async (pid: number): Promise<void> => {
  assert.isTrue(await eventually(() => !isAlive(pid) && membersOf([pid]).length === 0, oneSecond), "gone within 1 s")
}

for (const [runtime, start] of Object.entries(runtimes)) {
  const it = runtime === "Bun" ? itUnderBun : plainly
  describe(`under ${runtime} the helper and its children are gone within a second`, () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGHUP", "SIGQUIT"] as const) {
      it(`of our death by ${signal}, which is still a death by ${signal}`, async () => {
        const session = start()
        const pid = await pidOf(session)
        assert.isTrue(isAlive(pid))
        session.child.kill(signal)
        assert.strictEqual((await session.ended).signal, signal)
        await goneWithinASecond(pid)
      })
    }

    for (const [way, status] of [
      ["exit", 3],
      ["uncaught", 1],
      ["rejection", 1]
    ] as const) {
      it(`of our end by ${{ exit: "process.exit", uncaught: "an uncaught exception", rejection: "an unhandled rejection" }[way]}`, async () => {
        const session = start({ EXIT: way })
        const pid = await pidOf(session)
        assert.isTrue(isAlive(pid))
        session.write("now\n")
        assert.strictEqual((await session.ended).status, status)
        await goneWithinASecond(pid)
      })
    }
  })
}

describe("the helper and its children are gone within a second", () => {
  for (const [signal, status] of [
    ["SIGINT", 130],
    ["SIGTERM", 130],
    ["SIGHUP", null]
  ] as const) {
    plainly(`of the command line's end by ${signal}`, async () => {
      const file = join(folder, signal)
      const session = withoutTerminal(typescript(bin, "get", "--", "sh", "-c", 'echo $$ > "$0"; exec sleep 600', file))
      assert.isTrue(await eventually(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"), 20_000))
      const pid = Number(readFileSync(file, "utf8"))
      session.child.kill(signal)
      assert.strictEqual((await session.ended).status, status)
      await goneWithinASecond(pid)
    })
  }
})
