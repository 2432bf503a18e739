/** Asks for so many runs at once and says how they ended, as JSON; with a low limit of descriptors. */
import { execFileSync } from "node:child_process"
import { readdirSync } from "node:fs"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { codeOf } from "../../../src/internal/util/platformError.js"
import { keyOf } from "../../support/runs.js"

const [, , count = "1", limit = "", ...command] = process.argv
const descriptors = (): number => readdirSync("/proc/self/fd").length

let running = 0
let most = 0
let refused = 0
let providers = 0
const one = Effect.suspend(() =>
  keyOf(
    { argv: command, timeout: "10 minutes" },
    () => {
      running++
      most = Math.max(most, descriptors())
    },
    (error) => {
      if (codeOf(error) === "EMFILE") refused++
    },
    // Each is another provider's, so that only descriptors limit them.
    `provider-${providers++}`
  )
)

// Only now: loading the modules needs more than the runs do.
execFileSync("prlimit", ["--pid", String(process.pid), `--nofile=${limit}:${limit}`])
const before = descriptors()
Effect.runPromise(
  Effect.all(
    Array.from({ length: Number(count) }, () => Effect.either(one)),
    { concurrency: "unbounded" }
  )
).then(async (outcomes) => {
  // A pipe is closed a turn of the event loop after its process has ended.
  for (let turn = 0; turn < 1_000 && descriptors() !== before; turn++) await new Promise((done) => setImmediate(done))
  const failures = outcomes.filter(Either.isLeft).map(({ left }) => `${left._tag}: ${left.message}`)
  process.stdout.write(
    `${JSON.stringify({ keys: outcomes.filter(Either.isRight).length, failures: Array.from(new Set(failures)), before, most, refused, running, after: descriptors() })}\n`
  )
})
