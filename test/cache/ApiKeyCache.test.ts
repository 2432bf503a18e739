import { describe, expect, it } from "@effect/vitest"
import * as Array_ from "effect/Array"
import * as Chunk from "effect/Chunk"
import * as Clock from "effect/Clock"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ApiKey from "effect-apikey/ApiKey"
import type { NonZeroExit } from "effect-apikey/ApiKeyError"
import * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"
import { atOrigin } from "effect-apikey/internal/model/provider"
import fc from "fast-check"
import { cacheUnderTest, loginRequired, millisOf, secretOf, unavailable } from "../support/cacheUnderTest.js"
import { settle } from "../support/scriptedHelper.js"

/** What was logged, one line a message. */
const logged = <A, E, R>(use: (lines: ReadonlyArray<string>) => Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const lines: Array<string> = []
    const logger = Logger.make(({ logLevel, message }) => {
      lines.push(`${logLevel.label} ${Array_.ensure(message).join(" ")}`)
    })
    return Effect.provide(use(lines), Logger.replace(Logger.defaultLogger, logger))
  })

describe("what users of others complained of", () => {
  it.scoped("hundreds of log-in tabs from parallel callers (kubelogin#1330): 500 callers, one run", () =>
    Effect.gen(function* () {
      const { cache, helper, answers } = yield* cacheUnderTest()
      const callers = yield* Effect.fork(Effect.all(Array_.replicate(cache.get, 500), { concurrency: "unbounded" }))
      yield* settle
      yield* answers("k1")
      const keys = yield* Fiber.join(callers)
      expect(new Set(keys.map(secretOf))).toEqual(new Set(["k1"]))
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("an expired token cached for ever (pi#1835): it is not served past its hard expiry", () =>
    Effect.gen(function* () {
      const { holding, asks, answers, helper } = yield* cacheUnderTest()
      yield* holding("old", "100 seconds")
      yield* TestClock.adjust("90 seconds")
      const waiter = yield* asks
      expect(waiter.unsafePoll()).toBeNull()
      yield* answers("new", "100 seconds")
      expect(secretOf(yield* Fiber.join(waiter))).toBe("new")
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "expiry"])
    })
  )

  it.scoped(
    "the first request after a pause fails (claude-code#43436): after a night asleep it waits for a fresh key",
    () =>
      Effect.gen(function* () {
        const { holding, asks, answers } = yield* cacheUnderTest()
        yield* holding("evening")
        yield* TestClock.adjust("9 hours")
        const waiter = yield* asks
        yield* answers("morning")
        expect(secretOf(yield* Fiber.join(waiter))).toBe("morning")
      })
  )

  it.scoped("a run for each request that got a 401 (Codex, Anthropic's SDK): 1,000 refusals of one key, one run", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, helper } = yield* cacheUnderTest()
      const key = yield* holding("k1")
      const again = Effect.zipRight(cache.reject(key), cache.get)
      const callers = yield* Effect.fork(Effect.all(Array_.replicate(again, 1_000), { concurrency: "unbounded" }))
      yield* settle
      yield* answers("k2")
      yield* Fiber.join(callers)
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "rejected"])
    })
  )

  it.scoped("a failed renewal throws away a good key (Effect's Cache.refresh): it goes on being served", () =>
    logged((lines) =>
      Effect.gen(function* () {
        const { cache, holding, value, fails } = yield* cacheUnderTest()
        yield* holding("good", "100 seconds")
        yield* TestClock.adjust("75 seconds")
        expect(yield* value).toBe("good")
        yield* settle
        yield* fails(unavailable)
        expect(yield* value).toBe("good")
        expect((yield* cache.status).state).toBe("failing")
        expect(lines).toEqual([
          "WARN test: a refresh failed; the current key is still used: helper exited with status 75: service unavailable. Try again later."
        ])
      })
    )
  )

  it.scoped("waiters die with the first caller (Effect's Cache): they get their key", () =>
    Effect.gen(function* () {
      const { asks, answers, helper } = yield* cacheUnderTest()
      const first = yield* asks
      const second = yield* asks
      yield* Fiber.interrupt(first)
      yield* answers("k1")
      expect(secretOf(yield* Fiber.join(second))).toBe("k1")
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("process storm on a program that fails (kubectl#1492): 1,000 callers in its back-off, no further run", () =>
    Effect.gen(function* () {
      const { cache, asks, fails, helper } = yield* cacheUnderTest()
      const waiter = yield* asks
      yield* fails(unavailable)
      expect(yield* Effect.flip(Fiber.join(waiter))).toMatchObject({ _tag: "NonZeroExit", exitCode: 75 })
      const errors = yield* Effect.all(Array_.replicate(Effect.flip(cache.get), 1_000))
      expect(errors.every((error) => error._tag === "NonZeroExit")).toBe(true)
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("the helper is run at every switch of conversation (codex#38068): 10,000 gets in its life, one run", () =>
    Effect.gen(function* () {
      const { cache, holding, helper } = yield* cacheUnderTest()
      yield* holding("k1", "1 hour")
      yield* Effect.repeatN(cache.get, 10_000)
      expect(helper.runs.length).toBe(1)
      expect((yield* cache.status).hits).toBe(10_001)
    })
  )
})

describe("hard expiry", () => {
  it.scoped("is what the helper says less 30 s, or less 10 % of the life, whichever is less", () =>
    Effect.gen(function* () {
      const hardOf = (life: Duration.DurationInput) =>
        Effect.gen(function* () {
          const { cache, holding } = yield* cacheUnderTest()
          yield* holding("k", life)
          return millisOf((yield* cache.status).hardExpiry)
        })
      expect(yield* hardOf("1 hour")).toBe(3_600_000 - 30_000)
      expect(yield* hardOf("100 seconds")).toBe(90_000)
    })
  )

  it.scoped("is the time to live where the helper says nothing; by default 5 minutes", () =>
    Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("k")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(300_000)
    })
  )

  it.scoped("is never where the time to live is infinite, and then there is no soft expiry either", () =>
    Effect.gen(function* () {
      const { cache, holding, value, helper } = yield* cacheUnderTest({ timeToLive: Duration.infinity })
      yield* holding("k")
      yield* TestClock.adjust("1000 days")
      expect(yield* value).toBe("k")
      expect(helper.runs.length).toBe(1)
      const status = yield* cache.status
      expect([status.state, status.softExpiry, status.hardExpiry]).toEqual(["fresh", Option.none(), Option.none()])
    })
  )

  it.scoped.each([0, -1, Number.NaN])("a time to live of %s is refused, and nothing is run", (timeToLive) =>
    Effect.gen(function* () {
      const { cache, helper } = yield* cacheUnderTest({ timeToLive })
      const error = yield* Effect.flip(cache.get)
      expect([error._tag, error.message]).toEqual(["ConfigInvalid", "code: `timeToLive` is not a duration above 0"])
      expect(yield* Effect.flip(cache.refresh)).toEqual(error)
      expect(helper.runs).toEqual([])
      expect(yield* cache.status).toMatchObject({ state: "failing", runs: 0, lastFailure: Option.some(error) })
    })
  )

  it.scoped("stays as it was when a refresh brings the same key, whatever life the helper gives it now", () =>
    Effect.gen(function* () {
      const { cache, holding, answers } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("75 seconds")
      yield* cache.get
      yield* settle
      yield* answers("k", "100 seconds")
      const status = yield* cache.status
      expect(millisOf(status.hardExpiry)).toBe(90_000)
      expect(millisOf(status.softExpiry)).toBe(75_000 + 7_500)
    })
  )

  it.scoped("just before its end the same key is not asked for again within a second", () =>
    Effect.gen(function* () {
      const { cache, holding, answers } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("88900 millis")
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k", "100 seconds")
      expect(millisOf((yield* cache.status).softExpiry)).toBe(89_900)
    })
  )

  it.scoped("comes no later for a renewal that brings the same key with a shorter life, or just before it", () =>
    Effect.gen(function* () {
      const renewed = (
        at: Duration.DurationInput,
        life: Duration.DurationInput | undefined,
        then: Duration.DurationInput
      ) =>
        Effect.gen(function* () {
          const { cache, holding, asks, answers } = yield* cacheUnderTest()
          yield* holding("k", life)
          yield* TestClock.adjust(at)
          yield* Effect.fork(cache.refresh)
          yield* settle
          yield* answers("k", then)
          const left = (millisOf((yield* cache.status).hardExpiry) ?? 0) - (yield* Clock.currentTimeMillis)
          yield* TestClock.adjust(Duration.millis(left))
          const waiter = yield* asks
          expect(waiter.unsafePoll()).toBeNull()
          return left
        })
      // It said nothing at first: 5 min.
      expect(yield* renewed(0, undefined, "1 second")).toBe(900)
      expect(yield* renewed("89500 millis", "100 seconds", "100 seconds")).toBe(500)
    })
  )

  it.scoped("a key that comes again past its hard expiry gets no new life before the instant that was said first", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("90 seconds")
      yield* asks
      yield* answers("k", "100 seconds")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(99_000)
      yield* TestClock.adjust("10 seconds")
      yield* asks
      yield* answers("k", "100 seconds")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(190_000)
    })
  )

  it.scoped("an expiry that was said once holds when the helper repeats the key and says nothing of it any more", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, asks, helper } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(90_000)
      yield* TestClock.adjust("90 seconds")
      yield* asks
      yield* answers("k")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(99_000)
      // Nothing stands against it any more, so the helper is believed: 5 min.
      yield* TestClock.adjust("10 seconds")
      yield* asks
      yield* answers("k")
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(400_000)
      expect(helper.runs.length).toBe(4)
    })
  )

  it.scoped("a helper that keeps its key to the end is asked a few times, not at every get", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, helper } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      for (let second = 1; second < 90; second++) {
        yield* TestClock.adjust("1 second")
        yield* cache.get
        yield* settle
        if (helper.active > 0) yield* answers("k", Duration.seconds(100 - second))
      }
      expect(helper.runs.length).toBeLessThan(10)
    })
  )

  it.scoped("a static key that a refresh confirms lives on: its time to live is ours", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, value, helper } = yield* cacheUnderTest({ timeToLive: "100 seconds" })
      yield* holding("k")
      yield* TestClock.adjust("85 seconds")
      yield* cache.get
      yield* settle
      yield* answers("k")
      yield* TestClock.adjust("79 seconds")
      expect(yield* value).toBe("k")
      expect(helper.runs.length).toBe(2)
      // It is the same key, so its age goes on.
      expect((yield* cache.status).age).toEqual(Option.some(Duration.seconds(164)))
    })
  )

  it.scoped("a key that is expired when it comes is ExpiredOnArrival", () =>
    Effect.gen(function* () {
      const { asks, answers } = yield* cacheUnderTest()
      const waiter = yield* asks
      yield* answers("k", 0)
      expect((yield* Effect.flip(Fiber.join(waiter)))._tag).toBe("ExpiredOnArrival")
    })
  )
})

