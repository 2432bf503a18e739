import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as NodeContext from "@effect/platform-node/NodeContext"
import { assert, describe, expectTypeOf, it } from "@effect/vitest"
import * as Chunk from "effect/Chunk"
import * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import * as ApiKey from "../../src/ApiKey.js"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import { fake, printsKey, text } from "../support/fakeExecutor.js"
import { realProvider, shell } from "../support/layers.js"
import { isAlive } from "../support/processes.js"
import { settle } from "../support/scriptedHelper.js"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "apikey-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const secretOf = (key: ApiKey.ApiKey): string => Redacted.value(key.value)

const failureOf = (options: ApiKeyProvider.CommandOptions): Effect.Effect<ApiKeyError> =>
  Effect.scoped(
    Effect.flatMap(realProvider(options), (provider) => Effect.flip(Effect.map(provider.get, secretOf)))
  ).pipe(Effect.orDieWith((secret) => new Error(`succeeded with ${secret.length} characters`)))

const second = 1000

describe("a key from a real process", () => {
  it.live("is what it printed, without the white space around it", () =>
    Effect.gen(function* () {
      const provider = yield* realProvider({ argv: shell("printf ' sk-123 \\n'") })
      assert.strictEqual(secretOf(yield* provider.get), "sk-123")
    }).pipe(Effect.scoped)
  )

  it.live("has the expiry of an OAuth answer", () =>
    Effect.gen(function* () {
      const before = yield* DateTime.now
      const provider = yield* realProvider({
        argv: shell(`printf '{"access_token":"t0ken","expires_in":"600","token_type":"Bearer"}'`)
      })
      const key = yield* provider.get
      const after = yield* DateTime.now
      const expiresAt = Option.getOrThrow(key.expiresAt)
      assert.strictEqual(secretOf(key), "t0ken")
      assert.isAtLeast(expiresAt.epochMillis, before.epochMillis + 600 * second)
      assert.isAtMost(expiresAt.epochMillis, after.epochMillis + 600 * second)
    }).pipe(Effect.scoped)
  )

  it.live("comes through the stock executor as well", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      assert.strictEqual(secretOf(yield* provider.get), "sk-stock")
    }).pipe(
      Effect.provide(
        ApiKeyProvider.layerCommand({ argv: ["printf", "sk-stock"] }).pipe(
          Layer.provide(HelperExecutor.fromCommandExecutor),
          Layer.provide(NodeContext.layer)
        )
      )
    )
  )

  it.live("the helper is told what it is run for", () =>
    Effect.gen(function* () {
      const provider = yield* realProvider({
        provider: "openai",
        argv: shell('printf %s "$EFFECT_APIKEY_PROVIDER-$EFFECT_APIKEY_REASON-$EFFECT_APIKEY_INTERACTIVE"')
      })
      const first = yield* provider.get
      assert.strictEqual(secretOf(first), "openai-first-0")
      yield* provider.reject(first)
      assert.strictEqual(secretOf(yield* provider.get), "openai-rejected-0")
    }).pipe(Effect.scoped)
  )
})

