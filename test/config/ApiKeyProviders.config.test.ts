import { readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ApiKeyProvider } from "../../src/ApiKeyProvider.js"
import * as ApiKeyProviders from "../../src/ApiKeyProviders.js"
import * as ApiKeySource from "../../src/ApiKeySource.js"
import * as HelperPolicy from "../../src/HelperPolicy.js"
import { trustFile } from "../support/attempt.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const key = Effect.flatMap(ApiKeyProvider, ({ get }) => Effect.map(get, (it) => Redacted.value(it.value)))

describe("ApiKeyProviders from configuration", () => {
  it.scopedLive("layerConfig has a provider an id, and equal commands share a run", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const program = self.write("bin/count", `#!/bin/sh\n: > '${self.marks}/'$$\necho sk-shared\n`, 0o755)
      const env = new Map([
        ["OPENAI_API_KEY", "sk-openai"],
        ["A_API_KEY_COMMAND", JSON.stringify([program])],
        ["B_API_KEY_COMMAND", JSON.stringify([program])]
      ])
      const layer = ApiKeyProviders.layerConfig({
        openai: ApiKeySource.config("openai"),
        a: ApiKeySource.config("a"),
        b: ApiKeySource.config("b")
      })
      const keys = yield* Effect.forEach(["openai", "a", "b"], (id) =>
        Effect.provide(key, ApiKeyProviders.layerFor(id))
      ).pipe(Effect.provide(layer), Effect.withConfigProvider(ConfigProvider.fromMap(env)), within(self))
      assert.deepStrictEqual(keys, ["sk-openai", "sk-shared", "sk-shared"])
      assert.strictEqual(readdirSync(self.marks).length, 1)
      const missing = yield* Effect.flip(
        Layer.build(layer).pipe(Effect.withConfigProvider(ConfigProvider.fromMap(new Map())), within(self))
      )
      assert.include(String(missing), "OPENAI_API_KEY")
    })
  )

  it.scopedLive("layerFiles has those that the files name, and a bad entry takes only its own down", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
        providers: { good: { key: { literal: "sk-good" } }, bad: { key: { command: "op read x" } } }
      })
      self.write("project/effect-apikey.jsonc", { providers: { evil: { key: { command: ["true"] } } } })
      yield* Effect.gen(function* () {
        assert.deepStrictEqual((yield* ApiKeyProviders.ApiKeyProviders).ids, ["evil", "good", "bad"])
        assert.strictEqual(yield* Effect.provide(key, ApiKeyProviders.layerFor("good")), "sk-good")
        const bad = yield* Effect.flip(Effect.provide(key, ApiKeyProviders.layerFor("bad")))
        assert.strictEqual(bad._tag, "ConfigInvalid")
        const evil = yield* Effect.flip(Effect.provide(key, ApiKeyProviders.layerFor("evil")))
        assert.strictEqual(evil._tag, "CommandNotTrusted")
        const nobody = yield* Effect.flip(Effect.provide(key, ApiKeyProviders.layerFor("nobody")))
        assert.strictEqual(nobody._tag, "KeyNotConfigured")
      }).pipe(Effect.provide(ApiKeyProviders.layerFiles()), within(self))
    })
  )

  const counting = (self: Sandbox): string =>
    self.write("bin/count", `#!/bin/sh\necho "$EFFECT_APIKEY_PROVIDER" > '${self.marks}/'$$\necho sk-$$\n`, 0o755)
  const runs = (self: Sandbox) => readdirSync(self.marks).map((mark) => readFileSync(join(self.marks, mark), "utf8"))
  const user = "home/.config/effect-apikey/effect-apikey.jsonc"

  it.scopedLive("layerFiles: equal commands share one cache and one run, wherever they are written", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const program = counting(self)
      self.env["A_API_KEY_COMMAND"] = JSON.stringify({ argv: [program], retries: 1, cwd: self.home })
      self.write(user, {
        providers: {
          b: { key: { command: { retries: 1, argv: [program] } } },
          c: { key: { firstOf: [{ env: "NOT_SET" }, { command: { argv: [program], retries: 1 } }] } },
          other: { key: { command: { argv: [program], retries: 2 } } }
        }
      })
      yield* Effect.gen(function* () {
        const providers = yield* ApiKeyProviders.ApiKeyProviders
        const ids = ["a", "b", "c"]
        const all = yield* Effect.forEach(ids, providers.get)
        const keys = yield* Effect.all(
          [...all, ...all].map(({ get }) => get),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(keys).size, 1)
        assert.deepStrictEqual(runs(self), ["a,b,c\n"])
        assert.deepStrictEqual(
          (yield* Effect.forEach(all, ({ status }) => status)).map(({ provider, runs, state }) => [
            provider,
            runs,
            state
          ]),
          ids.map((id) => [id, 1, "fresh"])
        )
        for (const { reject } of all) yield* Effect.forEach(keys, (key) => reject(key))
        const next = yield* Effect.all(
          all.map(({ get }) => get),
          { concurrency: "unbounded" }
        )
        assert.strictEqual(new Set(next).size, 1)
        assert.strictEqual(runs(self).length, 2)
        yield* Effect.flatMap(providers.get("other"), ({ get }) => get)
        assert.deepStrictEqual(runs(self).sort(), ["a,b,c\n", "a,b,c\n", "other\n"])
      }).pipe(Effect.provide(ApiKeyProviders.layerFiles({ ids: ["a", "b", "c", "other"] })), within(self))
    })
  )

  it.scopedLive(
    "layerFiles: of a shared key a project gets nothing before trust, and nothing more once that is gone",
    () =>
      Effect.gen(function* () {
        const self = yield* sandbox
        const program = counting(self)
        self.write(user, { providers: { a: { key: { command: [program] } }, b: { key: { command: [program] } } } })
        const file = self.write("project/effect-apikey.jsonc", {
          providers: { b: { baseUrl: "https://evil.example" } }
        })
        yield* Effect.gen(function* () {
          const providers = yield* ApiKeyProviders.ApiKeyProviders
          const [a, b] = yield* Effect.all([providers.get("a"), providers.get("b")])
          assert.strictEqual((yield* Effect.flip(b.get))._tag, "CommandNotTrusted")
          assert.deepStrictEqual(runs(self), [], "it starts no run either")
          const key = yield* a.get
          assert.strictEqual((yield* Effect.flip(b.get))._tag, "CommandNotTrusted")
          const status = yield* b.status
          assert.deepInclude(status, { provider: "b", state: "failing" })
          assert.strictEqual(Option.getOrUndefined(status.lastFailure)?._tag, "CommandNotTrusted")
          yield* trustFile(self, file)
          assert.strictEqual(yield* b.get, key)
          assert.strictEqual(runs(self).length, 1)
          yield* HelperPolicy.revoke(file)
          const renewed = yield* a.refresh
          assert.notStrictEqual(renewed, key)
          assert.strictEqual((yield* Effect.flip(b.get))._tag, "CommandNotTrusted")
          assert.strictEqual(yield* a.get, renewed)
          assert.strictEqual(runs(self).length, 2)
        }).pipe(Effect.provide(ApiKeyProviders.layerFiles()), within(self))
      })
  )
})
