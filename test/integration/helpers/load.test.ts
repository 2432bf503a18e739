/** Many runs, and runs that are interrupted anywhere: nothing is left. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as fc from "fast-check"
import { compiled } from "../../support/artifacts.js"
import { holdings, membersOf, runProgram, settled } from "../../support/processes.js"
import { keyOf } from "../../support/runs.js"
import { node } from "../../support/sessions.js"
import { size } from "../../support/soak.js"
import { itWith } from "../../support/tools.js"

const key = "sk-the-key-0123456789abcdef"
const echo = { argv: ["/bin/echo", key], timeout: "10 minutes" } as const
const patience = 300_000
const many = size({ short: 50, full: 500 })
/** So many descriptors have to be free for a start, or it is refused. */
const roomOfAStart = 8

const descriptorsOf = (held: ReadonlyArray<string>): number => held.filter((each) => each === "descriptor").length

/** A pipe is closed a turn of the event loop after its process has ended. */
const settledDescriptors = async (before: ReadonlyArray<string>): Promise<number> => {
  await settled(before)
  return descriptorsOf(holdings())
}

describe("many runs", () => {
  it(`in sequence and ${many} at once leave descriptors, timers and listeners level`, {
    timeout: patience
  }, async () => {
    const before = holdings()
    const levels = new Set<number>()
    const one = keyOf(echo)
    const inSequence: Array<string> = []
    for (let run = 0; run < many; run++) {
      inSequence.push(await Effect.runPromise(one))
      if (run % (many / 5) === many / 5 - 1) levels.add(await settledDescriptors(before))
    }
    assert.deepStrictEqual(Array.from(levels), [descriptorsOf(before)])
    const atOnce = await Effect.runPromise(
      Effect.all(
        Array.from({ length: many }, () => one),
        { concurrency: "unbounded" }
      )
    )
    assert.deepStrictEqual(new Set([...inSequence, ...atOnce]), new Set([key]))
    assert.deepStrictEqual(await settled(before), [])
  })

  it(`${many} at once that fail leave nothing either`, { timeout: patience }, async () => {
    const before = holdings()
    const groups: Array<number> = []
    const one = Effect.flip(
      keyOf({ argv: ["sh", "-c", "sleep 600 & exit 1"], timeout: "10 minutes" }, (pid) => groups.push(pid))
    )
    const errors = await Effect.runPromise(
      Effect.all(
        Array.from({ length: many }, () => one),
        { concurrency: "unbounded" }
      )
    )
    assert.deepStrictEqual(new Set(errors.map(({ _tag }) => _tag)), new Set(["NonZeroExit"]))
    assert.strictEqual(groups.length, many)
    assert.deepStrictEqual(membersOf(groups), [])
    assert.deepStrictEqual(await settled(before), [])
  })

  for (const [limit, count] of [
    [110, size({ short: 150, full: 2_000 })],
    [64, size({ short: 75, full: 200 })]
  ] as const) {
    itWith("prlimit")(
      `${count} at once with ${limit} descriptors queue, none fails`,
      { timeout: patience },
      async () => {
        const [command = "", ...args] = node(await compiled("manyRuns"), String(count), String(limit), "/bin/echo", key)
        const { stdout } = await runProgram(command, args)
        const report = JSON.parse(stdout.split("\n").find((line) => line.startsWith("{")) ?? "")
        assert.deepInclude(report, { keys: count, failures: [], running: count, after: report.before })
        assert.isAbove(report.refused, 0, "the limit was reached")
        assert.isAtLeast(report.most, limit - roomOfAStart)
      }
    )
  }
})

/** All end by SIGTERM but the last. */
const helpers = {
  prints: `printf ${key}`,
  sleeps: "sleep 600",
  "waits a little, then prints": `sleep 0.02; printf ${key}`,
  "leaves a child that holds stdout": `sleep 600 & printf ${key}`,
  fails: "sleep 600 & exit 1",
  floods: "yes",
  "does not exist": undefined,
  "ignores SIGTERM": "trap '' TERM; sleep 600 & wait"
}

const weighed = fc.oneof(
  ...Object.keys(helpers).map((name) => ({ weight: name === "ignores SIGTERM" ? 1 : 6, arbitrary: fc.constant(name) }))
)
/** A moment of a run: so many turns of the event loop, then so many milliseconds. */
const moment = fc.record({ turns: fc.nat(12), millis: fc.oneof(fc.constant(0), fc.nat(40)) })

const waitUntil = async ({ turns, millis }: { readonly turns: number; readonly millis: number }): Promise<void> => {
  for (let turn = 0; turn < turns; turn++) await new Promise((resolve) => setImmediate(resolve))
  if (millis > 0) await new Promise((resolve) => setTimeout(resolve, millis))
}

describe("a run that is interrupted", () => {
  it("at any moment leaves no process, timer, descriptor or listener", { timeout: patience }, async () => {
    const before = holdings()
    await fc.assert(
      fc.asyncProperty(weighed, moment, async (name, when) => {
        const script = Object.entries(helpers).find(([each]) => each === name)?.[1]
        const groups: Array<number> = []
        const command = script === undefined ? ["no-such-program"] : ["sh", "-c", script]
        const fiber = Effect.runFork(keyOf({ argv: command, timeout: "1 minute" }, (pid) => groups.push(pid)))
        await waitUntil(when)
        const exit = await Effect.runPromise(Fiber.interrupt(fiber))
        // After status 0 what a helper left lives on, as it should; it is ended here.
        if (exit._tag === "Success" && name === "leaves a child that holds stdout") {
          for (const pid of membersOf(groups)) process.kill(pid, "SIGKILL")
        } else assert.deepStrictEqual(membersOf(groups), [])
      }),
      { numRuns: size({ short: 40, full: 300 }) }
    )
    assert.deepStrictEqual(await settled(before), [])
  })
})
