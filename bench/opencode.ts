/** What the plugin adds to `opencode run`: the median of ten runs with it and with none, taken in turns, as a ratio. */
import * as Effect from "effect/Effect"
import { gateway } from "../test/integration/opencode/gateway.js"
import { buildPlugin, compatible, place, reasonToSkip, run } from "../test/integration/opencode/harness.js"

const rounds = Number(process.env["ROUNDS"] ?? 10)
const allowedMillis = 150

const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

/** The other plugin does nothing: what opencode itself does as soon as there is one is not ours. */
const bench = Effect.gen(function* () {
  const at = yield* place
  const gw = yield* gateway
  const plugin = yield* Effect.promise(() => buildPlugin(at.root))
  const empty = at.write("empty-plugin.js", 'export default { id: "empty", server: async () => ({}) }\n')
  const times = { without: [] as number[], with: [] as number[] }
  for (let round = 0; round < rounds; round++) {
    for (const which of ["without", "with"] as const) {
      const url = which === "with" ? plugin.url : `file://${empty}`
      at.write("home/.config/opencode/opencode.json", {
        plugin: [url],
        ...compatible(`${gw.origin}/v1`, { apiKey: "sk-set" })
      })
      const ended = yield* run(at, { model: "gw/m" })
      if (ended.status !== 0) return yield* Effect.die(new Error(ended.text))
      times[which].push(ended.millis)
    }
  }
  const without = median(times.without)
  const added = median(times.with) - without
  console.log(
    `opencode run, median of ${rounds}: with the plugin ${(1 + added / without).toFixed(3)} of without, ` +
      `${added.toFixed(0)} ms more (allowed: ${allowedMillis}); ${plugin.bytes} bytes`
  )
})

if (reasonToSkip === undefined) await Effect.runPromise(Effect.scoped(bench))
else console.log(`skipped: ${reasonToSkip}`)
