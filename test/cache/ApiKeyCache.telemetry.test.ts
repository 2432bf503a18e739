import { describe, expect, it } from "@effect/vitest"
import * as Array_ from "effect/Array"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Metric from "effect/Metric"
import * as MetricState from "effect/MetricState"
import * as Option from "effect/Option"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import { cacheUnderTest, unavailable } from "../support/cacheUnderTest.js"
import { everything, observe } from "../support/observe.js"
import { settle } from "../support/scriptedHelper.js"

/** Metrics live as long as the process, so each test counts under a program name of its own. */
const metricsOf = (program: string) =>
  Effect.map(Metric.snapshot, (pairs) =>
    Object.fromEntries(
      pairs.flatMap(({ metricKey, metricState }): ReadonlyArray<readonly [string, unknown]> => {
        const tags = Object.fromEntries(metricKey.tags.map(({ key, value }) => [key, value]))
        if (tags["program"] !== program) return []
        const name = metricKey.name.replace(/^effect_apikey_/, "")
        const shownName = tags["outcome"] === undefined ? name : `${name} ${tags["outcome"]}`
        if (MetricState.isCounterState(metricState)) return [[shownName, metricState.count]]
        return MetricState.isHistogramState(metricState) ? [[shownName, [metricState.count, metricState.sum]]] : []
      })
    )
  )

describe("spans", () => {
  it.effect(
    "a run is a root span with program, format, reason and outcome, linked to the spans of all who wait",
    () => {
      const observed = observe()
      return Effect.gen(function* () {
        const { cache, helper, answers } = yield* cacheUnderTest()
        const caller = (name: string) => Effect.fork(Effect.withSpan(cache.get, name))
        const before = yield* caller("before")
        yield* settle
        const during = yield* caller("during")
        yield* settle
        yield* answers("sk-secret")
        yield* Fiber.joinAll([before, during])
        const runs = observed.spans.filter(({ name }) => name === "effect-apikey.run")
        expect(runs.length).toBe(helper.runs.length)
        const [run] = runs
        expect(Object.fromEntries(run?.attributes ?? [])).toEqual({
          program: "helper",
          format: "text",
          reason: "first",
          outcome: "success"
        })
        expect(run?.parent).toEqual(Option.none())
        expect(run?.recorded.links.map(({ span }) => (span._tag === "Span" ? span.name : ""))).toEqual([
          "before",
          "during"
        ])
        expect(yield* everything(observed)).not.toContain("sk-secret")
      }).pipe(Effect.scoped, Effect.withSpan("who builds the layer"), Effect.provide(observed.layer))
    }
  )

  it.effect("a background refresh has the cache as its waiter: no link; its failure is its outcome", () => {
    const observed = observe()
    return Effect.gen(function* () {
      const { cache, holding, fails } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("80 seconds")
      yield* Effect.withSpan(cache.get, "caller")
      yield* settle
      yield* fails(unavailable)
      const run = observed.spans.filter(({ name }) => name === "effect-apikey.run").at(-1)
      expect(run?.recorded.links).toEqual([])
      expect(run?.attributes.get("outcome")).toBe("NonZeroExit")
      expect(run?.attributes.get("reason")).toBe("expiry")
    }).pipe(Effect.scoped, Effect.provide(observed.layer))
  })

  it.effect("a hit makes no span", () => {
    const observed = observe()
    return Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("k")
      const before = observed.spans.length
      yield* Effect.repeatN(cache.get, 99)
      expect(observed.spans.length).toBe(before)
    }).pipe(Effect.scoped, Effect.provide(observed.layer))
  })

  it.effect("a run that nobody waits for any more ends as interrupted", () => {
    const observed = observe()
    return Effect.gen(function* () {
      const { asks } = yield* cacheUnderTest()
      yield* Fiber.interrupt(yield* asks)
      expect(observed.spans.map(({ attributes }) => attributes.get("outcome"))).toEqual(["interrupted"])
    }).pipe(Effect.scoped, Effect.provide(observed.layer))
  })
})

describe("metrics", () => {
  it.effect("who waits for a run that is overtaken and made again has waited once", () =>
    Effect.gen(function* () {
      const program = "metrics-overtaken"
      const { cache, holding, answers } = yield* cacheUnderTest({ program })
      const key = yield* holding("k", "100 seconds")
      yield* TestClock.adjust("80 seconds")
      yield* cache.get
      yield* settle
      yield* cache.reject(key)
      const three = yield* Effect.fork(Effect.all(Array_.replicate(cache.get, 3), { concurrency: "unbounded" }))
      yield* settle
      yield* answers("k", "100 seconds")
      yield* answers("k2", "100 seconds")
      yield* Fiber.join(three)
      expect(yield* metricsOf(program)).toMatchObject({ "runs_total success": 3, shared_waits_total: 3 })
    }).pipe(Effect.scoped)
  )

  it.effect("count runs by outcome, renewals, repeats, rejections, shared waits, and hits with the next run", () =>
    Effect.gen(function* () {
      const program = "metrics-1"
      const scope = yield* Scope.make()
      const { cache, answers, fails } = yield* Scope.extend(
        cacheUnderTest({ program, timeToLive: "100 seconds" }),
        scope
      )
      const three = yield* Effect.fork(Effect.all(Array_.replicate(cache.get, 3), { concurrency: "unbounded" }))
      yield* settle
      yield* TestClock.adjust("2 seconds")
      yield* answers("k1")
      const [key] = yield* Fiber.join(three)
      yield* TestClock.adjust("10 seconds")
      yield* Effect.repeatN(cache.get, 4)
      const first = { "runs_total success": 1, run_duration_seconds: [1, 2], hits_total: 0, shared_waits_total: 2 }
      expect(yield* metricsOf(program)).toEqual(first)

      if (key === undefined) return yield* Effect.dieMessage("three callers got no key")
      yield* cache.reject(key)
      const again = yield* Effect.fork(cache.get)
      yield* settle
      yield* answers("k1")
      yield* Fiber.join(again)
      expect(yield* metricsOf(program)).toEqual({
        "runs_total success": 2,
        run_duration_seconds: [2, 2],
        hits_total: 5,
        age_at_use_seconds: [1, 10],
        shared_waits_total: 2,
        rejections_total: 1,
        repeats_total: 1
      })

      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* fails(unavailable)
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k2")
      yield* cache.get
      yield* Scope.close(scope, Exit.void)
      expect(yield* metricsOf(program)).toMatchObject({
        "runs_total success": 3,
        "runs_total NonZeroExit": 1,
        renewals_total: 1,
        hits_total: 6
      })
    })
  )
})