describe("each failure of a real process ends in its typed error", () => {
  it.live("no command, an empty argv, a blank program: ConfigInvalid", () =>
    Effect.gen(function* () {
      for (const command of [[], [""], ["  "]]) {
        const error = yield* failureOf({ argv: command })
        assert.strictEqual(error._tag, "ConfigInvalid")
        assert.include(error.message, "empty")
        assert.include(error.hint, '["op", "read"')
      }
    })
  )

  it.live("a time limit or a time to live that is no time: ConfigInvalid", () =>
    Effect.gen(function* () {
      const command = ["printf", "sk-123"]
      for (const wrong of [{ timeout: 0 }, { timeout: Duration.infinity }, { timeToLive: 0 }, { timeToLive: -1 }]) {
        assert.strictEqual((yield* failureOf({ argv: command, ...wrong }))._tag, "ConfigInvalid")
      }
    })
  )

  it.live("a program that does not exist: CommandNotFound, with the folders searched", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ argv: ["no-such-helper"], env: { PATH: "/usr/bin:/nowhere" } })
      assert(error._tag === "CommandNotFound")
      assert.strictEqual(error.command, "no-such-helper")
      assert.includeMembers([...error.searched], ["/usr/bin", "/nowhere"])
    })
  )

  it.live("a path that does not exist: CommandNotFound, with the path", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ argv: ["/nowhere/get-token", "secret-argument"] })
      assert(error._tag === "CommandNotFound")
      assert.strictEqual(error.command, "get-token")
      assert.deepStrictEqual(error.searched, ["/nowhere/get-token"])
    })
  )

  it.live("a file that may not be executed: CommandNotExecutable", () =>
    Effect.map(failureOf({ argv: ["/etc/passwd"] }), (error) => {
      assert(error._tag === "CommandNotExecutable")
      assert.strictEqual(error.path, "/etc/passwd")
    })
  )

  it.live("a working directory that does not exist: SpawnFailed", () =>
    Effect.map(failureOf({ argv: ["printf", "sk-123"], cwd: "/nowhere" }), (error) => {
      assert(error._tag === "SpawnFailed")
      assert.strictEqual(error.code, "ENOENT")
      assert.include(error.hint, "working directory")
    })
  )

  it.live("an argument with a NUL, one too long for the system: SpawnFailed, and neither is quoted", () =>
    Effect.gen(function* () {
      const nul = yield* failureOf({ argv: ["printf", "secret\0argument"] })
      assert.strictEqual(nul._tag, "SpawnFailed")
      assert.notInclude(JSON.stringify(nul), "secret")
      const long = yield* failureOf({ argv: ["printf", "secret".repeat(50_000)] })
      assert(long._tag === "SpawnFailed")
      assert.strictEqual(long.code, "E2BIG")
      assert.notInclude(JSON.stringify(long), "secret")
    })
  )

  it.live("a status other than 0: NonZeroExit with the end of stderr, and not a word of stdout", () =>
    Effect.gen(function* () {
      const error = yield* failureOf({ argv: shell("echo half-a-secret; echo 'no such item' >&2; exit 3") })
      assert(error._tag === "NonZeroExit")
      assert.strictEqual(error.exitCode, 3)
      assert.strictEqual(error.stderr, "no such item")
      assert.strictEqual(error.reason, "Unknown")
      assert.notInclude(JSON.stringify(error), "half-a-secret")
    })
  )

  it.live("status 75: NonZeroExit, Unavailable, after two more tries", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const error = yield* failureOf({ argv: shell(`echo run >> ${path}/runs; exit 75`) })
      assert(error._tag === "NonZeroExit")
      assert.strictEqual(error.reason, "Unavailable")
      assert.strictEqual(readFileSync(join(path, "runs"), "utf8"), "run\nrun\nrun\n")
    }).pipe(Effect.scoped)
  )

  it.live("a signal: CommandKilled", () =>
    Effect.map(failureOf({ argv: shell("kill -SEGV $$") }), (error) => {
      assert(error._tag === "CommandKilled")
      assert.strictEqual(error.signal, "SIGSEGV")
    })
  )

  it.live("nothing on stdout: EmptyOutput", () =>
    Effect.gen(function* () {
      for (const script of ["true", "printf ' \\n\\t\\n'"]) {
        assert.strictEqual((yield* failureOf({ argv: shell(script) }))._tag, "EmptyOutput")
      }
    })
  )

  it.live("two lines: InvalidOutput, with a hint at the format that takes them", () =>
    Effect.map(failureOf({ argv: shell("printf 'one-key\\ntwo-key\\n'") }), (error) => {
      assert(error._tag === "InvalidOutput")
      assert.strictEqual(error.expected, "one line")
      assert.include(error.hint, "first-line")
      assert.notInclude(JSON.stringify(error), "one-key")
    })
  )

  it.live("10 MB: OutputTooLarge", () =>
    Effect.map(failureOf({ argv: shell("head -c 10000000 /dev/zero | tr '\\0' x") }), (error) => {
      assert(error._tag === "OutputTooLarge")
      assert.strictEqual(error.limit, 65536)
    })
  )

  it.live("a key that had expired: ExpiredOnArrival", () =>
    Effect.map(failureOf({ argv: shell(`printf '{"access_token":"old","expires_at":1000}'`) }), (error) => {
      assert(error._tag === "ExpiredOnArrival")
      assert.strictEqual(error.expiredAt.epochMillis, 1000 * second)
    })
  )

  it.live("one that sleeps for ever: CommandTimeout, and it is gone with its children", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const error = yield* failureOf({
        argv: shell(`echo $$ > ${path}/pid; sleep 1000 & echo $! > ${path}/child; wait`),
        timeout: "700 millis"
      })
      assert(error._tag === "CommandTimeout")
      assert.strictEqual(error.phase, "running")
      for (const name of ["pid", "child"]) assert.isFalse(isAlive(Number(readFileSync(join(path, name), "utf8"))))
    }).pipe(Effect.scoped)
  )
})

