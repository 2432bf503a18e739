/** Providers whose key an Effect gives, and what the layers of sources require. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/TestClock"
import * as TestContext from "effect/TestContext"
import * as ApiKey from "effect-apikey/ApiKey"
import { EmptyOutput, SourceUnreadable } from "effect-apikey/ApiKeyError"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as ApiKeySource from "effect-apikey/ApiKeySource"
import * as fc from "fast-check"
import { secretOf } from "../support/cacheUnderTest.js"
import { settle } from "../support/scriptedHelper.js"

type Reason = "first" | "expiry" | "rejected"

/** An Effect that counts its runs: each gives another key, which expires some time later. */
const counted = (lifetimeSeconds = 100) => {
  const reasons: Array<Reason> = []
  const fetch = (reason: Reason) =>
    Effect.map(DateTime.now, (now) =>
      ApiKey.make({
        value: `key-${reasons.push(reason)}`,
        expiresAt: DateTime.add(now, { seconds: lifetimeSeconds })
      })
    )
  return { reasons, fetch }
}

/** An Effect that ends when the test says so. */
const controlled = () => {
  const seen = { started: 0, interrupted: 0 }
  return Effect.map(Deferred.make<ApiKey.ApiKey>(), (answer) => ({
    seen,
    answer,
    fetch: Effect.suspend(() => {
      seen.started++
      return Deferred.await(answer)
    }).pipe(Effect.onInterrupt(() => Effect.sync(() => seen.interrupted++)))
  }))
}

const withoutJitter = Effect.withRandom(Random.fixed([0]))

