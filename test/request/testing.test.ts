/** Tests as a user of the library would write them, with `effect-apikey/testing`. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/TestClock"
import { EmptyOutput } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as Testing from "../../src/testing.js"

const current = Effect.flatMap(ApiKeyProvider.ApiKeyProvider, (provider) =>
  Effect.map(provider.get, ({ value }) => Redacted.value(value))
)

describe("the scripted provider", () => {
  it.effect("follows its script: keys, expiries, failures, in order", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* current, "sk-1")
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Effect.flip(current))._tag, "EmptyOutput")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* current, "sk-2")
      assert.strictEqual(yield* current, "sk-2")
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      assert.deepInclude(yield* provider.status, { runs: 3, renewals: 1, state: "fresh" })
    }).pipe(
      Effect.provide(
        Testing.layer(
          [Testing.expiringIn("sk-1", "10 seconds"), new EmptyOutput({ command: "op", stderr: "" }), "sk-2"],
          { refreshAhead: 0 }
        )
      )
    )
  )

  it.effect("repeats its last step, brings another key after reject, and names itself", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      yield* provider.reject(yield* provider.get)
      assert.strictEqual(yield* current, "sk-2")
      yield* provider.refresh
      assert.strictEqual(yield* current, "sk-2")
      assert.deepInclude(yield* provider.status, { provider: "mine", runs: 3, rejections: 1 })
    }).pipe(Effect.provide(Testing.layer(["sk-1", "sk-2"], { provider: "mine" })))
  )
})

describe("the test of docs/guides/testing.md", () => {
  it.effect("goes on with a fresh key when the first has expired", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      const first = yield* provider.get
      yield* TestClock.adjust("10 seconds")
      assert.notStrictEqual(yield* provider.get, first)
      assert.deepInclude(yield* provider.status, { runs: 2, state: "fresh" })
    }).pipe(Effect.provide(Testing.layer([Testing.expiringIn("sk-1", "10 seconds"), "sk-2"])))
  )
})

describe("the fake executor", () => {
  const over = (helper: Parameters<typeof Testing.executor>[0], options: Partial<ApiKeyProvider.CommandOptions> = {}) =>
    ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://x"], ...options }).pipe(
      Layer.provide(Testing.executor(helper))
    )

  it.effect("gives what its function prints, and hands it the call", () => {
    const calls: Array<Testing.Call> = []
    const layer = over(
      (call) => {
        calls.push(call)
        return Effect.succeed({ stdout: "sk-1\n" })
      },
      { env: { OP_ACCOUNT: "mine" }, provider: "openai" }
    )
    return Effect.gen(function* () {
      assert.strictEqual(yield* current, "sk-1")
      assert.deepInclude(calls[0], { program: "op", args: ["read", "op://x"], stdin: "" })
      assert.deepInclude(calls[0]?.env, { OP_ACCOUNT: "mine", EFFECT_APIKEY_PROVIDER: "openai" })
    }).pipe(Effect.provide(layer))
  })

  it.effect("fails with the status, and with no program, as a real one", () =>
    Effect.gen(function* () {
      const status = over(() => Effect.succeed({ exitCode: 1, stderr: "account is not signed in" }))
      const failed = yield* Effect.flip(current.pipe(Effect.provide(status)))
      assert.deepInclude(failed, { _tag: "NonZeroExit", exitCode: 1, reason: "LoginRequired" })
      const missing = yield* Effect.flip(current.pipe(Effect.provide(over(() => Effect.succeed(undefined)))))
      assert.strictEqual(missing._tag, "CommandNotFound")
    })
  )

  it.effect("hangs where its function does, until the time is over", () =>
    Effect.gen(function* () {
      const layer = over(() => Effect.never, { timeout: "10 seconds" })
      const failing = yield* Effect.fork(Effect.flip(current.pipe(Effect.provide(layer))))
      yield* TestClock.adjust("15 seconds")
      assert.strictEqual((yield* failing.await.pipe(Effect.flatten))._tag, "CommandTimeout")
    })
  )
})