describe("a provider over a command", () => {
  it.live("gives 1,000 callers one process", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const provider = yield* realProvider({ argv: shell(`echo run >> ${path}/runs; printf sk-123`) })
      const keys = yield* Effect.all(
        Array.from({ length: 1000 }, () => provider.get),
        { concurrency: "unbounded" }
      )
      assert.deepStrictEqual(new Set(keys.map(secretOf)), new Set(["sk-123"]))
      assert.strictEqual(readFileSync(join(path, "runs"), "utf8"), "run\n")
      assert.strictEqual((yield* provider.status).runs, 1)
    }).pipe(Effect.scoped)
  )

  it.live("stops the process when its last caller leaves", () =>
    Effect.gen(function* () {
      const path = yield* folder
      const provider = yield* realProvider({
        argv: shell(`echo $$ > ${path}/pid.new; mv ${path}/pid.new ${path}/pid; sleep 1000`)
      })
      const caller = yield* Effect.fork(provider.get)
      yield* Effect.async<void>((resume) => {
        const look = (): void => {
          if (existsSync(join(path, "pid"))) resume(Effect.void)
          else setImmediate(look)
        }
        look()
      })
      yield* Fiber.interrupt(caller)
      assert.isFalse(isAlive(Number(readFileSync(join(path, "pid"), "utf8"))))
    }).pipe(Effect.scoped)
  )

  it.live("says ProviderClosed after its scope has ended", () =>
    Effect.gen(function* () {
      const scope = yield* Scope.make()
      const provider = yield* Scope.extend(realProvider({ argv: ["printf", "sk-123"] }), scope)
      yield* provider.get
      yield* Scope.close(scope, Exit.void)
      const asked = yield* Effect.either(provider.get)
      assert.strictEqual(Either.isLeft(asked) && asked.left._tag, "ProviderClosed")
    })
  )
})