describe("soft expiry", () => {
  it.scoped("the first get in the last 20 % starts one refresh in the background, and everybody goes on", () =>
    Effect.gen(function* () {
      const { cache, holding, value, answers, helper } = yield* cacheUnderTest()
      yield* holding("old", "100 seconds")
      yield* TestClock.adjust("69999 millis")
      expect(yield* value).toBe("old")
      expect(helper.runs.length).toBe(1)
      yield* TestClock.adjust("1 millis")
      expect(yield* Effect.all(Array_.replicate(value, 50), { concurrency: "unbounded" })).toEqual(
        Array_.replicate("old", 50)
      )
      yield* settle
      expect(helper.runs.map(({ background }) => background)).toEqual([false, true])
      yield* answers("new", "100 seconds")
      expect(yield* value).toBe("new")
      expect((yield* cache.status).renewals).toBe(1)
    })
  )

  it.scoped("is at most 5 minutes before the hard expiry", () =>
    Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("k", "10 hours")
      const status = yield* cache.status
      expect((millisOf(status.hardExpiry) ?? 0) - (millisOf(status.softExpiry) ?? 0)).toBe(300_000)
    })
  )

  it.effect.prop(
    "is jittered within its window, never before it, for all lives",
    { random: fc.double({ min: 0, max: 0.999, noNaN: true }), life: fc.integer({ min: 1_000, max: 1_000_000_000 }) },
    (sample) =>
      Effect.scoped(
        Effect.gen(function* () {
          const now = yield* Clock.currentTimeMillis
          const cache = yield* ApiKeyCache.make({
            provider: "test",
            program: "helper",
            format: "text",
            mayPrompt: false,
            fetch: () => Effect.succeed(ApiKey.make({ value: "k", expiresAt: DateTime.unsafeMake(now + sample.life) }))
          }).pipe(Effect.withRandom(Random.fixed([sample.random])))
          yield* cache.get
          const { softExpiry, hardExpiry } = yield* cache.status
          const [soft, hard] = [millisOf(softExpiry) ?? 0, millisOf(hardExpiry) ?? 0]
          const ahead = Math.min(sample.life * 0.2, 300_000)
          expect(hard - now).toBe(Math.trunc(sample.life - Math.min(30_000, sample.life * 0.1)))
          expect(soft).toBeGreaterThanOrEqual(Math.floor(hard - ahead) - 1)
          expect(soft).toBeLessThanOrEqual(Math.ceil(hard - ahead * 0.75) + 1)
        })
      )
  )

  it.scoped("no use, no refresh: nothing runs on a timer", () =>
    Effect.gen(function* () {
      const { holding, helper } = yield* cacheUnderTest()
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("1 day")
      expect(helper.runs.length).toBe(1)
      expect(Chunk.toReadonlyArray(yield* TestClock.sleeps())).toEqual([])
    })
  )

  it.scoped("a helper that may prompt is never refreshed in the background", () =>
    Effect.gen(function* () {
      const { holding, value, helper } = yield* cacheUnderTest({ mayPrompt: true })
      yield* holding("k", "100 seconds")
      yield* TestClock.adjust("89 seconds")
      expect(yield* value).toBe("k")
      yield* settle
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("a window as long as the life does not make every get a refresh", () =>
    Effect.gen(function* () {
      const { cache, holding, helper } = yield* cacheUnderTest({ refreshAhead: "1 hour" })
      yield* holding("k", "100 seconds")
      yield* cache.get
      yield* settle
      expect(helper.runs.length).toBe(1)
      expect(millisOf((yield* cache.status).softExpiry)).toBe(45_000)
    })
  )

  it.scoped("a token of 1 s is used for 0.9 s and renewed from 0.7 s on", () =>
    Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("k", "1 second")
      const status = yield* cache.status
      expect([millisOf(status.softExpiry), millisOf(status.hardExpiry)]).toEqual([700, 900])
    })
  )
})