describe("fromEffect", () => {
  it.scoped("a key is fetched once and cached until it is due", () =>
    Effect.gen(function* () {
      const { fetch, reasons } = counted()
      const provider = yield* ApiKeyProvider.fromEffect(fetch)
      assert.strictEqual(secretOf(yield* provider.get), "key-1")
      yield* TestClock.adjust("60 seconds")
      assert.strictEqual(secretOf(yield* provider.get), "key-1")
      assert.deepStrictEqual(reasons, ["first"])
      assert.deepInclude(yield* provider.status, { provider: "default", state: "fresh", runs: 1 })
    })
  )

  it.scoped("a key that is due is served once more while it is refreshed in the background", () =>
    Effect.gen(function* () {
      const { fetch, reasons } = counted()
      const provider = yield* withoutJitter(ApiKeyProvider.fromEffect(fetch))
      yield* provider.get
      yield* TestClock.adjust("75 seconds")
      assert.strictEqual(secretOf(yield* provider.get), "key-1")
      yield* settle
      assert.strictEqual(secretOf(yield* provider.get), "key-2")
      assert.deepStrictEqual(reasons, ["first", "expiry"])
    })
  )

  it.scoped("with `mayPrompt` a key is not refreshed in the background", () =>
    Effect.gen(function* () {
      const { fetch, reasons } = counted()
      const provider = yield* withoutJitter(ApiKeyProvider.fromEffect(fetch, { mayPrompt: true }))
      yield* provider.get
      yield* TestClock.adjust("75 seconds")
      assert.strictEqual(secretOf(yield* provider.get), "key-1")
      yield* settle
      assert.deepStrictEqual(reasons, ["first"])
      yield* TestClock.adjust("25 seconds")
      assert.strictEqual(secretOf(yield* provider.get), "key-2")
    })
  )

  it.scoped("`refresh` fetches at once", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.fromEffect(counted().fetch)
      yield* provider.get
      assert.strictEqual(secretOf(yield* provider.refresh), "key-2")
    })
  )

  it.effect("for any number of callers there is one run, and all have its key", () =>
    Effect.promise(() =>
      fc.assert(
        fc.asyncProperty(fc.integer({ min: 1, max: 50 }), (callers) =>
          Effect.runPromise(
            Effect.scoped(
              Effect.gen(function* () {
                const { answer, fetch, seen } = yield* controlled()
                const provider = yield* ApiKeyProvider.fromEffect(fetch)
                const waiting = yield* Effect.fork(
                  Effect.all(
                    Array.from({ length: callers }, () => provider.get),
                    { concurrency: "unbounded" }
                  )
                )
                yield* settle
                yield* Deferred.succeed(answer, ApiKey.make({ value: "one" }))
                const keys = yield* Fiber.join(waiting)
                assert.deepStrictEqual(keys.map(secretOf), Array(callers).fill("one"))
                assert.strictEqual(seen.started, 1)
              })
            )
          )
        ),
        { numRuns: 30 }
      )
    )
  )

  it.effect(
    "for any sequence of uses and rejections each rejection of the current key starts one run, with its reason",
    () =>
      Effect.promise(() =>
        fc.assert(
          fc.asyncProperty(fc.array(fc.constantFrom("get", "reject"), { maxLength: 12 }), (uses) =>
            Effect.runPromise(
              Effect.scoped(
                Effect.gen(function* () {
                  const { fetch, reasons } = counted(24 * 3600)
                  const provider = yield* ApiKeyProvider.fromEffect(fetch)
                  let current = yield* provider.get
                  let rejected = 0
                  for (const use of uses) {
                    if (use === "reject") {
                      yield* provider.reject(current)
                      // Again: of a key that is no longer the current one a rejection changes nothing.
                      yield* provider.reject(current)
                      rejected++
                    }
                    current = yield* provider.get
                    // Past the back-off of rejections that follow each other.
                    yield* TestClock.adjust("1 hour")
                  }
                  assert.deepStrictEqual(reasons, ["first", ...Array<Reason>(rejected).fill("rejected")])
                }).pipe(Effect.provide(TestContext.TestContext))
              )
            )
          ),
          { numRuns: 50 }
        )
      )
  )

  it.scoped("the last caller's interruption interrupts the run; with `onAbandon` or `mayPrompt` it completes", () =>
    Effect.gen(function* () {
      const rows = [
        { options: {}, interrupted: 1 },
        { options: { onAbandon: "complete" }, interrupted: 0 },
        { options: { mayPrompt: true }, interrupted: 0 },
        { options: { mayPrompt: true, onAbandon: "interrupt" }, interrupted: 1 }
      ] as const
      for (const { interrupted, options } of rows) {
        const { answer, fetch, seen } = yield* controlled()
        const provider = yield* ApiKeyProvider.fromEffect(fetch, options)
        const callers = yield* Effect.all([Effect.fork(provider.get), Effect.fork(provider.get)])
        yield* settle
        yield* Fiber.interrupt(callers[0])
        assert.strictEqual(seen.interrupted, 0)
        yield* Fiber.interrupt(callers[1])
        yield* settle
        assert.deepStrictEqual(seen, { started: 1, interrupted })
        yield* Deferred.succeed(answer, ApiKey.make({ value: "late" }))
        assert.strictEqual(secretOf(yield* provider.get), "late")
        assert.strictEqual(seen.started, 1 + interrupted)
      }
    })
  )

  it.effect("closing the scope interrupts the run, and the provider is closed", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const { fetch, seen } = yield* controlled()
      const provider = yield* Scope.extend(ApiKeyProvider.fromEffect(fetch, { provider: "gateway" }), scope)
      const caller = yield* Effect.fork(provider.get)
      yield* settle
      yield* Scope.close(scope, Exit.void)
      const exit = yield* Fiber.await(caller)
      assert.deepStrictEqual(seen, { started: 1, interrupted: 1 })
      assert.isTrue(Exit.isFailure(exit))
      const error = yield* Effect.flip(provider.get)
      assert.deepInclude(error, { _tag: "ProviderClosed", provider: "gateway" })
    })
  )

  it.scoped("a run's own resources are released when the run ends", () =>
    Effect.gen(function* () {
      const events: Array<string> = []
      const resource = Effect.acquireRelease(
        Effect.sync(() => events.push("acquired")),
        () => Effect.sync(() => events.push("released"))
      )
      const fetch = Effect.as(resource, ApiKey.make({ value: "sk" }))
      const provider = yield* ApiKeyProvider.fromEffect(fetch)
      yield* provider.get
      assert.deepStrictEqual(events, ["acquired", "released"])
      yield* provider.refresh
      assert.deepStrictEqual(events, ["acquired", "released", "acquired", "released"])
    })
  )

  it.scoped("a failure is served during the back-off, then the Effect runs again", () =>
    Effect.gen(function* () {
      let runs = 0
      const provider = yield* withoutJitter(
        ApiKeyProvider.fromEffect(
          Effect.suspend(() =>
            ++runs === 1
              ? Effect.fail(new SourceUnreadable({ source: "service", path: "/token", code: "503" }))
              : Effect.succeed(ApiKey.make({ value: "sk" }))
          )
        )
      )
      const error = yield* Effect.flip(provider.get)
      assert.strictEqual(error._tag, "SourceUnreadable")
      const again = yield* Effect.flip(provider.get)
      assert.isDefined(again.retryAt)
      assert.strictEqual(runs, 1)
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(secretOf(yield* provider.get), "sk")
    })
  )

  it.scoped("a defect and what is no key fail the run, and the next run succeeds", () =>
    Effect.gen(function* () {
      let runs = 0
      const provider = yield* ApiKeyProvider.fromEffect(
        Effect.suspend((): Effect.Effect<ApiKey.ApiKey> => {
          if (++runs > 1) return Effect.succeed(ApiKey.make({ value: "sk" }))
          throw new Error("a mistake")
        })
      )
      const exit = yield* Effect.exit(provider.get)
      assert.isTrue(Exit.isFailure(exit))
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(secretOf(yield* provider.get), "sk")
    })
  )

  it.scoped("`timeToLive` holds for a key without an expiry, `onRepeatedKey` for a rejected key that comes again", () =>
    Effect.gen(function* () {
      let runs = 0
      const fetch = Effect.sync(() => {
        runs++
        return ApiKey.make({ value: "same" })
      })
      const provider = yield* ApiKeyProvider.fromEffect(fetch, { timeToLive: "1 hour", onRepeatedKey: "fail" })
      const key = yield* provider.get
      yield* TestClock.adjust("50 minutes")
      assert.strictEqual(yield* provider.get, key)
      assert.strictEqual(runs, 1)
      yield* TestClock.adjust("11 minutes")
      yield* provider.get
      assert.strictEqual(runs, 2)
      yield* provider.reject(yield* provider.get)
      assert.strictEqual((yield* Effect.flip(provider.get))._tag, "KeyRejected")
    })
  )

  it.scoped("an option that is wrong, or that goes by an old name, is ConfigInvalid, and nothing runs", () =>
    Effect.gen(function* () {
      const rows: ReadonlyArray<readonly [object, string]> = [
        [{ timeToLive: 0 }, "timeToLive"],
        [{ onRepeatedKey: "stop" }, "onRepeatedKey"],
        [{ onRepeat: "fail" }, "onRepeatedKey"],
        [{ whenAbandoned: "finish" }, "onAbandon"],
        [{ cache: { timeToLive: "1 hour" } }, "timeToLive"]
      ]
      for (const [options, named] of rows) {
        const { fetch, reasons } = counted()
        const provider = yield* ApiKeyProvider.fromEffect(fetch, options)
        const error = yield* Effect.flip(provider.get)
        assert.strictEqual(error._tag, "ConfigInvalid")
        assert.include(`${error.message} ${error.hint}`, named)
        assert.deepStrictEqual(reasons, [])
      }
    })
  )

  it.effect("`prefetch` fetches the first key when the layer is built", () =>
    Effect.gen(function* () {
      const { fetch, reasons } = counted()
      yield* Effect.scoped(
        Effect.gen(function* () {
          yield* Layer.build(ApiKeyProvider.layerEffect(fetch, { prefetch: true }))
          yield* settle
          assert.deepStrictEqual(reasons, ["first"])
        })
      )
    })
  )

  it.effect("`layerEffect` runs with the services of its layer; a tag is an Effect, not a function", () => {
    class Vault extends Context.Tag("test/Vault")<Vault, ApiKey.ApiKey>() {}
    const layer = ApiKeyProvider.layerEffect(Vault).pipe(
      Layer.provide(Layer.succeed(Vault, ApiKey.make({ value: "sk-vault" })))
    )
    return Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      assert.strictEqual(secretOf(yield* provider.get), "sk-vault")
    }).pipe(Effect.provide(layer))
  })

  it("the types: what the Effect needs, the layer needs, but no Scope", () => {
    class Vault extends Context.Tag("test/Vault")<Vault, ApiKey.ApiKey>() {}
    const inScope = Effect.zipRight(Effect.scope, Vault)
    expectTypeOf(ApiKeyProvider.layerEffect(inScope)).toEqualTypeOf<
      Layer.Layer<ApiKeyProvider.ApiKeyProvider, never, Vault>
    >()
    expectTypeOf(ApiKeyProvider.fromEffect(inScope)).toEqualTypeOf<
      Effect.Effect<ApiKeyProvider.Provider, never, Vault | Scope.Scope>
    >()
    expectTypeOf(
      ApiKeyProvider.fromEffect(() => Effect.fail(new EmptyOutput({ command: "x", stderr: "" })))
    ).toEqualTypeOf<Effect.Effect<ApiKeyProvider.Provider, never, Scope.Scope>>()
  })
})