describe("a helper that lives on, or leaves its pipe open, after it printed", () => {
  /** It prints at once, ends 10 s later, and something of it holds the pipe. */
  const lingering = (answer: string) =>
    fake(() =>
      Effect.succeed({
        exitCode: Effect.delay(Effect.succeed(0), "10 seconds"),
        stdout: Stream.concat(text(answer), Stream.never)
      })
    ).layer
  const drained = 10_200
  const asked = (answer: string, options: Partial<ApiKeyProvider.CommandOptions> = {}) =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.fromCommand({ argv: ["get-token"], ...options })
      const caller = yield* Effect.fork(Effect.either(provider.get))
      yield* settle
      yield* TestClock.adjust("10 seconds")
      yield* settle
      yield* TestClock.adjust("200 millis")
      return { answer: yield* Fiber.join(caller), status: yield* provider.status }
    }).pipe(Effect.scoped, Effect.provide(lingering(answer)))
  const millisOf = Option.map(({ epochMillis }: DateTime.Utc) => epochMillis)

  it.effect("`expires_in` counts from the start of the run, since the key may be as old as that", () =>
    Effect.gen(function* () {
      const { answer, status } = yield* asked('{"access_token":"t0ken","expires_in":100}')
      assert.deepStrictEqual(
        Option.flatMap(Either.getRight(answer), ({ expiresAt }) => millisOf(expiresAt)),
        Option.some(100_000)
      )
      assert.deepStrictEqual(millisOf(status.hardExpiry), Option.some(drained + (100_000 - drained) * 0.9))
    })
  )

  it.effect("a token that expires meanwhile is ExpiredOnArrival, not one used past its end", () =>
    Effect.gen(function* () {
      const { answer } = yield* asked('{"access_token":"t0ken","expires_in":10}')
      assert.strictEqual(Either.isLeft(answer) && answer.left._tag, "ExpiredOnArrival")
    })
  )

  it.effect("`timeToLive`, which is ours, counts from its end", () =>
    Effect.gen(function* () {
      const { status } = yield* asked("sk-123", { timeToLive: "5 seconds" })
      assert.deepStrictEqual(millisOf(status.hardExpiry), Option.some(drained + 5_000))
    })
  )
})

describe("how long a key is used that does not say", () => {
  const usedFor = (command: ReadonlyArray<string>, options: Partial<ApiKeyProvider.CommandOptions> = {}) =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.fromCommand({ argv: command, ...options })
      yield* provider.get
      return Option.map((yield* provider.status).hardExpiry, ({ epochMillis }) => epochMillis / second)
    }).pipe(Effect.scoped, Effect.provide(fake(() => Effect.succeed(printsKey("sk-123"))).layer))

  it.effect("5 min, 1 h of a store of secrets that may prompt, or as the options say", () =>
    Effect.gen(function* () {
      assert.deepStrictEqual(yield* usedFor(["get-token"]), Option.some(300))
      assert.deepStrictEqual(yield* usedFor(["op", "read", "op://a/b/c"]), Option.some(3600))
      assert.deepStrictEqual(yield* usedFor(["op", "read", "op://a/b/c"], { timeToLive: "7 seconds" }), Option.some(7))
    })
  )
})

describe("a renewal that nobody asked for", () => {
  const startsOf = (options: ApiKeyProvider.CommandOptions) =>
    Effect.gen(function* () {
      const { layer, starts } = fake(() => Effect.succeed(printsKey("sk-123")))
      const provider = yield* Effect.provide(
        ApiKeyProvider.fromCommand({ timeToLive: "100 seconds", ...options }),
        layer
      )
      yield* provider.get
      yield* TestClock.adjust("99 seconds")
      yield* provider.get
      yield* settle
      return starts.length
    }).pipe(Effect.scoped)

  it.effect("is made of no helper that may prompt: by the catalog, or because it is interactive", () =>
    Effect.gen(function* () {
      assert.strictEqual(yield* startsOf({ argv: ["get-token"] }), 2)
      assert.strictEqual(yield* startsOf({ argv: ["op", "read", "op://a/b/c"] }), 1)
      assert.strictEqual(yield* startsOf({ argv: ["get-token"], interactive: "if-available" }), 1)
    })
  )
})