describe("single flight", () => {
  it.scoped("when the last caller leaves, the run is stopped before the caller is gone", () =>
    Effect.gen(function* () {
      const { asks, helper } = yield* cacheUnderTest()
      const waiters = yield* Effect.all([asks, asks])
      yield* Fiber.interruptAll(waiters)
      expect(helper.active).toBe(0)
    })
  )

  it.scoped("who leaves before the run's first step stops it all the same", () =>
    Effect.gen(function* () {
      const { cache, helper, asks, answers } = yield* cacheUnderTest()
      const waiter = yield* Effect.fork(cache.get)
      yield* Effect.yieldNow()
      yield* Fiber.interrupt(waiter)
      expect(helper.active).toBe(0)
      const next = yield* asks
      yield* answers("k")
      expect(secretOf(yield* Fiber.join(next))).toBe("k")
    })
  )

  it.scoped('`onAbandon: "complete"`: a caller with less patience than the helper finds the key there next time', () =>
    Effect.gen(function* () {
      const { cache, answers, value, helper } = yield* cacheUnderTest({ onAbandon: "complete" })
      const waiter = yield* Effect.fork(Effect.timeout(cache.get, "5 seconds"))
      yield* settle
      yield* TestClock.adjust("5 seconds")
      expect(Exit.isFailure(yield* Fiber.await(waiter))).toBe(true)
      expect(helper.active).toBe(1)
      yield* answers("k")
      expect(yield* value).toBe("k")
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("a person who is being asked is not asked twice: a run that may prompt goes on", () =>
    Effect.gen(function* () {
      const { asks, helper } = yield* cacheUnderTest({ mayPrompt: true })
      yield* Fiber.interrupt(yield* asks)
      expect(helper.active).toBe(1)
      yield* asks
      expect(helper.runs.length).toBe(1)
    })
  )

  it.scoped("a background refresh goes on when callers that came to wait for it leave", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, value, helper } = yield* cacheUnderTest()
      yield* holding("old", "100 seconds")
      yield* TestClock.adjust("80 seconds")
      yield* cache.get
      yield* settle
      yield* TestClock.adjust("10 seconds")
      yield* Fiber.interrupt(yield* asks)
      expect(helper.active).toBe(1)
      yield* answers("new")
      expect(yield* value).toBe("new")
    })
  )
})

