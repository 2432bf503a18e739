import { execFile } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect, promisify } from "node:util"
import * as Effect from "effect/Effect"
import OpenAI from "openai"
import { afterAll, assert, describe, expectTypeOf, it } from "vitest"
import type * as ApiKeySource from "../../src/ApiKeySource.js"
import {
  type ApiKey,
  ApiKeyFailure,
  type Argv,
  type Command,
  createApiKeyProvider,
  placeholder,
  type Source
} from "../../src/Promise.js"
import { shell } from "../support/layers.js"
import { guarded, json, loopback } from "../support/loopback.js"
import { shown } from "../support/observe.js"
import { isAlive } from "../support/processes.js"

const folder = mkdtempSync(join(tmpdir(), "effect-apikey-promise-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

let files = 0
const newFile = () => join(folder, `file-${++files}`)

/** Prints sk-1-secret, sk-2-secret, … */
const counting = (file = newFile()) => {
  writeFileSync(file, "")
  return shell('printf x >> "$1"; printf "sk-%s-secret-0123456789" "$(wc -c < "$1" | tr -d " ")"', file)
}

const failureOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error
  )

describe("createApiKeyProvider", () => {
  it("gives the key that the command prints, and runs it once for any number of callers", async () => {
    await using provider = createApiKeyProvider(counting())
    const keys = await Promise.all(Array.from({ length: 20 }, () => provider.get()))
    assert.deepStrictEqual(new Set(keys.map(({ value }) => value)), new Set(["sk-1-secret-0123456789"]))
    assert.strictEqual(await provider.get(), keys[0])
    assert.strictEqual(provider.status().runs, 1)
    assert.strictEqual(provider.status().state, "fresh")
    assert.instanceOf(provider.status().hardExpiry, Date)
  })

  it("shows no secret of a key", async () => {
    await using provider = createApiKeyProvider(counting())
    const key = await provider.get()
    assert.notInclude(shown(key), "secret-0123")
    assert.notInclude(shown(provider), "secret-0123")
    assert.include(key.value, "secret-0123")
  })

  it("brings another key after reject, and only for the very key that was refused", async () => {
    await using provider = createApiKeyProvider(counting())
    const first = await provider.get()
    await provider.reject(first)
    const second = await provider.get()
    assert.strictEqual(second.value, "sk-2-secret-0123456789")
    await provider.reject({
      ...first,
      value: first.value,
      username: undefined,
      sessionToken: undefined,
      headers: {},
      expiresAt: undefined
    })
    assert.strictEqual(await provider.get(), second)
    assert.strictEqual(provider.status().rejections, 1)
  })

  it("a copy of a key that has lost its value, or none, is refused with a tag", async () => {
    await using provider = createApiKeyProvider(counting())
    const key = await provider.get()
    for (const wrong of [{ ...key }, undefined as unknown as ApiKey]) {
      const error = await failureOf(provider.reject(wrong))
      assert.instanceOf(error, ApiKeyFailure)
      assert.propertyVal(error, "_tag", "ConfigInvalid")
    }
    assert.strictEqual(provider.status().rejections, 0)
  })

  it("rejects with real errors that have a tag and a hint, and no secret", async () => {
    await using provider = createApiKeyProvider(shell("echo sk-half-a-secret; echo no >&2; exit 3"))
    const error = await failureOf(provider.get())
    assert.instanceOf(error, Error)
    assert.instanceOf(error, ApiKeyFailure)
    assert.deepInclude(error, {
      _tag: "NonZeroExit",
      name: "NonZeroExit",
      exitCode: 3,
      command: "sh",
      reason: "Unknown",
      isTransient: false,
      stderr: "no"
    })
    assert.isNotEmpty(error instanceof ApiKeyFailure ? error.hint : "")
    assert.notInclude(shown(error), "half-a-secret")
    const again = await failureOf(provider.get())
    assert.instanceOf(again instanceof ApiKeyFailure ? again.retryAt : undefined, Date)
    assert.strictEqual(provider.status().lastFailure?._tag, "NonZeroExit")
    assert.strictEqual(provider.status().runs, 1)
  })

  it("rejects with a typed error where the options are wrong", async () => {
    await using empty = createApiKeyProvider([])
    assert.propertyVal(await failureOf(empty.get()), "_tag", "ConfigInvalid")
    await using missing = createApiKeyProvider([join(folder, "missing")])
    assert.propertyVal(await failureOf(missing.get()), "_tag", "CommandNotFound")
  })

  it("rejects with a typed error where JavaScript gives options that no type allows", async () => {
    const argv = ["echo", "sk-1"]
    const given: ReadonlyArray<readonly [source: unknown, says: RegExp, options?: unknown]> = [
      [undefined, /source/],
      [{}, /names no source/],
      ["echo x", /shell string/],
      [{ argv: "echo x" }, /`command.argv`.*shell string/],
      [[1, 2], /`command/],
      [{ argv, env: { A: 5 } }, /`command.env.A`/],
      [{ argv, interactive: "yes" }, /`command.interactive`/],
      [{ argv, cwd: 5 }, /`command.cwd`/],
      [{ argv, onRepeatedKey: "zzz" }, /`command.onRepeatedKey`/],
      [{ argv, onAbandon: null }, /`command.onAbandon`/],
      [{ argv, timeuot: 1 }, /`command.timeuot`/],
      [{ file: 5 }, /`file`/],
      [{ env: "A", file: "b" }, /two sources/],
      [{ firstOf: [] }, /`firstOf`/],
      [argv, /`provider`/, { provider: 5 }],
      [argv, /`prefetch`/, { prefetch: "yes" }],
      [argv, /`timeout` is not an option/, { timeout: "10 seconds" }],
      [argv, /options/, null],
      // Names that options had.
      [{ argv, whenAbandoned: "stop" }, /`command.whenAbandoned`/],
      [{ argv, cache: { timeToLive: "1 minute" } }, /`command.cache`/]
    ]
    type Given = Parameters<typeof createApiKeyProvider>
    for (const [source, says, options] of given) {
      await using provider = createApiKeyProvider(source as Given[0], options as Given[1])
      const error = await failureOf(provider.get())
      assert.propertyVal(error, "_tag", "ConfigInvalid")
      assert.instanceOf(error, ApiKeyFailure)
      assert.match(String(error), says)
      assert.isNotEmpty(error instanceof ApiKeyFailure ? error.hint : "")
      assert.propertyVal(
        await failureOf(provider.fetch({ baseUrl: "http://127.0.0.1:9" })("http://127.0.0.1:9")),
        "_tag",
        "ConfigInvalid"
      )
    }
    await using provider = createApiKeyProvider({ argv: ["echo", "sk-1"] })
    const scheme = "nope" as unknown as "bearer"
    const error = await failureOf(provider.fetch({ baseUrl: "http://127.0.0.1:9", scheme })("http://127.0.0.1:9"))
    assert.propertyVal(error, "_tag", "ConfigInvalid")
  })

  it("takes an AbortSignal: its own reason at once, and the run is stopped", async () => {
    const pidFile = newFile()
    await using provider = createApiKeyProvider(shell('echo $$ > "$1.tmp"; mv "$1.tmp" "$1"; exec sleep 60', pidFile))
    const controller = new AbortController()
    const failing = failureOf(provider.get({ signal: controller.signal }))
    const pid = await pidIn(pidFile)
    const reason = new Error("mine")
    controller.abort(reason)
    assert.strictEqual(await failing, reason)
    await gone(pid)
    assert.strictEqual(await failureOf(provider.get({ signal: AbortSignal.abort(reason) })), reason)
  })

  it("stops the run and forgets the key when it is disposed of", async () => {
    const pidFile = newFile()
    const provider = createApiKeyProvider(shell('echo $$ > "$1.tmp"; mv "$1.tmp" "$1"; exec sleep 60', pidFile))
    const failing = failureOf(provider.get())
    const pid = await pidIn(pidFile)
    await provider[Symbol.asyncDispose]()
    await gone(pid)
    assert.instanceOf(await failing, Error)
    assert.propertyVal(await failureOf(provider.get()), "_tag", "ProviderClosed")
    await provider.dispose()
  })

  it("makes a fetch that renews a refused key", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* loopback(guarded(["sk-2-secret-0123456789"], (_, response) => json(response, 200, {})))
          const answers = yield* Effect.promise(async () => {
            await using provider = createApiKeyProvider(counting())
            const fetch = provider.fetch({ baseUrl: server.origin })
            const own = provider.fetch({ baseUrl: server.origin, scheme: (key) => ({ "x-own": key.value }) })
            return [
              await fetch(server.origin, { headers: { "x-api-key": placeholder } }),
              await own(server.origin)
            ].map(({ status }) => status)
          })
          assert.deepStrictEqual(answers, [200, 200])
          assert.deepStrictEqual(
            server.seen.map(({ headers }) => headers["x-api-key"] ?? headers["x-own"]),
            ["sk-1-secret-0123456789", "sk-2-secret-0123456789", "sk-2-secret-0123456789"]
          )
          const error = yield* Effect.promise(async () => {
            await using provider = createApiKeyProvider(["false"])
            return failureOf(provider.fetch({ baseUrl: server.origin })(server.origin))
          })
          assert.instanceOf(error, ApiKeyFailure)
        })
      )
    ))

  // SDKs call it `baseURL`.
  for (const given of [undefined, {}, { baseUrl: undefined }, { baseURL: "http://127.0.0.1:9" }]) {
    it(`makes no fetch without a base URL: ${inspect(given)}`, async () => {
      await using provider = createApiKeyProvider(counting())
      const fetch = provider.fetch(given as unknown as Parameters<typeof provider.fetch>[0])
      const error = await failureOf(fetch("http://127.0.0.1:9", { headers: { "x-api-key": placeholder } }))
      assert.instanceOf(error, ApiKeyFailure)
      assert.propertyVal(error, "_tag", "ConfigInvalid")
      assert.include(String(error), "`baseUrl` is missing")
      assert.strictEqual(provider.status().runs, 0)
    })
  }

  describe("with openai's client, as its example has it", () => {
    const clientOf = (provider: ReturnType<typeof createApiKeyProvider>, baseURL: string) =>
      new OpenAI({
        baseURL,
        apiKey: () => provider.get().then(() => placeholder),
        fetch: provider.fetch({ baseUrl: baseURL })
      })

    it("renews a refused key, and the client holds none", () =>
      Effect.runPromise(
        Effect.scoped(
          Effect.gen(function* () {
            const server = yield* loopback(
              guarded(["sk-2-secret-0123456789"], (_, response) => json(response, 200, { data: [] }))
            )
            yield* Effect.promise(async () => {
              await using provider = createApiKeyProvider(counting())
              const client = clientOf(provider, server.origin)
              assert.deepStrictEqual((await client.models.list()).data, [])
              assert.notInclude(shown(client), "secret-0123")
              assert.strictEqual(provider.status().runs, 2)
            })
            assert.strictEqual(server.seen.length, 2)
          })
        )
      ))

    it("a failing helper is an OpenAIError at once, with ours as its cause", async () => {
      await using provider = createApiKeyProvider(["false"])
      const error = await failureOf(clientOf(provider, "http://127.0.0.1:9").models.list())
      assert.instanceOf(error, OpenAI.OpenAIError)
      assert.notInstanceOf(error, OpenAI.APIConnectionError)
      assert.include(String(error), "false exited with status 1")
      assert.instanceOf(Object(error).cause, ApiKeyFailure)
      assert.propertyVal(Object(error).cause, "_tag", "NonZeroExit")
    })

    it("with the placeholder as its key it is a connection error after the client's own retries, with ours as its cause", async () => {
      await using provider = createApiKeyProvider(["false"])
      const baseURL = "http://127.0.0.1:9"
      const fetch = provider.fetch({ baseUrl: baseURL })
      const client = new OpenAI({ baseURL, apiKey: placeholder, fetch, maxRetries: 0 })
      const error = await failureOf(client.models.list())
      assert.instanceOf(error, OpenAI.APIConnectionError)
      assert.propertyVal(Object(error).cause, "_tag", "NonZeroExit")
    })
  })

  it("has no Effect in its types", () => {
    type Provider = ReturnType<typeof createApiKeyProvider>
    expectTypeOf<Provider["get"]>().returns.toEqualTypeOf<Promise<ApiKey>>()
    expectTypeOf<ApiKey["expiresAt"]>().toEqualTypeOf<Date | undefined>()
    expectTypeOf<ApiKey["value"]>().toEqualTypeOf<string>()
    expectTypeOf<Provider["fetch"]>().returns.toEqualTypeOf<typeof globalThis.fetch>()
    // @ts-expect-error a shell string is no command
    createApiKeyProvider({ argv: "op read" })
  })

  it("its types of sources are those that configuration takes", () => {
    expectTypeOf<Source>().toEqualTypeOf<ApiKeySource.Encoded>()
    expectTypeOf<Command>().toEqualTypeOf<Exclude<Extract<Source, { command: unknown }>["command"], Argv>>()
  })

  it("takes every source that configuration takes", async () => {
    const file = newFile()
    writeFileSync(file, "sk-file\n", { mode: 0o600 })
    process.env["EFFECT_APIKEY_TEST_PROMISE"] = "sk-env"
    const rows: ReadonlyArray<readonly [Source, string]> = [
      [{ command: ["echo", "sk-argv"] }, "sk-argv"],
      [{ command: { argv: ["echo", '{"a":"sk-json"}'], format: { name: "json", field: "a" } } }, "sk-json"],
      [{ env: "EFFECT_APIKEY_TEST_PROMISE" }, "sk-env"],
      [{ file }, "sk-file"],
      [{ literal: "sk-literal" }, "sk-literal"],
      [{ firstOf: [{ env: "EFFECT_APIKEY_TEST_UNSET" }, { file }] }, "sk-file"]
    ]
    for (const [source, value] of rows) {
      await using provider = createApiKeyProvider(source)
      assert.strictEqual((await provider.get()).value, value)
    }
    delete process.env["EFFECT_APIKEY_TEST_PROMISE"]
  })

  it("refresh fetches another key although the current one is valid, and takes a signal", async () => {
    await using provider = createApiKeyProvider(counting())
    const first = await provider.get()
    const second = await provider.refresh()
    assert.strictEqual(first.value, "sk-1-secret-0123456789")
    assert.strictEqual(second.value, "sk-2-secret-0123456789")
    assert.strictEqual(await provider.get(), second)
    const reason = new Error("mine")
    assert.strictEqual(await failureOf(provider.refresh({ signal: AbortSignal.abort(reason) })), reason)
  })

  it("with `prefetch` the first run starts at once", async () => {
    const file = newFile()
    await using provider = createApiKeyProvider(counting(file), { prefetch: true })
    await until(() => (existsSync(file) && readFileSync(file, "utf8") !== "" ? true : undefined))
    assert.strictEqual((await provider.get()).value, "sk-1-secret-0123456789")
    assert.strictEqual(provider.status().runs, 1)
  })

  /** What a program of its own writes. */
  const program = (body: string) => {
    const script = `${newFile()}.mts`
    const source = new URL("../../src/Promise.ts", import.meta.url).href
    writeFileSync(script, `import { createApiKeyProvider } from ${JSON.stringify(source)}\n${body}`)
    return promisify(execFile)(process.execPath, ["--import", "tsx", script], {
      cwd: new URL("../..", import.meta.url)
    })
  }

  it("lets the program end while a key is held", async () => {
    const { stdout } = await program(
      `const provider = createApiKeyProvider(["echo", "sk-1"])
       console.log((await provider.get()).value.length)`
    )
    assert.strictEqual(stdout.trim(), "4")
  })

  it("warns as Node's own modules do, and writes nothing on stdout", () =>
    Effect.runPromise(
      Effect.scoped(
        Effect.gen(function* () {
          const server = yield* loopback(guarded([], (_, response) => json(response, 200, {})))
          const { stderr, stdout } = yield* Effect.promise(() =>
            program(
              `await using provider = createApiKeyProvider(["echo", "sk-1"], { provider: "gateway" })
               await provider.fetch({ baseUrl: "${server.origin}" })("${server.origin}")`
            )
          )
          assert.strictEqual(stdout, "")
          assert.match(stderr, /ApiKeyWarning: gateway: the server rejected the key and echo printed it again/)
          assert.notInclude(stderr, "fiber")
          assert.strictEqual(server.seen.length, 1)
        })
      )
    ))
})

/** Polls, because a file and a process have no event to await. */
const until = async <A>(look: () => A | undefined): Promise<A> => {
  for (;;) {
    const found = look()
    if (found !== undefined) return found
    await new Promise((resolve) => setTimeout(resolve, 10))
  }
}

const pidIn = (file: string): Promise<number> =>
  until(() => {
    const pid = existsSync(file) ? Number(readFileSync(file, "utf8")) : 0
    return pid > 0 ? pid : undefined
  })

const gone = (pid: number): Promise<true> => until(() => (isAlive(pid) ? undefined : true))
