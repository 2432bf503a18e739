// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
/** What runs cost, and that they leave nothing: 10,000 in sequence, 500 at once, memory and descriptors before and after. */
import { execFile } from "node:child_process"
import { readdirSync } from "node:fs"
import { promisify } from "node:util"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as Effect from "effect/Effect"
import * as CredentialHelper from "effect-apikey/CredentialHelper"
import * as HelperExecutor from "effect-apikey/HelperExecutor"

const inSequence = 10_000
const atOnce = 500
const compared = 200
const command = ["/bin/echo", "sk-0123456789abcdef"] as const

const run = CredentialHelper.run({ command }, { provider: "bench", reason: "first", background: false })
const ours = Effect.provide(run, HelperExecutor.layerNode)
const stock = Effect.provide(run, NodeContext.layer)
const plain = promisify(execFile)

const held = () => {
  globalThis.gc?.()
  const { rss, heapUsed } = process.memoryUsage()
  return {
    residentMiB: Math.round(rss / 1_048_576),
    heapMiB: Math.round(heapUsed / 1_048_576),
    descriptors: readdirSync("/proc/self/fd").length,
    resources: process.getActiveResourcesInfo().length
  }
}

const medianOf = async (once: () => Promise<unknown>): Promise<number> => {
  const times: Array<number> = []
  for (let i = 0; i < compared; i++) {
    const started = performance.now()
    await once()
    times.push(performance.now() - started)
  }
  return times.sort((a, b) => a - b)[compared / 2] ?? Number.NaN
}

export const main = async (): Promise<void> => {
  const execFileMillis = await medianOf(() => plain(command[0], [command[1]]))
  const ratio = async <A, E>(effect: Effect.Effect<A, E>): Promise<string> =>
    ((await medianOf(() => Effect.runPromise(effect))) / execFileMillis).toFixed(2)
  console.log(
    `one run, median, as a ratio to promisified execFile: ${await ratio(ours)}, over the stock executor ${await ratio(stock)}`
  )

  console.log("before", JSON.stringify(held()))
  const step = inSequence / 5
  for (let done = 0; done < inSequence; done += step) {
    await Effect.runPromise(Effect.replicateEffect(ours, step, { discard: true }))
    console.log(`after ${done + step} in sequence`, JSON.stringify(held()))
  }
  for (let round = 1; round <= 3; round++) {
    await Effect.runPromise(Effect.replicateEffect(ours, atOnce, { concurrency: "unbounded", discard: true }))
    console.log(`after ${atOnce} at once, round ${round}`, JSON.stringify(held()))
  }
}