describe("failure", () => {
  it.scoped("the back-off is 1 s, doubling to 30 s, and its end stands in the error and in status", () =>
    Effect.gen(function* () {
      const { cache, asks, fails } = yield* cacheUnderTest()
      const rests: Array<number> = []
      for (let times = 0; times < 7; times++) {
        yield* asks
        yield* fails(unavailable)
        const now = yield* Clock.currentTimeMillis
        const error = yield* Effect.flip(cache.get)
        const retryAt = millisOf(Option.fromNullable(error.retryAt))
        const status = yield* cache.status
        expect([status.state, millisOf(status.nextTry)]).toEqual(["failing", retryAt])
        rests.push((retryAt ?? 0) - now)
        yield* TestClock.adjust(Duration.millis((retryAt ?? 0) - now))
      }
      expect(rests).toEqual([1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000])
    })
  )

  it.scoped("who waited, who refreshed and status are told of the back-off as those are who come in it", () =>
    Effect.gen(function* () {
      const { cache, asks, fails } = yield* cacheUnderTest()
      const waiter = yield* asks
      yield* fails(unavailable)
      const retryAtOf = (error: { readonly retryAt?: DateTime.Utc | undefined }) =>
        millisOf(Option.fromNullable(error.retryAt))
      expect(retryAtOf(yield* Effect.flip(Fiber.join(waiter)))).toBe(1_000)
      expect(Option.map((yield* cache.status).lastFailure, retryAtOf)).toEqual(Option.some(1_000))
      const refreshing = yield* Effect.fork(cache.refresh)
      yield* settle
      yield* fails(unavailable)
      expect(retryAtOf(yield* Effect.flip(Fiber.join(refreshing)))).toBe(2_000)
    })
  )

  it.scoped("a success ends it: the next failure begins at 1 s again", () =>
    Effect.gen(function* () {
      const { cache, asks, fails, answers } = yield* cacheUnderTest({ timeToLive: "1 second" })
      yield* asks
      yield* fails(unavailable)
      yield* TestClock.adjust("1 second")
      yield* asks
      yield* answers("k")
      expect((yield* cache.status).lastFailure).toEqual(Option.none())
      yield* TestClock.adjust("1 second")
      yield* asks
      yield* fails(unavailable)
      const now = yield* Clock.currentTimeMillis
      expect(millisOf((yield* cache.status).nextTry)).toBe(now + 1_000)
    })
  )

  it.scoped("`refresh` asks again at once, past the back-off", () =>
    Effect.gen(function* () {
      const { cache, asks, fails, answers, helper } = yield* cacheUnderTest()
      yield* asks
      yield* fails(unavailable)
      const refreshing = yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k")
      expect(secretOf(yield* Fiber.join(refreshing))).toBe("k")
      expect(helper.runs.length).toBe(2)
    })
  )

  it.scoped("a defect in a run rests as well, so that a broken format does not run the helper at every get", () =>
    Effect.gen(function* () {
      let runs = 0
      const cache = yield* ApiKeyCache.make({
        provider: "test",
        program: "helper",
        format: "own",
        mayPrompt: false,
        fetch: () => {
          runs++
          return Effect.die("a bug")
        }
      })
      yield* Effect.exit(cache.get)
      expect(Exit.isFailure(yield* Effect.exit(cache.get))).toBe(true)
      expect(runs).toBe(1)
    })
  )

  it.scoped("a defect in a renewal is warned of and told by status, without what it says, and the key goes on", () =>
    logged((lines) =>
      Effect.gen(function* () {
        let runs = 0
        const cache = yield* ApiKeyCache.make({
          provider: "test",
          program: "helper",
          format: "own",
          mayPrompt: false,
          fetch: () => (runs++ === 0 ? Effect.succeed(ApiKey.make({ value: "k" })) : Effect.die(new Error("sk-secret")))
        })
        yield* cache.get
        yield* TestClock.adjust("299 seconds")
        expect(secretOf(yield* cache.get)).toBe("k")
        yield* settle
        const status = yield* cache.status
        expect(status.state).toBe("failing")
        expect(Option.map(status.lastFailure, ({ _tag, message }) => [_tag, message])).toEqual(
          Option.some(["ConfigInvalid", "code: a run died with a defect"])
        )
        expect(lines).toEqual([
          "WARN test: a refresh failed; the current key is still used: code: a run died with a defect. Correct your own format or fetch that threw it; `refresh` fails with the defect"
        ])
      })
    )
  )

  /** As plain JavaScript may make it: headers hold secrets, and this one is a string. */
  const noKey = ApiKey.make({ value: "k2" })
  Reflect.set(noKey, "headers", { "x-key": "plain" })
  it.scoped("a run whose key is none fails all who wait, and rests: nobody waits for ever", () =>
    Effect.gen(function* () {
      const { cache, helper, asks, fails, answers } = yield* cacheUnderTest()
      const waiters = [yield* asks, yield* asks]
      const run = helper.runs.at(-1)
      if (run !== undefined) yield* Deferred.succeed(run.answer, noKey)
      for (const waiter of waiters) expect(Exit.isFailure(yield* Fiber.await(waiter))).toBe(true)
      expect((yield* cache.status).state).toBe("failing")
      expect(Exit.isFailure(yield* Effect.exit(cache.get))).toBe(true)
      expect(helper.runs.length).toBe(1)
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* fails(unavailable)
      yield* TestClock.adjust("2 seconds")
      const next = yield* asks
      yield* answers("k3")
      expect(secretOf(yield* Fiber.join(next))).toBe("k3")
    })
  )

  it.scoped("a renewal whose key is none leaves the current key", () =>
    Effect.gen(function* () {
      const { cache, helper, holding, value } = yield* cacheUnderTest()
      yield* holding("k1")
      yield* TestClock.adjust("299 seconds")
      yield* cache.get
      yield* settle
      const run = helper.runs.at(-1)
      if (run !== undefined) yield* Deferred.succeed(run.answer, noKey)
      yield* settle
      expect(yield* cache.status).toMatchObject({ state: "failing", runs: 2 })
      expect(yield* value).toBe("k1")
    })
  )

  it.scoped("a run that ends interrupted from inside interrupts nobody who waits, and rests like a defect", () =>
    Effect.gen(function* () {
      let runs = 0
      const cache = yield* ApiKeyCache.make({
        provider: "test",
        program: "helper",
        format: "own",
        mayPrompt: false,
        fetch: () => {
          runs++
          return Effect.interrupt
        }
      })
      for (let gets = 0; gets < 2; gets++) {
        const exit = yield* Effect.exit(cache.get)
        expect(Exit.isInterrupted(exit)).toBe(false)
        expect(Exit.isFailure(exit)).toBe(true)
      }
      expect(runs).toBe(1)
    })
  )

  it.scoped(
    "a log-in is needed: one warning with the remedy, no run for the back-off, at most 5 s, closed by a success",
    () =>
      logged((lines) =>
        Effect.gen(function* () {
          const { cache, asks, fails, answers, value, helper } = yield* cacheUnderTest()
          const rests: Array<number> = []
          for (let times = 0; times < 5; times++) {
            yield* asks
            yield* fails(loginRequired)
            expect((yield* Effect.flip(cache.get)).hint).toBe("Sign in: helper login")
            const now = yield* Clock.currentTimeMillis
            rests.push((millisOf((yield* cache.status).nextTry) ?? 0) - now)
            yield* TestClock.adjust(Duration.millis(rests.at(-1) ?? 0))
          }
          expect(rests).toEqual([1_000, 2_000, 4_000, 5_000, 5_000])
          expect(helper.runs.length).toBe(5)
          // What else fails in between does not make it a new one.
          for (const error of [unavailable, loginRequired]) {
            yield* asks
            yield* fails(error)
            yield* TestClock.adjust("30 seconds")
          }
          expect(lines).toEqual([
            "WARN test: a login is required: helper exited with status 1: login required. Sign in: helper login"
          ])
          yield* asks
          yield* answers("k", "1 second")
          expect(yield* value).toBe("k")
          yield* TestClock.adjust("1 minute")
          yield* asks
          yield* fails(loginRequired)
          expect(lines.length).toBe(2)
        })
      )
  )
})

