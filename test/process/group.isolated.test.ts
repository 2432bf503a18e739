import { type ChildProcess, spawn } from "node:child_process"
import { once } from "node:events"
import { readdirSync } from "node:fs"
import { afterEach, assert, describe, it, vi } from "vitest"
import { sessionIsAlive } from "../../src/internal/process/group.js"

vi.mock("node:fs", async (original) => {
  const fs = await original<typeof import("node:fs")>()
  return { ...fs, readdirSync: vi.fn(fs.readdirSync) }
})

const started: Array<ChildProcess> = []

const groupOf = async (): Promise<number> => {
  const child = spawn("sleep", ["600"], { detached: true, stdio: "ignore" })
  started.push(child)
  await once(child, "spawn")
  assert(child.pid !== undefined)
  return child.pid
}

const end = async (child: ChildProcess): Promise<void> => {
  const gone = once(child, "exit")
  child.kill("SIGKILL")
  await gone
}

afterEach(() => Promise.all(started.splice(0).map(end)))

describe("a session", () => {
  it("that has begun since the last look is alive, and gone when its last process is", async () => {
    const first = await groupOf()
    assert.isTrue(sessionIsAlive(first))
    const second = await groupOf()
    assert.isTrue(sessionIsAlive(second))
    await Promise.all(started.splice(0).map(end))
    assert.isFalse(sessionIsAlive(first))
    assert.isFalse(sessionIsAlive(second))
  })

  it("that many wait for has not all of /proc read for each of them", async () => {
    const group = await groupOf()
    vi.mocked(readdirSync).mockClear()
    for (let look = 0; look < 1_000; look++) assert.isTrue(sessionIsAlive(group))
    const readings = vi.mocked(readdirSync).mock.calls.length
    // Each reading pauses for four times its own time; a look is thousands of times shorter.
    assert.isAtMost(readings, 100)
  })
})