describe("other providers", () => {
  it.effect("one made of its `get` has the whole interface", () =>
    Effect.gen(function* () {
      const key = ApiKey.make({ value: "sk-fake" })
      const provider = ApiKeyProvider.make({ get: Effect.succeed(key) })
      assert.strictEqual((yield* provider.status).state, "empty")
      assert.strictEqual(yield* provider.get, key)
      assert.strictEqual(yield* provider.refresh, key)
      assert.strictEqual((yield* provider.status).state, "fresh")
      yield* provider.reject(key)
      const statuses = Chunk.toReadonlyArray(yield* Stream.runCollect(Stream.take(provider.changes, 1)))
      assert.deepStrictEqual(
        statuses.map(({ state, rejections }) => ({ state, rejections })),
        [{ state: "rejected", rejections: 1 }]
      )
    })
  )

  it.effect("a static key is only marked when it is refused", () =>
    Effect.gen(function* () {
      const provider = yield* ApiKeyProvider.ApiKeyProvider
      const key = yield* provider.get
      yield* provider.reject(key)
      assert.strictEqual(yield* provider.get, key)
      assert.strictEqual((yield* provider.status).state, "rejected")
    }).pipe(Effect.provide(ApiKeyProvider.layerLiteral(Redacted.make("sk-static"))))
  )

  it.scoped("a late refusal of an older key neither takes the mark from the current one nor counts", () =>
    Effect.gen(function* () {
      const key = ApiKey.make({ value: "sk-current" })
      const provider = ApiKeyProvider.make({ get: Effect.succeed(key) })
      yield* provider.get
      yield* provider.reject(key)
      yield* provider.reject(ApiKey.make({ value: "sk-older" }))
      assert.deepInclude(yield* provider.status, { state: "rejected", rejections: 1 })
    })
  )

  it.effect("an environment variable is read when the key is asked for", () =>
    Effect.gen(function* () {
      const name = "EFFECT_APIKEY_TEST_VARIABLE"
      const provider = yield* Effect.provide(
        ApiKeyProvider.ApiKeyProvider,
        ApiKeyProvider.layerEnv(name, { provider: "openai" })
      )
      const missing = yield* Effect.flip(provider.get)
      assert(missing._tag === "KeyNotConfigured")
      assert.deepStrictEqual(missing.tried, [`environment variable ${name}`])
      process.env[name] = "sk-env"
      assert.strictEqual(secretOf(yield* provider.get), "sk-env")
      process.env[name] = "two words"
      assert.strictEqual((yield* Effect.flip(provider.get))._tag, "InvalidOutput")
      delete process.env[name]
    })
  )

  it.effect("two tags let one program hold two", () => {
    class OpenAiKey extends ApiKeyProvider.Tag<OpenAiKey>()("OpenAiKey") {}
    class GatewayKey extends ApiKeyProvider.Tag<GatewayKey>()("GatewayKey") {}
    const layers = Layer.merge(
      OpenAiKey.layer(ApiKeyProvider.layerLiteral(Redacted.make("sk-openai"))),
      GatewayKey.layer(ApiKeyProvider.layerLiteral(Redacted.make("sk-gateway")))
    )
    return Effect.gen(function* () {
      assert.strictEqual(secretOf(yield* (yield* OpenAiKey).get), "sk-openai")
      assert.strictEqual(secretOf(yield* (yield* GatewayKey).get), "sk-gateway")
    }).pipe(Effect.provide(layers))
  })

  it("NodeContext alone does not run helpers: it must be asked for", () => {
    const layer = ApiKeyProvider.layerCommand({ argv: ["op"] })
    const over = Layer.provide(layer, NodeContext.layer)
    expectTypeOf<Layer.Layer.Context<typeof over>>().toEqualTypeOf<HelperExecutor.HelperExecutor>()
    // @effect-diagnostics-next-line missingLayerContext:off
    // @ts-expect-error HelperExecutor is missing
    const whole: Layer.Layer<ApiKeyProvider.ApiKeyProvider> = over
    assert.isDefined(whole)
    const asked = over.pipe(Layer.provide(HelperExecutor.fromCommandExecutor), Layer.provide(NodeContext.layer))
    expectTypeOf<Layer.Layer.Context<typeof asked>>().toEqualTypeOf<never>()
  })
})