describe("jitter", () => {
  const restsWith = (error: NonZeroExit, random: number) =>
    Effect.gen(function* () {
      const cache = yield* ApiKeyCache.make({
        provider: "test",
        program: "helper",
        format: "text",
        mayPrompt: false,
        fetch: () => Effect.fail(error)
      }).pipe(Effect.withRandom(Random.fixed([random])))
      const rests: Array<number> = []
      for (let times = 0; times < 7; times++) {
        yield* Effect.flip(cache.refresh)
        rests.push(millisOf((yield* cache.status).nextTry) ?? 0)
      }
      return rests
    })

  it.scoped("a back-off is up to a quarter shorter by chance, also the longest and that of a log-in", () =>
    Effect.gen(function* () {
      const unjittered = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000, 30_000]
      expect(yield* restsWith(unavailable, 0.8)).toEqual(unjittered.map((rest) => rest * 0.8))
      expect(yield* restsWith(loginRequired, 0.8)).toEqual(unjittered.map((rest) => Math.min(rest, 5_000) * 0.8))
    })
  )
})

describe("reject", () => {
  it.scoped("a late 401 for an older key changes nothing", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, value, helper } = yield* cacheUnderTest()
      const old = yield* holding("old")
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("new")
      yield* cache.reject(old)
      expect(yield* value).toBe("new")
      expect(helper.runs.length).toBe(2)
      expect(yield* cache.status).toMatchObject({ rejections: 0, renewals: 1 })
    })
  )

  it.scoped(
    "a key that the helper repeats is served: noted, one warning, and no further run for 30 s, doubling to 5 min",
    () =>
      logged((lines) =>
        Effect.gen(function* () {
          const { cache, holding, answers, value, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
          const key = yield* holding("k")
          const rests: Array<number> = []
          for (let times = 0; times < 6; times++) {
            yield* cache.reject(key)
            const waiter = yield* Effect.fork(cache.get)
            yield* settle
            yield* answers("k")
            expect(secretOf(yield* Fiber.join(waiter))).toBe("k")
            expect((yield* cache.status).state).toBe("rejected")
            const before = helper.runs.length
            for (let refusals = 0; refusals < 10; refusals++) {
              yield* cache.reject(key)
              expect(yield* value).toBe("k")
            }
            expect(helper.runs.length).toBe(before)
            const status = yield* cache.status
            expect(status.state).toBe("rejected")
            const now = yield* Clock.currentTimeMillis
            rests.push((millisOf(status.nextTry) ?? 0) - now)
            yield* TestClock.adjust(Duration.millis(rests.at(-1) ?? 0))
          }
          expect(rests).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
          expect(lines).toEqual([
            "WARN test: the server rejected the key and helper printed it again; it is still served"
          ])
        })
      )
  )

  it.scoped("the doubling begins anew at 30 s once a refusal has ended with a key that the server takes", () =>
    Effect.gen(function* () {
      const { cache, holding, answers, helper } = yield* cacheUnderTest({ timeToLive: Duration.infinity })
      /** The current key is refused and the helper says this one; then nothing but refusals: how long until the next run. */
      const restAfter = (value: string) =>
        Effect.gen(function* () {
          const refused = yield* Effect.fork(Effect.zipRight(Effect.flatMap(cache.get, cache.reject), cache.get))
          yield* settle
          yield* answers(value)
          yield* Fiber.join(refused)
          return (yield* restOf) / 1_000
        })
      /** By refusing, since status tells the rest only of a key that is suspect. */
      const restOf = Effect.gen(function* () {
        const since = yield* Clock.currentTimeMillis
        const before = helper.runs.length
        let current = yield* cache.get
        while (helper.runs.length === before) {
          yield* TestClock.adjust("10 seconds")
          yield* cache.reject(current)
          yield* Effect.fork(cache.get)
          yield* settle
          if (helper.active > 0) yield* answers(`taken ${helper.runs.length}`)
          current = yield* cache.get
        }
        return (yield* Clock.currentTimeMillis) - since
      })
      yield* holding("k")
      const rests: Array<number> = []
      for (const value of ["a", "b", "c"]) {
        rests.push(yield* restAfter(value))
        // The server takes what came last.
        yield* TestClock.adjust("20 minutes")
      }
      expect(rests).toEqual([30, 30, 30])
    })
  )

  it.scoped(
    '`onRepeatedKey: "fail"`: KeyRejected rests 30 s, doubling to 5 min as long as the helper repeats the key',
    () =>
      Effect.gen(function* () {
        const { cache, holding, asks, answers } = yield* cacheUnderTest({ onRepeatedKey: "fail" })
        yield* cache.reject(yield* holding("k"))
        const rests: Array<number> = []
        for (let times = 0; times < 6; times++) {
          const waiter = yield* asks
          yield* answers("k")
          expect((yield* Effect.flip(Fiber.join(waiter)))._tag).toBe("KeyRejected")
          const now = yield* Clock.currentTimeMillis
          rests.push((millisOf((yield* cache.status).nextTry) ?? 0) - now)
          yield* TestClock.adjust(Duration.millis(rests.at(-1) ?? 0))
        }
        expect(rests).toEqual([30_000, 60_000, 120_000, 240_000, 300_000, 300_000])
      })
  )

  it.scoped("the doubling begins anew at 30 s for another key, which a refresh brought", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers } = yield* cacheUnderTest({ timeToLive: "1 day" })
      /** How long the refusal rests of a key that the helper repeats. */
      const restOf = (value: string) =>
        Effect.gen(function* () {
          yield* cache.reject(yield* cache.get)
          yield* asks
          yield* answers(value)
          return (millisOf((yield* cache.status).nextTry) ?? 0) - (yield* Clock.currentTimeMillis)
        })
      yield* holding("k1")
      expect(yield* restOf("k1")).toBe(30_000)
      yield* TestClock.adjust("30 seconds")
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k2")
      expect(yield* restOf("k2")).toBe(30_000)
    })
  )

  it.scoped("a suspect key that a refresh confirms is suspect still", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers } = yield* cacheUnderTest({ timeToLive: "100 seconds" })
      const key = yield* holding("k")
      yield* cache.reject(key)
      yield* asks
      yield* answers("k")
      expect((yield* cache.status).state).toBe("rejected")
      yield* Effect.fork(cache.refresh)
      yield* settle
      yield* answers("k")
      expect((yield* cache.status).state).toBe("rejected")
    })
  )

  it.scoped('`onRepeatedKey: "fail"` gives KeyRejected instead, for the back-off', () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ onRepeatedKey: "fail" })
      const key = yield* holding("k")
      yield* cache.reject(key)
      const waiter = yield* asks
      yield* answers("k")
      const error = yield* Effect.flip(Fiber.join(waiter))
      expect([error._tag, error.message]).toEqual([
        "KeyRejected",
        "helper printed the key again that the server rejected at 1970-01-01T00:00:00.000Z"
      ])
      expect((yield* Effect.flip(cache.get))._tag).toBe("KeyRejected")
      expect(helper.runs.length).toBe(2)
      yield* TestClock.adjust("30 seconds")
      yield* asks
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "rejected", "rejected"])
    })
  )

  it.scoped(
    "a new key refused within the back-off is served as suspect: one run a back-off from a server that says no to all",
    () =>
      Effect.gen(function* () {
        const { cache, holding, asks, answers, value, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
        yield* cache.reject(yield* holding("k1"))
        yield* asks
        yield* answers("k2")
        yield* cache.reject(yield* cache.get)
        expect(yield* value).toBe("k2")
        expect((yield* cache.status).state).toBe("rejected")
        expect(helper.runs.length).toBe(2)
        yield* TestClock.adjust("30 seconds")
        yield* cache.reject(yield* cache.get)
        yield* asks
        expect(helper.runs.length).toBe(3)
      })
  )

  it.scoped("a run that was under way when the key was refused and brings it again is made once more, as refused", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest()
      const key = yield* holding("k", "100 seconds")
      yield* TestClock.adjust("80 seconds")
      yield* cache.get
      yield* settle
      yield* cache.reject(key)
      const waiter = yield* asks
      yield* answers("k", "100 seconds")
      expect(waiter.unsafePoll()).toBeNull()
      yield* answers("k2", "100 seconds")
      expect(secretOf(yield* Fiber.join(waiter))).toBe("k2")
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "expiry", "rejected"])
      expect(helper.maxActive).toBe(1)
    })
  )

  it.scoped("a 401 for a key past its hard expiry is plain expiry, and costs the next key no suspicion", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, helper } = yield* cacheUnderTest()
      const key = yield* holding("k", "1 second")
      yield* TestClock.adjust("900 millis")
      yield* cache.reject(key)
      yield* asks
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "expiry"])
    })
  )
})