describe("layer", () => {
  type Keys<R> = Layer.Layer<ApiKeyProvider.ApiKeyProvider, never, R>

  it("the types: a source requires what it is read with", () => {
    const { layer } = ApiKeyProvider
    expectTypeOf(layer(ApiKeySource.literal("sk"))).toEqualTypeOf<Keys<never>>()
    expectTypeOf(layer(ApiKeySource.env("KEY"))).toEqualTypeOf<Keys<never>>()
    expectTypeOf(layer(ApiKeySource.file("/key"))).toEqualTypeOf<Keys<FileSystem.FileSystem | Path.Path>>()
    expectTypeOf(layer(ApiKeySource.auth("openai"))).toEqualTypeOf<Keys<FileSystem.FileSystem | Path.Path>>()
    expectTypeOf(layer(ApiKeySource.command(["op"]))).toEqualTypeOf<Keys<ApiKeyProvider.Requirements>>()
    expectTypeOf(layer(ApiKeySource.firstOf([ApiKeySource.env("KEY")]))).toEqualTypeOf<
      Keys<ApiKeyProvider.Requirements>
    >()
    expectTypeOf<ApiKeySource.ApiKeySource>().toMatchTypeOf<Parameters<typeof layer>[0]>()
    expectTypeOf(ApiKeyProvider.layerLiteral("sk")).toEqualTypeOf<Keys<never>>()
    expectTypeOf(ApiKeyProvider.layerEnv("KEY")).toEqualTypeOf<Keys<never>>()
    expectTypeOf(ApiKeyProvider.layerFile("/key")).toEqualTypeOf<Keys<FileSystem.FileSystem | Path.Path>>()
    expectTypeOf(ApiKeyProvider.layerAuth("openai")).toEqualTypeOf<Keys<FileSystem.FileSystem | Path.Path>>()
  })

  it.effect("a literal and a variable are read with no service at all", () =>
    Effect.gen(function* () {
      const name = "EFFECT_APIKEY_TEST_LAYER"
      process.env[name] = "sk-env"
      const rows = [
        [ApiKeyProvider.layer(ApiKeySource.literal("sk-literal")), "sk-literal"],
        [ApiKeyProvider.layer(ApiKeySource.env(name)), "sk-env"],
        [ApiKeyProvider.layerEnv(name), "sk-env"],
        [ApiKeyProvider.layerLiteral("sk-text"), "sk-text"],
        [ApiKeyProvider.layerLiteral(Redacted.make("sk-redacted")), "sk-redacted"],
        [ApiKeyProvider.layerLiteral(ApiKey.make({ value: "sk-key" })), "sk-key"]
      ] as const
      for (const [layer, secret] of rows) {
        const key = yield* Effect.provide(
          Effect.flatMap(ApiKeyProvider.ApiKeyProvider, ({ get }) => get),
          layer
        )
        assert.strictEqual(secretOf(key), secret)
      }
      delete process.env[name]
    })
  )

  it.effect("`layerLiteral` keeps all of a key that is given, and names the provider", () =>
    Effect.gen(function* () {
      const key = ApiKey.make({ value: "sk", username: "me", headers: { "x-team": "a" } })
      const provider = yield* ApiKeyProvider.ApiKeyProvider.pipe(
        Effect.provide(ApiKeyProvider.layerLiteral(key, { provider: "gateway" }))
      )
      assert.strictEqual(yield* provider.get, key)
      assert.deepStrictEqual(Option.getOrUndefined((yield* provider.get).username), "me")
      assert.strictEqual((yield* provider.status).provider, "gateway")
    })
  )
})
