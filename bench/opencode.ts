/** What the plugin adds to `opencode run`: the median and the minimum of ten runs with and without it, in alternation. */
import { loadavg } from "node:os"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import { gateway } from "../test/integration/opencode/gateway.js"
import { compatible, place, reasonToSkip, run } from "../test/integration/opencode/harness.js"
import { packed } from "../test/support/artifacts.js"

const rounds = Number(process.env["ROUNDS"] ?? 10)
/** Of a plugin that no provider uses. */
const allowedMillis = 60

const median = (values: ReadonlyArray<number>): number => {
  const sorted = [...values].sort((a, b) => a - b)
  const middle = sorted.length / 2
  return ((sorted[Math.ceil(middle) - 1] ?? 0) + (sorted[Math.floor(middle)] ?? 0)) / 2
}

const variants = ["without", "loaded", "in use"] as const

const minimum = (values: ReadonlyArray<number>): number => Math.min(...values)

/**
 * The other plugin does nothing: what opencode itself does as soon as there is one is not ours. "loaded" is the plugin
 * where no provider has a command; "in use" has one, and so a run of its helper too.
 */
const bench = Effect.gen(function* () {
  const at = yield* place
  const gw = yield* gateway
  const { plugin } = yield* Effect.promise(packed)
  const empty = at.write("empty-plugin.js", 'export default { id: "empty", server: async () => ({}) }\n')
  const apiKeyCommand = at.helper("bench", "echo sk-set")
  const times = { without: [] as number[], loaded: [] as number[], "in use": [] as number[] }
  // One more, that nobody counts, fills the caches.
  for (let round = 0; round <= rounds; round++) {
    // In turns, and in another order each time: what else the machine does hits all alike.
    for (const which of [0, 1, 2].map((n) => variants[(n + round) % variants.length] ?? "without")) {
      at.write("home/.config/opencode/opencode.json", {
        plugin: [which === "without" ? `file://${empty}` : pathToFileURL(plugin).href],
        ...compatible(`${gw.origin}/v1`, which === "in use" ? { apiKeyCommand } : { apiKey: "sk-set" })
      })
      const ended = yield* run(at, { model: "gw/m" })
      if (ended.status !== 0) return yield* Effect.die(new Error(ended.text))
      if (round > 0) times[which].push(ended.millis)
    }
  }
  const lines = [["median of", median] as const, ["minimum of", minimum] as const].flatMap(([name, of]) => {
    const without = of(times.without)
    return (["loaded", "in use"] as const).map((which) => {
      const added = of(times[which]) - without
      const verdict = which === "loaded" ? ` (${added <= allowedMillis ? "within" : "ABOVE"} ${allowedMillis})` : ""
      return `  ${name} ${rounds}, ${which}: ${added.toFixed(0)} ms more than ${without.toFixed(0)} ms without${verdict}`
    })
  })
  console.log([`opencode run with the plugin, load average ${loadavg()[0]?.toFixed(1)}`, ...lines].join("\n"))
})

export const main = (): Promise<void> => {
  if (reasonToSkip === undefined) return Effect.runPromise(Effect.scoped(bench))
  console.log(`skipped: ${reasonToSkip}`)
  return Promise.resolve()
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