describe("a key that some origins accept", () => {
  const a = { origin: "https://a.test" }
  const b = { origin: "https://b.test" }

  it.scoped("two revocations within 30 s: a key that was accepted may be rejected again at once", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
      yield* cache.reject(yield* holding("k1"), a)
      for (const value of ["k2", "k3", "k4"]) {
        const waiter = yield* asks
        yield* answers(value)
        const key = yield* Fiber.join(waiter)
        expect(secretOf(key)).toBe(value)
        cache.accepted(key, a)
        yield* cache.reject(key, a)
      }
      expect((yield* cache.status).state).toBe("rejected")
      yield* asks
      expect(helper.runs.map(({ reason }) => reason)).toEqual(["first", "rejected", "rejected", "rejected", "rejected"])
    })
  )

  it.scoped("a key that one path accepts and another rejects: at most 10 more runs in a back-off", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
      yield* holding("k")
      for (let times = 0; times < 30; times++) {
        const key = yield* cache.get
        cache.accepted(key, a)
        yield* cache.reject(key, a)
        if ((yield* cache.status).state !== "rejected" || helper.runs.length > 30) break
        const waiter = yield* asks
        if (helper.active > 0) yield* answers(`k${times}`)
        yield* Fiber.join(waiter)
      }
      expect(helper.runs.length).toBe(1 + 1 + 10)
    })
  )

  it.scoped(
    "a key that was rejected first is not accepted by the same origin later, since another path may take it",
    () =>
      Effect.gen(function* () {
        const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
        yield* cache.reject(yield* holding("k1"), a)
        yield* asks
        yield* answers("k2")
        const key = yield* cache.get
        yield* cache.reject(key, a)
        cache.accepted(key, a)
        yield* cache.reject(key, a)
        expect(secretOf(yield* cache.get)).toBe("k2")
        expect(helper.runs.length).toBe(2)
      })
  )

  it.scoped("stays theirs if the new run fails; who refused it, and who names no origin, gets the helper's error", () =>
    Effect.gen(function* () {
      const { cache, holding, fails, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
      const key = yield* holding("k")
      cache.accepted(key, b)
      yield* cache.reject(key, a)
      const waiting = yield* Effect.fork(Effect.flip(atOrigin(cache.get, a.origin)))
      yield* settle
      // Also while the run is on.
      expect(secretOf(yield* atOrigin(cache.get, b.origin))).toBe("k")
      yield* fails(loginRequired)
      expect((yield* Fiber.join(waiting))._tag).toBe("NonZeroExit")
      expect((yield* Effect.flip(atOrigin(cache.get, a.origin)))._tag).toBe("NonZeroExit")
      expect((yield* Effect.flip(atOrigin(cache.get, "https://c.test")))._tag).toBe("NonZeroExit")
      expect((yield* Effect.flip(cache.get))._tag).toBe("NonZeroExit")
      expect(secretOf(yield* atOrigin(cache.get, b.origin))).toBe("k")
      expect(helper.runs.length).toBe(2)
    })
  )

  it.scoped("is no longer theirs once they refuse it, too, or it expires, or a run brings another", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, fails, answers } = yield* cacheUnderTest({ timeToLive: "1 hour" })
      const key = yield* holding("k")
      const third = { origin: "https://c.test" }
      for (const at of [b, third]) cache.accepted(key, at)
      yield* cache.reject(key, a)
      yield* asks
      yield* fails(unavailable)
      yield* cache.reject(key, b)
      expect((yield* Effect.flip(atOrigin(cache.get, b.origin)))._tag).toBe("NonZeroExit")
      expect(secretOf(yield* atOrigin(cache.get, third.origin))).toBe("k")
      yield* TestClock.adjust("1 hour")
      yield* Effect.fork(atOrigin(cache.get, third.origin))
      yield* settle
      yield* answers("k2")
      expect(secretOf(yield* atOrigin(cache.get, third.origin))).toBe("k2")
    })
  )

  it.scoped("a rejection that names no origin counts for all of them", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, fails } = yield* cacheUnderTest({ timeToLive: "1 day" })
      const key = yield* holding("k")
      cache.accepted(key, b)
      yield* cache.reject(key)
      cache.accepted(key, b)
      yield* asks
      yield* fails(unavailable)
      expect((yield* Effect.flip(atOrigin(cache.get, b.origin)))._tag).toBe("NonZeroExit")
    })
  )

  it.scoped("a user is asked at most once a back-off because of rejections: fail or not, accepted or not", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, fails, helper } = yield* cacheUnderTest({
        timeToLive: "1 day",
        mayPrompt: true
      })
      const key = yield* holding("k1")
      cache.accepted(key, a)
      yield* cache.reject(key, a)
      const waiter = yield* asks
      yield* fails(loginRequired)
      yield* Fiber.await(waiter)
      for (let seconds = 0; seconds < 29; seconds++) {
        yield* TestClock.adjust("1 second")
        yield* cache.reject(key, a)
        expect((yield* Effect.flip(cache.get))._tag).toBe("NonZeroExit")
      }
      expect(helper.runs.length).toBe(2)
      yield* TestClock.adjust("1 second")
      const second = yield* asks
      yield* answers("k2")
      const another = yield* Fiber.join(second)
      cache.accepted(another, a)
      yield* cache.reject(another, a)
      expect(secretOf(yield* cache.get)).toBe("k2")
      expect(helper.runs.length).toBe(3)
    })
  )

  it.scoped("a helper that repeats the key does not make another origin's word forgotten", () =>
    Effect.gen(function* () {
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
      const key = yield* holding("k")
      cache.accepted(key, b)
      yield* cache.reject(key, a)
      yield* asks
      yield* answers("k")
      yield* cache.reject(key, a)
      expect(helper.runs.length).toBe(2)
      yield* cache.reject(key, b)
      yield* asks
      expect(helper.runs.length).toBe(3)
    })
  )

  it.scoped("a hit of the accepted key costs what it cost: no state changes, and `changes` stays silent", () =>
    Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest({ timeToLive: "1 day" })
      const key = yield* holding("k")
      const before = yield* cache.status
      cache.accepted(key, a)
      expect(yield* cache.status).toEqual(before)
    })
  )
})

