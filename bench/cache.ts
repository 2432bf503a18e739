// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
/**
 * What a hit costs, beside Effect's `Cache.get` in the same run: in a loop inside one Effect, and each through `runPromise`.
 *
 * The two are measured in turns, many short ones, and the median of the turns' ratios counts: what else the machine does
 * falls on both.
 */
import * as Cache from "effect/Cache"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Scope from "effect/Scope"
import * as ApiKey from "effect-apikey/ApiKey"
import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"

/** The limit for a hit in a loop. */
const maxRatio = 0.25
const turns = 101
const hitsInLoop = 20_000
const hitsThroughPromise = 500

const key = ApiKey.make({ value: "key" })

const ours = ApiKeyCache.make({
  provider: "bench",
  program: "helper",
  format: "text",
  mayPrompt: false,
  timeToLive: "1 hour",
  fetch: () => Effect.succeed(key)
})

const subjects = Effect.gen(function* () {
  const cache = yield* ours
  const providers = yield* ApiKeyProviders.make({
    providers: { bench: { argv: ["printf", "key"], timeToLive: "1 hour" } }
  })
  const registered = yield* providers.get("bench")
  const effectCache = yield* Cache.make({
    capacity: 1,
    timeToLive: Duration.hours(1),
    lookup: () => Effect.succeed(key)
  })
  return {
    "Effect's Cache.get": effectCache.get("key"),
    "ApiKeyCache.get": cache.get,
    "a provider of ApiKeyProviders": registered.get,
    "Effect.succeed": Effect.succeed(key)
  }
})

type Hit = Effect.Effect<ApiKey.ApiKey, unknown>

const inLoop = async (hit: Hit): Promise<number> => {
  let done = 0
  // The cheapest loop that Effect has, so that it is the hit that is measured.
  const loop = Effect.whileLoop({
    while: () => done < hitsInLoop,
    body: () => hit,
    step: () => {
      done++
    }
  })
  const startedAt = performance.now()
  await Effect.runPromise(loop)
  return ((performance.now() - startedAt) / hitsInLoop) * 1e6
}

const throughPromise = async (hit: Hit): Promise<number> => {
  const startedAt = performance.now()
  for (let done = 0; done < hitsThroughPromise; done++) await Effect.runPromise(hit)
  return ((performance.now() - startedAt) / hitsThroughPromise) * 1e6
}

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? 0

const compare = async (hits: Readonly<Record<string, Hit>>, measure: (hit: Hit) => Promise<number>) => {
  const measured = new Map(Object.keys(hits).map((name) => [name, [] as number[]]))
  for (let turn = 0; turn < turns; turn++) {
    for (const [name, hit] of Object.entries(hits)) measured.get(name)?.push(await measure(hit))
  }
  const base = measured.get("Effect's Cache.get") ?? []
  return Array.from(measured, ([name, values]) => ({
    name,
    nanoseconds: median(values),
    ratio: median(values.map((value, turn) => value / (base[turn] ?? value)))
  }))
}

export const main = (): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function* () {
      const scope = yield* Effect.scope
      const hits: Readonly<Record<string, Hit>> = yield* Scope.extend(subjects, scope)
      for (const hit of Object.values(hits)) yield* Effect.orDie(hit)
      for (const [way, measure] of [
        ["in a loop inside one Effect", inLoop],
        ["each through runPromise", throughPromise]
      ] as const) {
        console.log(`a hit, ${way}: median of ${turns} turns, ratio to Effect's Cache.get`)
        for (const { name, nanoseconds, ratio } of yield* Effect.promise(() => compare(hits, measure))) {
          const verdict =
            name === "ApiKeyCache.get" && measure === inLoop
              ? ` (${ratio <= maxRatio ? "within" : "ABOVE"} ${maxRatio})`
              : ""
          console.log(`  ${name.padEnd(30)} ${nanoseconds.toFixed(0).padStart(7)} ns  ${ratio.toFixed(3)}${verdict}`)
        }
      }
    }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))
  )
