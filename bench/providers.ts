/**
 * What 10,000 idle providers cost in memory: in `ApiKeyProviders`, and in an `RcMap` with an idle time to live.
 *
 * Each is made, asked once, and then left alone. "With a cache" has the cache of a command behind each, which is what an
 * application has; "the registry alone" has a constant key, so that what is left is the registry's own.
 */
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as RcMap from "effect/RcMap"
import * as Scope from "effect/Scope"
import * as ApiKey from "effect-apikey/ApiKey"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"

const count = 10_000
const maxRatio = 2
const rounds = 3
const idleTimeToLive = "1 hour"
const ids = Array.from({ length: count }, (_, index) => `provider-${index}`)

type Make = (id: string) => Effect.Effect<ApiKeyProvider.Provider, never, Scope.Scope>

const constant: Make = (id) =>
  Effect.sync(() => ApiKeyProvider.make({ provider: id, get: Effect.sync(() => ApiKey.make({ value: id })) }))

const cached: Make = (id) =>
  ApiKeyCache.make({
    provider: id,
    program: "helper",
    format: "text",
    mayPrompt: false,
    timeToLive: "1 hour",
    fetch: () => Effect.sync(() => ApiKey.make({ value: id }))
  })

const inRegistry = (make: Make) =>
  Effect.gen(function* () {
    const providers = yield* ApiKeyProviders.make({
      providers: Object.fromEntries(ids.map((id) => [id, make(id)])),
      idleTimeToLive
    })
    for (const id of ids) yield* Effect.flatMap(providers.get(id), ({ get }) => get)
    return providers
  })

const inRcMap = (make: Make) =>
  Effect.gen(function* () {
    const providers = yield* RcMap.make({ lookup: make, idleTimeToLive })
    for (const id of ids) yield* Effect.scoped(Effect.flatMap(RcMap.get(providers, id), ({ get }) => get))
    return providers
  })

setFlagsFromString("--expose-gc")
const collectGarbage: () => void = runInNewContext("gc")

const heapInUse = Effect.promise(async () => {
  for (let i = 0; i < 3; i++) {
    await new Promise((resolve) => setTimeout(resolve, 20))
    collectGarbage()
  }
  return process.memoryUsage().heapUsed
})

/** Bytes a provider, while they are all open and idle. */
const costOf = <A, E, R>(open: Effect.Effect<A, E, R | Scope.Scope>) =>
  Effect.gen(function* () {
    const before = yield* heapInUse
    const scope = yield* Scope.make()
    const held = yield* Scope.extend(open, scope)
    const after = yield* heapInUse
    yield* Scope.close(scope, Exit.void)
    // Used after the measurement, so that it is not collected before.
    return held === undefined ? 0 : (after - before) / count
  })

const median = (values: ReadonlyArray<number>): number =>
  values.toSorted((a, b) => a - b)[Math.floor(values.length / 2)] ?? Number.NaN

export const main = () =>
  Effect.gen(function* () {
    for (const [what, make] of [
      ["with a cache", cached],
      ["the registry alone", constant]
    ] as const) {
      const ours: Array<number> = []
      const theirs: Array<number> = []
      for (let round = 0; round < rounds; round++) {
        ours.push(yield* costOf(inRegistry(make)))
        theirs.push(yield* costOf(inRcMap(make)))
      }
      const ratio = median(theirs) / median(ours)
      console.log(
        `${count} idle providers, ${what}: ApiKeyProviders ${Math.round(median(ours))} bytes each, RcMap ${Math.round(median(theirs))}: ${ratio.toFixed(2)} times ours (limit ${maxRatio})`
      )
    }
  }).pipe(Effect.provide(HelperExecutor.layer), Effect.runPromise)