describe("clock and scope", () => {
  it.scoped("after a step backward a key counts as soft-expired, and a time to live does not grow by the step", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const { cache, holding, value, helper } = yield* cacheUnderTest({ timeToLive: "100 seconds" })
      yield* holding("k")
      yield* TestClock.setTime(0)
      expect(yield* value).toBe("k")
      yield* settle
      expect(helper.runs.length).toBe(2)
      expect(millisOf((yield* cache.status).hardExpiry)).toBe(100_000)
    })
  )

  it.scoped("after a step backward a back-off lasts no longer than it was made for", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const { cache, asks, fails, helper } = yield* cacheUnderTest()
      yield* asks
      yield* fails(unavailable)
      yield* TestClock.setTime(0)
      yield* Effect.flip(cache.get)
      yield* TestClock.adjust("1 second")
      yield* asks
      expect(helper.runs.length).toBe(2)
    })
  )

  it.scoped("after a step backward `retryAt` says when the back-off ends by the clock as it is now", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const { cache, asks, fails } = yield* cacheUnderTest()
      yield* asks
      yield* fails(unavailable)
      yield* TestClock.setTime(0)
      const error = yield* Effect.flip(cache.get)
      expect(error.retryAt?.epochMillis).toBe(1_000)
      expect(millisOf((yield* cache.status).nextTry)).toBe(1_000)
    })
  )

  it.scoped("after a step backward an expiry that the helper said stays where it was", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("k", "1 hour")
      const before = (yield* cache.status).hardExpiry
      yield* TestClock.setTime(3_000_000)
      expect((yield* cache.status).hardExpiry).toEqual(before)
    })
  )

  it.scoped("after a step backward a refusal rests no longer than it would have: the next one then causes a run", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(3_600_000)
      const { cache, holding, asks, answers, helper } = yield* cacheUnderTest({ timeToLive: "1 day" })
      const key = yield* holding("k")
      yield* cache.reject(key)
      yield* asks
      yield* answers("k")
      yield* TestClock.setTime(0)
      yield* cache.reject(key)
      expect(millisOf((yield* cache.status).nextTry)).toBe(30_000)
      yield* TestClock.adjust("30 seconds")
      yield* cache.reject(key)
      yield* asks
      expect(helper.runs.at(-1)?.reason).toBe("rejected")
    })
  )

  it.effect("closing the scope stops the run, ends who waits with ProviderClosed, and forgets the key", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { cache, holding, helper } = yield* Scope.extend(cacheUnderTest(), scope)
      yield* holding("k")
      const waiter = yield* Effect.fork(cache.refresh)
      yield* settle
      expect(helper.active).toBe(1)
      yield* Scope.close(scope, Exit.void)
      expect(helper.active).toBe(0)
      expect(yield* Effect.flip(Fiber.join(waiter))).toMatchObject({ _tag: "ProviderClosed", provider: "test" })
      expect((yield* Effect.flip(cache.get))._tag).toBe("ProviderClosed")
      expect((yield* Effect.flip(cache.refresh))._tag).toBe("ProviderClosed")
      expect((yield* cache.status).state).toBe("empty")
      expect(helper.runs.length).toBe(2)
    })
  )

  it.scoped("the run of `prefetch` goes on when a caller that came to wait for it leaves", () =>
    Effect.gen(function* () {
      const { asks, answers, helper, value } = yield* cacheUnderTest({ prefetch: true })
      yield* settle
      yield* Fiber.interrupt(yield* asks)
      expect(helper.active).toBe(1)
      yield* answers("k")
      expect(yield* value).toBe("k")
    })
  )

  it.scoped("`prefetch` fetches when the layer is built, and the first caller joins that run", () =>
    Effect.gen(function* () {
      const { asks, answers, helper } = yield* cacheUnderTest({ prefetch: true })
      yield* settle
      expect(helper.runs).toMatchObject([{ reason: "first", background: false }])
      const waiter = yield* asks
      yield* answers("k")
      yield* Fiber.join(waiter)
      expect(helper.runs.length).toBe(1)
    })
  )
})

