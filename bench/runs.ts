// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
/**
 * What runs cost, and that they leave nothing: 10,000 in sequence and 500 at once, after which memory, descriptors and what
 * the event loop holds are level; else it fails.
 */
import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { promisify } from "node:util"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as CredentialHelper from "effect-apikey/CredentialHelper"
import * as HelperExecutor from "effect-apikey/HelperExecutor"

const inSequence = 10_000
const atOnce = 500
const compared = 200
const command = ["/bin/echo", "sk-0123456789abcdef"] as const

const run = CredentialHelper.run({ argv: command }, { provider: "bench", reason: "first", background: false })
const ours = Effect.provide(run, HelperExecutor.layer)
const stock = Effect.provide(run, Layer.provideMerge(HelperExecutor.fromCommandExecutor, NodeContext.layer))
const plain = promisify(execFile)

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

interface Held {
  readonly residentMiB: number
  readonly heapMiB: number
  readonly descriptors: number
  readonly resources: number
}

const mebibyte = 1_048_576

const held = async (): Promise<Held> => {
  // A pipe is closed a turn of the event loop after its process has ended.
  for (let turn = 0; turn < 10; turn++) await new Promise((resolve) => setImmediate(resolve))
  collectGarbage()
  const { rss, heapUsed } = process.memoryUsage()
  return {
    residentMiB: rss / mebibyte,
    heapMiB: heapUsed / mebibyte,
    descriptors: readdirSync("/proc/self/fd").length,
    resources: process.getActiveResourcesInfo().length
  }
}

/** What the allocator and the compiler may still take once they are warm; 1 KiB a run left behind would be 8 MiB. */
const heapSlackMiB = 4
const residentSlackMiB = 24

/** Says how much is held, and fails where that is more than at the time it is compared with. */
const report = (when: string, now: Held, then: Held): void => {
  const grown = [
    ["descriptors", now.descriptors, then.descriptors],
    ["resources of the event loop", now.resources, then.resources],
    ["MiB of heap", now.heapMiB, then.heapMiB + heapSlackMiB],
    ["MiB resident", now.residentMiB, then.residentMiB + residentSlackMiB]
  ] as const
  console.log(
    `${when}: ${now.residentMiB.toFixed(0)} MiB resident, ${now.heapMiB.toFixed(1)} MiB heap, ${now.descriptors} descriptors, ${now.resources} resources`
  )
  for (const [what, is, most] of grown) {
    if (is <= most) continue
    process.exitCode = 1
    console.error(`not level: ${is.toFixed(1)} ${what}, more than ${most.toFixed(1)}`)
  }
}

/** In turns, so that what else the machine does meets all alike. */
const medians = async (...rivals: ReadonlyArray<() => Promise<unknown>>): Promise<ReadonlyArray<number>> => {
  const times = rivals.map((): Array<number> => [])
  for (let round = 0; round < compared; round++) {
    for (const [index, once] of rivals.entries()) {
      const started = performance.now()
      await once()
      times[index]?.push(performance.now() - started)
    }
  }
  return times.map((each) => each.sort((a, b) => a - b)[compared / 2] ?? Number.NaN)
}

export const main = async (): Promise<void> => {
  const before = await held()
  const [execFileMillis = Number.NaN, oursMillis = Number.NaN, stockMillis = Number.NaN] = await medians(
    () => plain(command[0], [command[1]]),
    () => Effect.runPromise(ours),
    () => Effect.runPromise(stock)
  )
  console.log(
    `one run, median, as a ratio to promisified execFile: ${(oursMillis / execFileMillis).toFixed(2)}, over the stock executor ${(stockMillis / execFileMillis).toFixed(2)}`
  )
  const step = inSequence / 5
  let warm: Held | undefined
  for (let done = step; done <= inSequence; done += step) {
    await Effect.runPromise(Effect.replicateEffect(ours, step, { discard: true }))
    const now = await held()
    // What the event loop and the system hold is compared with the very beginning; memory once all code has run.
    warm ??= { ...now, descriptors: before.descriptors, resources: before.resources }
    report(`after ${done} in sequence`, now, warm)
  }
  let first: Held | undefined
  for (let round = 1; round <= 4; round++) {
    await Effect.runPromise(Effect.replicateEffect(ours, atOnce, { concurrency: "unbounded", discard: true }))
    const now = await held()
    first ??= { ...now, descriptors: before.descriptors, resources: before.resources }
    report(`after ${atOnce} at once, round ${round}`, now, first)
  }
}
