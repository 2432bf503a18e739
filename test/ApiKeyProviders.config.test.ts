import { readdirSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { ApiKeyProvider } from "../src/ApiKeyProvider.js"
import * as ApiKeyProviders from "../src/ApiKeyProviders.js"
import * as ApiKeySource from "../src/ApiKeySource.js"
import { sandbox, within } from "./support/sandbox.js"

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
})