describe("status and changes", () => {
  it.scoped("a slow reader of `changes` finds the last 16", () =>
    Effect.gen(function* () {
      const { cache, answers } = yield* cacheUnderTest()
      const gate = yield* Deferred.make<void>()
      const seen: Array<number> = []
      yield* Effect.fork(
        Stream.runForEach(cache.changes, ({ runs }) =>
          Effect.zipRight(
            Effect.sync(() => seen.push(runs)),
            Deferred.await(gate)
          )
        )
      )
      yield* settle
      for (let times = 1; times <= 20; times++) {
        yield* Effect.fork(cache.refresh)
        yield* settle
        yield* answers(`k${times}`)
      }
      yield* Deferred.succeed(gate, undefined)
      yield* settle
      // Two a run: its start and its end. The first one was taken before the reader was slow.
      const told = Array.from({ length: 20 }, (_, index) => [index + 1, index + 1]).flat()
      expect(seen[0]).toBe(0)
      expect(seen.slice(-16)).toEqual(told.slice(-16))
      expect(seen.length).toBeLessThanOrEqual(1 + 16 + 1)
    })
  )

  it.effect("`changes` of a closed cache is its last status, and ends", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { cache } = yield* Scope.extend(cacheUnderTest(), scope)
      yield* Scope.close(scope, Exit.void)
      const states = yield* Stream.runCollect(Stream.map(cache.changes, ({ state }) => state))
      expect(Chunk.toReadonlyArray(states)).toEqual(["empty"])
    })
  )

  it.effect("`changes` is the status now and at every change, and ends with the scope", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { cache, holding } = yield* Scope.extend(cacheUnderTest(), scope)
      const states = yield* Effect.fork(
        Stream.runCollect(Stream.changes(Stream.map(cache.changes, ({ state }) => state)))
      )
      yield* settle
      const key = yield* holding("k")
      yield* cache.reject(key)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      expect(Chunk.toReadonlyArray(yield* Fiber.join(states))).toEqual(["empty", "refreshing", "fresh", "rejected"])
    })
  )

  it.scoped(
    "`changes` tells that a key has expired, and that the clock was set back, when somebody's `get` finds it so",
    () =>
      Effect.gen(function* () {
        yield* TestClock.setTime(1_000_000)
        const { cache, holding, fails } = yield* cacheUnderTest({ mayPrompt: true })
        const told: Array<readonly [string, boolean]> = []
        yield* Effect.fork(
          Stream.runForEach(cache.changes, ({ state, hardExpiry }) =>
            Effect.sync(() => told.push([state, Option.isSome(hardExpiry)]))
          )
        )
        yield* settle
        yield* holding("k", "100 seconds")
        yield* TestClock.setTime(999_000)
        yield* cache.get
        yield* Effect.fork(cache.refresh)
        yield* TestClock.setTime(1_089_500)
        yield* settle
        yield* fails(unavailable)
        yield* TestClock.setTime(1_090_000)
        yield* Effect.flip(cache.get)
        yield* settle
        expect(told).toEqual([
          ["empty", false],
          ["refreshing", false],
          ["fresh", true],
          ["stale", true],
          ["refreshing", true],
          ["failing", true],
          ["failing", false]
        ])
      })
  )

  it.scoped(
    "no next try is told of a key that the server takes: the back-off of the refusal before it holds up no run",
    () =>
      Effect.gen(function* () {
        const { cache, holding, asks, answers } = yield* cacheUnderTest()
        yield* cache.reject(yield* holding("k1", "1 hour"))
        yield* asks
        yield* answers("k2", "1 hour")
        expect(yield* cache.status).toMatchObject({ state: "fresh", nextTry: Option.none() })
        yield* cache.reject(yield* cache.get)
        expect(yield* cache.status).toMatchObject({ state: "rejected" })
        expect(millisOf((yield* cache.status).nextTry)).toBe(30_000)
      })
  )

  it.scoped("status says age, expiries and counts, and never the secret", () =>
    Effect.gen(function* () {
      const { cache, holding } = yield* cacheUnderTest()
      yield* holding("sk-very-secret", "100 seconds")
      yield* TestClock.adjust("10 seconds")
      yield* cache.get
      const status = yield* cache.status
      expect(status).toMatchObject({ provider: "test", state: "fresh", runs: 1, hits: 1, renewals: 0, rejections: 0 })
      expect(status.age).toEqual(Option.some(Duration.seconds(10)))
      expect(JSON.stringify(status)).not.toContain("secret")
      yield* TestClock.adjust("70 seconds")
      expect((yield* cache.status).state).toBe("stale")
    })
  )
})
