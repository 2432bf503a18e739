import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as ApiKey from "../src/ApiKey.js"
import * as ApiKeyCache from "../src/ApiKeyCache.js"
import { type ApiKeyError, EmptyOutput } from "../src/ApiKeyError.js"

interface Scripted {
  readonly cache: ApiKeyCache.ApiKeyCache
  readonly runs: () => number
  /** What the next runs do; by default each brings `key-N`. */
  readonly answer: (fetch: () => Effect.Effect<ApiKey.ApiKey, ApiKeyError>) => void
}

const keyLiving = (name: string, millis: number): Effect.Effect<ApiKey.ApiKey> =>
  Effect.map(DateTime.now, (now) => ApiKey.make({ value: name, expiresAt: DateTime.addDuration(now, millis) }))

const scripted = (options?: ApiKeyCache.LifeOptions): Effect.Effect<Scripted, never, Scope.Scope> =>
  Effect.gen(function* () {
    let runs = 0
    let fetch = (): Effect.Effect<ApiKey.ApiKey, ApiKeyError> => Effect.succeed(ApiKey.make({ value: `key-${runs}` }))
    const cache = yield* ApiKeyCache.make({
      ...options,
      provider: "test",
      program: "helper",
      format: "text",
      mayPrompt: false,
      fetch: () =>
        Effect.suspend(() => {
          runs++
          return fetch()
        })
    })
    return {
      cache,
      runs: () => runs,
      answer: (next) => {
        fetch = next
      }
    }
  })

const valueOf = (key: ApiKey.ApiKey): string => Redacted.value(key.value)
/** Lets what runs in the background go on until it waits. */
const settle = TestClock.adjust(0)

describe("ApiKeyCache", () => {
  it.scoped("serves a token that lives 10 s for 9 s, and asks anew after that", () =>
    Effect.gen(function* () {
      const { cache, answer, runs } = yield* scripted({ refreshAhead: 0 })
      answer(() => keyLiving(`token-${runs()}`, 10_000))
      assert.strictEqual(valueOf(yield* cache.get), "token-1")
      yield* TestClock.adjust("8999 millis")
      assert.strictEqual(valueOf(yield* cache.get), "token-1")
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(valueOf(yield* cache.get), "token-2")
    })
  )

  it.scoped("renews in the background in the last fifth of a life, and everybody goes on with the current key", () =>
    Effect.gen(function* () {
      const { cache, answer, runs } = yield* scripted()
      answer(() => keyLiving(`token-${runs()}`, 10_000))
      yield* cache.get
      yield* TestClock.adjust("6900 millis")
      yield* cache.get
      assert.strictEqual(runs(), 1)
      yield* TestClock.adjust("1900 millis")
      assert.strictEqual(valueOf(yield* cache.get), "token-1")
      yield* settle
      assert.strictEqual(runs(), 2)
      assert.strictEqual(valueOf(yield* cache.get), "token-2")
    })
  )

  it.scoped("serves the current key while a refresh fails, and the error when the key may not be used any more", () =>
    Effect.gen(function* () {
      const { cache, answer, runs } = yield* scripted()
      answer(() => keyLiving("token", 10_000))
      yield* cache.get
      answer(() => Effect.fail(new EmptyOutput({ command: "helper", stderr: "" })))
      yield* TestClock.adjust("8900 millis")
      assert.strictEqual(valueOf(yield* cache.get), "token")
      yield* settle
      assert.strictEqual(valueOf(yield* cache.get), "token")
      assert.strictEqual(runs(), 2)
      yield* TestClock.adjust("100 millis")
      const error = yield* Effect.flip(cache.get)
      assert.strictEqual(error._tag, "EmptyOutput")
      assert.isDefined(error.retryAt)
      assert.strictEqual(runs(), 2)
    })
  )

  it.scoped("a caller that is interrupted leaves the others alone", () =>
    Effect.gen(function* () {
      const { cache, answer, runs } = yield* scripted()
      const gate = yield* Deferred.make<ApiKey.ApiKey>()
      answer(() => Deferred.await(gate))
      const first = yield* Effect.fork(cache.get)
      const second = yield* Effect.fork(cache.get)
      yield* settle
      yield* Fiber.interrupt(first)
      yield* Deferred.succeed(gate, ApiKey.make({ value: "late" }))
      assert.strictEqual(valueOf(yield* Fiber.join(second)), "late")
      assert.strictEqual(runs(), 1)
    })
  )

  it.scoped("1,000 requests that fail together cause one run", () =>
    Effect.gen(function* () {
      const { cache, runs } = yield* scripted()
      const refused = yield* cache.get
      const keys = yield* Effect.all(
        Array.from({ length: 1000 }, () => Effect.zipRight(cache.reject(refused), cache.get)),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(keys.map(valueOf)), new Set(["key-2"]))
      assert.strictEqual(runs(), 2)
    })
  )

  it.scoped("a late 401 for an older key changes nothing", () =>
    Effect.gen(function* () {
      const { cache, runs } = yield* scripted()
      const old = yield* cache.get
      yield* cache.reject(old)
      yield* cache.get
      yield* cache.reject(old)
      assert.strictEqual(valueOf(yield* cache.get), "key-2")
      assert.strictEqual(runs(), 2)
    })
  )

  it.scoped("a helper that repeats a refused key is believed, and not asked again within the back-off", () =>
    Effect.gen(function* () {
      const { cache, answer, runs } = yield* scripted({ timeToLive: "1 hour" })
      answer(() => Effect.succeed(ApiKey.make({ value: "same" })))
      for (let i = 0; i < 10; i++) yield* Effect.flatMap(cache.get, cache.reject)
      assert.strictEqual(valueOf(yield* cache.get), "same")
      assert.strictEqual(runs(), 2)
      assert.strictEqual((yield* cache.status).state, "rejected")
      yield* TestClock.adjust("30 seconds")
      yield* Effect.flatMap(cache.get, cache.reject)
      yield* cache.get
      assert.strictEqual(runs(), 3)
    })
  )

  it.scoped("with onRepeat: fail it is KeyRejected", () =>
    Effect.gen(function* () {
      const { cache, answer } = yield* scripted({ onRepeat: "fail" })
      answer(() => Effect.succeed(ApiKey.make({ value: "same" })))
      yield* Effect.flatMap(cache.get, cache.reject)
      assert.strictEqual((yield* Effect.flip(cache.get))._tag, "KeyRejected")
    })
  )
})
