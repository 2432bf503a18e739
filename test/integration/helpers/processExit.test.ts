/** No helper outlives us under a plain `runPromise`, however we end. */
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, it as plainly } from "vitest"
import { compiled, packed } from "../../support/artifacts.js"
import { asBun, bun, itUnderBun } from "../../support/bun.js"
import { eventually, isAlive, membersOf, sessionOf } from "../../support/processes.js"
import { node, type Session, withoutTerminal } from "../../support/sessions.js"

let bin = ""
let plain = ""
let inAWorker = ""
beforeAll(async () => {
  bin = (await packed()).bin
  plain = await compiled("onePlainRun")
  inAWorker = await compiled("inAWorker")
}, 300_000)
/** It ignores every signal that can be ignored, and so does its child. */
const stubborn = ["sh", "-c", "trap '' TERM INT HUP; sleep 600 & while :; do sleep 600; done"]
const oneSecond = 1_000
const folder = mkdtempSync(join(tmpdir(), "process-exit-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const runOf = (argv: ReadonlyArray<string>): string => JSON.stringify([{ argv, timeout: "1 minute" }])
const run = runOf(stubborn)
const runtimes = {
  Node: (env: NodeJS.ProcessEnv = {}, file = plain, what = run): Session => withoutTerminal(node(file, what), { env }),
  // signal-exit does nothing there, so the guard listens by hand.
  Bun: (env: NodeJS.ProcessEnv = {}, file = plain, what = run): Session =>
    withoutTerminal(bun(file, what), { env: { ...env, ...asBun } })
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

/** What waits for our death on behalf of our helpers: a shell with this script, our child. */
const watchdogsOf = (ours: number): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .map(Number)
    .filter((each) => {
      try {
        const stat = readFileSync(`/proc/${each}/stat`, "utf8")
        const [, parent] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
        const isShell = readFileSync(`/proc/${each}/cmdline`, "utf8").startsWith("/bin/sh\0-c\0list=")
        return isShell && Number(parent) === ours && isAlive(each)
      } catch {
        return false
      }
    })

const watchdogOf = async (session: Session): Promise<number> => {
  const ours = session.child.pid ?? 0
  assert.isTrue(await eventually(() => watchdogsOf(ours).length === 1), "one watches")
  return watchdogsOf(ours)[0] ?? 0
}

for (const [runtime, start] of Object.entries(runtimes)) {
  const it = runtime === "Bun" ? itUnderBun : plainly
  describe(`under ${runtime} no handler of ours runs, and the helper is gone within a second, with every group of its session`, () => {
    for (const signal of ["SIGKILL", "SIGABRT", "SIGSEGV", "SIGBUS", "SIGFPE", "SIGILL"] as const) {
      it(`of our death by ${signal}`, async () => {
        const script = "ulimit -c 0; trap '' TERM; timeout 600 sleep 601; true"
        const session = start({}, plain, runOf(["bash", "-c", script]))
        const pid = await pidOf(session)
        try {
          const dog = await watchdogOf(session)
          assert.isTrue(await eventually(() => sessionOf(pid).length >= 3), "its session has another group")
          session.child.kill(signal)
          await session.ended
          assert.isTrue(await eventually(() => sessionOf(pid).length === 0, oneSecond), "gone within 1 s")
          assert.isTrue(await eventually(() => !isAlive(dog), oneSecond))
        } finally {
          session.child.kill("SIGKILL")
          for (const each of sessionOf(pid)) process.kill(each, "SIGKILL")
        }
      })
    }
  })
}

describe("a process that was stopped past the time limit of its helper", () => {
  plainly("gives the key that the helper printed in time", async () => {
    const file = join(folder, "go-on")
    const script = 'while ! [ -e "$0" ]; do sleep 0.01; done; echo printed-in-time'
    const limit = 4_000
    const run = JSON.stringify([{ argv: ["sh", "-c", script, file], timeout: limit }])
    const session = withoutTerminal(node(plain, run))
    const pid = await pidOf(session)
    const started = performance.now()
    session.child.kill("SIGSTOP")
    writeFileSync(file, "")
    assert.isTrue(await eventually(() => !isAlive(pid)), "the helper has ended")
    // The time limit has to pass, and more than a second, before it continues.
    assert.isTrue(await eventually(() => performance.now() - started > limit + 1_500))
    session.child.kill("SIGCONT")
    await session.says("printed printed-in-time")
    await session.ended
  })
})

for (const [runtime, start] of Object.entries(runtimes)) {
  const it = runtime === "Bun" ? itUnderBun : plainly
  describe(`in another thread than ${runtime}'s main one, which hears no signal`, () => {
    for (const signal of ["SIGTERM", "SIGINT", "SIGKILL"] as const) {
      it(`the helper and its children are gone within a second of our death by ${signal}, and so is who saw to it`, async () => {
        const session = start({}, inAWorker)
        const pid = await pidOf(session)
        try {
          const dog = await watchdogOf(session)
          session.child.kill(signal)
          assert.strictEqual((await session.ended).signal, signal)
          await goneWithinASecond(pid)
          assert.isTrue(await eventually(() => !isAlive(dog), oneSecond))
        } finally {
          session.child.kill("SIGKILL")
          for (const each of membersOf([pid])) process.kill(each, "SIGKILL")
        }
      })
    }

    it("what a helper that succeeded leaves behind lives on after us, and nobody watches it", async () => {
      const session = start({}, inAWorker, runOf(["sh", "-c", "sleep 600 >/dev/null 2>&1 & echo left-$!"]))
      await pidOf(session)
      const left = Number((await session.says(/printed left-\d+/)).slice("printed left-".length))
      try {
        assert.isTrue(await eventually(() => watchdogsOf(session.child.pid ?? 0).length === 0))
        session.child.kill("SIGKILL")
        await session.ended
        assert.isTrue(isAlive(left))
      } finally {
        process.kill(left, "SIGKILL")
      }
    })
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
      const session = withoutTerminal(node(bin, "get", "--", "sh", "-c", 'echo $$ > "$0"; exec sleep 600', file))
      assert.isTrue(await eventually(() => existsSync(file) && readFileSync(file, "utf8").endsWith("\n"), 20_000))
      const pid = Number(readFileSync(file, "utf8"))
      session.child.kill(signal)
      assert.strictEqual((await session.ended).status, status)
      await goneWithinASecond(pid)
    })
  }
})
