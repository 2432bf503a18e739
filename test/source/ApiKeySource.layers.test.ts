import { chmodSync, mkdirSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import * as ApiKey from "../../src/ApiKey.js"
import { type ApiKeyError, KeyNotConfigured, SourceUnreadable } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const inSandbox = <A, E>(name: string, test: (self: Sandbox) => Effect.Effect<A, E, never>) =>
  it.scopedLive(name, () => Effect.flatMap(sandbox, (self) => test(self)))

const get = (self: Sandbox, source: ApiKeySource.ApiKeySource) =>
  ApiKeyProvider.fromSource(source, { provider: "openai" }).pipe(
    Effect.flatMap((provider) => provider.get),
    Effect.map((key) => Redacted.value(key.value)),
    within(self),
    Effect.scoped
  )

const error = (self: Sandbox, source: ApiKeySource.ApiKeySource) => Effect.flip(get(self, source))

const expectTried = (failure: ApiKeyError, tried: ReadonlyArray<string>) => {
  assert(failure._tag === "KeyNotConfigured")
  assert.deepStrictEqual(failure.tried, tried)
}

describe("a literal", () => {
  inSandbox("is the key", (self) =>
    Effect.gen(function* () {
      assert.strictEqual(yield* get(self, ApiKeySource.literal("sk-1")), "sk-1")
    })
  )
})

describe("an environment variable", () => {
  inSandbox("is read at each get, and absent when unset or blank", (self) =>
    Effect.gen(function* () {
      const source = ApiKeySource.env("OPENAI_API_KEY")
      expectTried(yield* error(self, source), ["environment variable OPENAI_API_KEY"])
      self.env["OPENAI_API_KEY"] = "  "
      expectTried(yield* error(self, source), ["environment variable OPENAI_API_KEY"])
      self.env["OPENAI_API_KEY"] = " sk-2\n"
      assert.strictEqual(yield* get(self, source), "sk-2")
      self.env["OPENAI_API_KEY"] = "two words"
      assert.strictEqual((yield* error(self, source))._tag, "InvalidOutput")
    })
  )
})

describe("a file", () => {
  inSandbox("is read at each get, so that a secret replaced there is used at once", (self) =>
    Effect.gen(function* () {
      const file = self.write("key", "sk-old\n")
      const provider = yield* ApiKeyProvider.fromSource(ApiKeySource.file(file))
      assert.strictEqual(Redacted.value((yield* provider.get).value), "sk-old")
      writeFileSync(file, "sk-new\n")
      assert.strictEqual(Redacted.value((yield* provider.get).value), "sk-new")
    }).pipe(within(self), Effect.scoped)
  )

  inSandbox("is absent when there is none, and may start with ~/", (self) =>
    Effect.gen(function* () {
      expectTried(yield* error(self, ApiKeySource.file("~/key")), ["file ~/key"])
      self.write("home/key", "sk-1")
      assert.strictEqual(yield* get(self, ApiKeySource.file("~/key")), "sk-1")
      self.write("project/key", "sk-2")
      assert.strictEqual(yield* get(self, ApiKeySource.file("key")), "sk-2")
    })
  )

  inSandbox(
    "fails when it is there but is no key: a directory, a loop of links, empty, a FIFO's like, too large",
    (self) =>
      Effect.gen(function* () {
        mkdirSync(join(self.root, "folder"))
        self.link("loop-a", join(self.root, "loop-b"))
        self.link("loop-b", join(self.root, "loop-a"))
        const rows = [
          [join(self.root, "folder"), "EISDIR"],
          [join(self.root, "loop-a"), "ELOOP"],
          [self.write("empty", " \n"), "it is empty"],
          ["/dev/null", "not a plain file"],
          [join(self.write("plain", "x"), "below"), "ENOTDIR"],
          [self.write("large", "x".repeat(100_000)), "larger than 64 KiB"]
        ] as const
        for (const [file, code] of rows) {
          const failure = yield* error(self, ApiKeySource.file(file))
          assert(failure._tag === "SourceUnreadable", failure.message)
          assert.strictEqual(failure.code, code)
          assert.strictEqual(failure.path, file)
          assert.isNotEmpty(failure.hint)
        }
      })
  )

  it.scopedLive("fails when it may not be read", () =>
    Effect.gen(function* () {
      // Root may read everything, so the system's answer is played.
      const denied = new SystemError({ module: "FileSystem", method: "open", reason: "PermissionDenied" })
      const fs = yield* FileSystem.FileSystem
      const provider = yield* ApiKeyProvider.fromSource(ApiKeySource.file("/secret")).pipe(
        Effect.provideService(FileSystem.FileSystem, { ...fs, stat: () => Effect.fail(denied) })
      )
      const failure = yield* Effect.flip(provider.get)
      assert(failure._tag === "SourceUnreadable")
      assert.strictEqual(failure.code, "EACCES")
    }).pipe((test) => Effect.flatMap(sandbox, (self) => within(self)(test)))
  )

  inSandbox("that others may read is one warning, with strict an error", (self) =>
    Effect.gen(function* () {
      const warnings: Array<string> = []
      const log = Logger.replace(
        Logger.defaultLogger,
        Logger.make(({ message }) => void warnings.push(String(message)))
      )
      const file = self.write("key", "sk-1", 0o644)
      const source = ApiKeySource.file(file)
      for (let time = 0; time < 3; time++) {
        assert.strictEqual(yield* Effect.provide(get(self, source), log), "sk-1")
      }
      assert.strictEqual(warnings.length, 1)
      assert.include(warnings[0], file)
      assert.include(warnings[0], "chmod 600")
      const failure = yield* error(self, ApiKeySource.file(file, { strict: true }))
      assert(failure._tag === "InsecurePermissions")
      assert.strictEqual(failure.mode, "0644")
      chmodSync(file, 0o600)
      assert.strictEqual(yield* get(self, ApiKeySource.file(file, { strict: true })), "sk-1")
    })
  )
})

describe("an entry of auth.json", () => {
  const hour = 3_600_000
  inSandbox("is the API key, the access token while it lives, or the well-known server's token", (self) =>
    Effect.gen(function* () {
      expectTried(yield* error(self, ApiKeySource.auth("anthropic")), ["auth.json entry anthropic"])
      self.write("home/.local/share/opencode/auth.json", {
        anthropic: { type: "api", key: "sk-api" },
        oauth: { type: "oauth", refresh: "r", access: "at-1", expires: Date.now() + hour },
        old: { type: "oauth", refresh: "r", access: "at-2", expires: Date.now() - hour },
        endless: { type: "oauth", refresh: "r", access: "at-3", expires: 0 },
        "https://w.example": { type: "wellknown", key: "W_TOKEN", token: "w-1" },
        blank: { type: "api", key: " " },
        broken: { type: "api" }
      })
      assert.strictEqual(yield* get(self, ApiKeySource.auth("anthropic")), "sk-api")
      assert.strictEqual(yield* get(self, ApiKeySource.auth("oauth")), "at-1")
      assert.strictEqual(yield* get(self, ApiKeySource.auth("endless")), "at-3")
      assert.strictEqual(yield* get(self, ApiKeySource.auth("https://w.example")), "w-1")
      assert.strictEqual((yield* error(self, ApiKeySource.auth("old")))._tag, "ExpiredOnArrival")
      expectTried(yield* error(self, ApiKeySource.auth("blank")), ["auth.json entry blank"])
      expectTried(yield* error(self, ApiKeySource.auth("broken")), ["auth.json entry broken"])
    })
  )

  inSandbox("tells when the access token ends", (self) =>
    Effect.gen(function* () {
      const expires = Date.now() + hour
      self.write("home/.local/share/opencode/auth.json", { x: { type: "oauth", refresh: "r", access: "a", expires } })
      const provider = yield* ApiKeyProvider.fromSource(ApiKeySource.auth("x"))
      const { expiresAt } = yield* provider.get
      assert.strictEqual(Option.getOrThrow(expiresAt).epochMillis, expires)
    }).pipe(within(self), Effect.scoped)
  )

  inSandbox(
    "of a file that others may read is an error with strict, and one of a file that is no JSON always",
    (self) =>
      Effect.gen(function* () {
        self.write("home/.local/share/opencode/auth.json", { a: { type: "api", key: "sk" } }, 0o640)
        assert.strictEqual((yield* error(self, ApiKeySource.auth("a", { strict: true })))._tag, "InsecurePermissions")
        rmSync(self.authFile)
        self.write("home/.local/share/opencode/auth.json", "{\n nonsense")
        const failure = yield* error(self, ApiKeySource.auth("a"))
        assert(failure._tag === "ConfigInvalid")
        assert.strictEqual(failure.file, self.authFile)
        assert.strictEqual(failure.line, 2)
      })
  )
})

describe("a command", () => {
  inSandbox("runs with all the options of its source", (self) =>
    Effect.gen(function* () {
      const source = ApiKeySource.command(["sh", "-c", `printf '{"data":{"key":"%s%s"}}' "$WHO" "$(pwd)"`], {
        env: { WHO: "me-" },
        cwd: self.home,
        format: { name: "json", field: "data.key" }
      })
      assert.strictEqual(yield* get(self, source), `me-${self.home}`)
      assert.strictEqual((yield* error(self, ApiKeySource.command(["no-such-helper"])))._tag, "CommandNotFound")
    })
  )
})

// --- the first of several

type State = "present" | "absent" | "failing"
const arbitraryStates = fc.array(fc.constantFrom<State>("present", "absent", "failing"), { minLength: 1, maxLength: 6 })

const providerIn = (state: State, index: number): ApiKeyProvider.Provider =>
  ApiKeyProvider.make({
    get:
      state === "present"
        ? Effect.succeed(ApiKey.make({ value: `key-${index}` }))
        : Effect.fail(
            state === "absent"
              ? new KeyNotConfigured({ provider: "openai", tried: [`source ${index}`] })
              : new SourceUnreadable({ source: "file", path: `/source/${index}`, code: "EIO" })
          )
  })

/** The table: absence lets the next try, failure only with "next". */
const expected = (states: ReadonlyArray<State>, onFailure: "stop" | "next"): string => {
  const decides = states.findIndex((state) => state === "present" || (state === "failing" && onFailure === "stop"))
  const firstFailing = states.indexOf("failing")
  if (decides >= 0 && states[decides] === "present") return `key-${decides}`
  if (decides >= 0) return `failed /source/${decides}`
  if (firstFailing >= 0) return `failed /source/${firstFailing}`
  return `tried ${states.map((_, index) => `source ${index}`).join(", ")}`
}

const outcome = (provider: ApiKeyProvider.Provider) =>
  Effect.match(provider.get, {
    onSuccess: (key) => Redacted.value(key.value),
    onFailure: (failure) =>
      failure._tag === "KeyNotConfigured"
        ? `tried ${failure.tried.join(", ")}`
        : failure._tag === "SourceUnreadable"
          ? `failed ${failure.path}`
          : failure._tag
  })

describe("the first of several", () => {
  it("is the one that the table gives, for any of them present, absent and failing", () =>
    fc.assert(
      fc.asyncProperty(
        arbitraryStates,
        fc.constantFrom("stop" as const, "next" as const),
        async (states, onFailure) => {
          const provider = ApiKeyProvider.fromFirstOf(states.map(providerIn), { provider: "openai", onFailure })
          assert.strictEqual(await Effect.runPromise(outcome(provider)), expected(states, onFailure))
        }
      ),
      { numRuns: 500 }
    ))

  it("is the same of real sources, nested as one likes", () =>
    fc.assert(
      fc.asyncProperty(
        arbitraryStates,
        fc.constantFrom("stop" as const, "next" as const),
        fc.nat(6),
        (states, onFailure, cut) =>
          Effect.runPromise(
            Effect.gen(function* () {
              const self = yield* sandbox
              const sources = states.map((state, index): ApiKeySource.ApiKeySource => {
                if (state === "present") return ApiKeySource.literal(`key-${index}`)
                if (state === "absent") return ApiKeySource.env(`source_${index}`)
                mkdirSync(join(self.root, "source", String(index)), { recursive: true })
                return ApiKeySource.file(join(self.root, "source", String(index)))
              })
              const [head, ...tail] = sources
              assert(head !== undefined)
              const [inner, ...rest] = tail.slice(cut)
              const nested =
                inner === undefined
                  ? ApiKeySource.firstOf([head, ...tail], { onFailure })
                  : ApiKeySource.firstOf(
                      [head, ...tail.slice(0, cut), ApiKeySource.firstOf([inner, ...rest], { onFailure })],
                      { onFailure }
                    )
              const got = yield* outcome(yield* ApiKeyProvider.fromSource(nested).pipe(within(self)))
              const told = got.replaceAll("environment variable source_", "source ").replaceAll(self.root, "")
              assert.strictEqual(told, expected(states, onFailure))
            }).pipe(Effect.scoped)
          )
      ),
      { numRuns: 60 }
    ))

  it.effect("hands a refused key to the one that gave it, and has its status", () =>
    Effect.gen(function* () {
      const provider = ApiKeyProvider.fromFirstOf([
        providerIn("absent", 0),
        providerIn("present", 1),
        providerIn("present", 2)
      ])
      yield* provider.reject(yield* provider.get)
      assert.strictEqual((yield* provider.status).state, "rejected")
      assert.strictEqual((yield* provider.status).rejections, 1)
    })
  )
})

// --- layers

describe("layers", () => {
  const keyOf = <E, R>(layer: Layer.Layer<ApiKeyProvider.ApiKeyProvider, E, R>) =>
    ApiKeyProvider.ApiKeyProvider.pipe(
      Effect.flatMap(({ get: key }) => key),
      Effect.map((key) => Redacted.value(key.value)),
      Effect.provide(layer)
    )

  inSandbox("layer, layerFile, layerAuth, layerFirstOf, layerConfig give the key of their source", (self) =>
    Effect.gen(function* () {
      const file = self.write("key", "sk-file")
      self.write("home/.local/share/opencode/auth.json", { x: { type: "api", key: "sk-auth" } })
      assert.strictEqual(yield* keyOf(ApiKeyProvider.layer(ApiKeySource.literal("sk-1"))), "sk-1")
      assert.strictEqual(yield* keyOf(ApiKeyProvider.layerFile(file, { strict: true })), "sk-file")
      assert.strictEqual(yield* keyOf(ApiKeyProvider.layerAuth("x")), "sk-auth")
      const first = ApiKeyProvider.layerFirstOf([
        ApiKeyProvider.layerFile("/no/such/file"),
        ApiKeyProvider.layerAuth("x"),
        ApiKeyProvider.layerFile(file)
      ])
      assert.strictEqual(yield* keyOf(first), "sk-auth")
      const configured = ApiKeyProvider.layerConfig(ApiKeySource.config("openai"))
      const inEnvironment = ConfigProvider.fromMap(new Map([["OPENAI_API_KEY_FILE", file]]))
      assert.strictEqual(yield* Effect.withConfigProvider(keyOf(configured), inEnvironment), "sk-file")
      const missing = yield* Effect.flip(
        Effect.withConfigProvider(keyOf(configured), ConfigProvider.fromMap(new Map()))
      )
      assert.include(String(missing), "OPENAI_API_KEY")
    }).pipe(within(self), Effect.scoped)
  )
})
