import { readFileSync } from "node:fs"
import { assert, describe, it } from "@effect/vitest"
import { generateText } from "ai"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ApiKeyProviders from "../../src/ApiKeyProviders.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import type { RefusedWhen } from "../../src/internal/model/refusal.js"
import { createApiKeyProvider } from "../../src/Promise.js"
import * as AiSdk from "../../src/sdk/AiSdk.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import { withConfig } from "../opencode/open.js"
import { type Handler, json, loopback } from "../support/loopback.js"
import { model } from "../support/model.js"
import { type Sandbox, sandbox, within } from "../support/sandbox.js"

const refusedWhen: RefusedWhen = [{ status: 409, body: { pointer: "/reason", value: "stale" } }]

/** A helper that prints sk-1, then sk-2, and so on. */
const counting = (self: Sandbox): string =>
  self.write(
    "bin/count",
    `#!/bin/sh\necho x >> '${self.marks}/n'\necho sk-$(wc -l < '${self.marks}/n' | tr -d ' ')\n`,
    0o755
  )

/** Refuses every key but sk-2, in a way that only a rule knows. */
const stale =
  (then: Handler): Handler =>
  (request, response, count) =>
    request.headers["authorization"] === "Bearer sk-2"
      ? then(request, response, count)
      : json(response, 409, { reason: "stale" })

const ok: Handler = (_, response) => json(response, 200, {})
const status = (fetch: typeof globalThis.fetch, url: string) => Effect.promise(() => fetch(url).then((it) => it.status))

describe("refusedWhen renews the key", () => {
  it.scopedLive("in effect-apikey.jsonc", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const server = yield* loopback(stale(ok))
      const key = { command: [counting(self)] }
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
        providers: { gw: { key, refusedWhen }, plain: { key } }
      })
      yield* Effect.gen(function* () {
        const providers = yield* ApiKeyProviders.ApiKeyProviders
        for (const [id, seen] of [
          ["plain", 409],
          ["gw", 200]
        ] as const) {
          const fetch = Fetch.makeWith(yield* providers.get(id), { baseUrl: server.origin })
          assert.strictEqual(yield* status(fetch, server.origin), seen)
        }
      }).pipe(Effect.provide(ApiKeyProviders.layerFiles()), within(self))
    })
  )

  it.scopedLive("in effect-apikey.jsonc: wrong rules are an error of their entry, at their place", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const wrong = [{ status: 409, body: { pointer: "/reason" } }]
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", {
        providers: { gw: { key: { literal: "sk-1" }, refusedWhen: wrong } }
      })
      const error = yield* Effect.gen(function* () {
        return yield* Effect.flip((yield* (yield* ApiKeyProviders.ApiKeyProviders).get("gw")).get)
      }).pipe(Effect.provide(ApiKeyProviders.layerFiles()), within(self))
      assert.strictEqual(error._tag, "ConfigInvalid")
      assert.include(error.message, "pointer")
    })
  )

  it.scopedLive("in effect-apikey.jsonc: a project's rules for the user's key need trust", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      self.write("home/.config/effect-apikey/effect-apikey.jsonc", { providers: { gw: { key: { literal: "sk-1" } } } })
      self.write("project/effect-apikey.jsonc", { providers: { gw: { refusedWhen } } })
      const error = yield* Effect.gen(function* () {
        return yield* Effect.flip((yield* (yield* ApiKeyProviders.ApiKeyProviders).get("gw")).get)
      }).pipe(Effect.provide(ApiKeyProviders.layerFiles()), within(self))
      assert.strictEqual(error._tag, "CommandNotTrusted")
    })
  )

  it.scopedLive("in opencode.json, and opencode's SDK does not see it", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const server = yield* loopback(stale(ok))
      const options = { baseURL: server.origin, apiKeyCommand: [counting(self)], refusedWhen }
      const user = { provider: { gw: { options } } }
      yield* Effect.promise(() =>
        withConfig(user, async (open) => {
          const opened = await open("project", JSON.parse(JSON.stringify(user)))
          assert.notProperty(opened.options, "refusedWhen")
          assert.strictEqual(await opened.ask(server.origin), "{}")
          await opened.hooks.dispose?.()
        })
      )
      assert.strictEqual(readFileSync(`${self.marks}/n`, "utf8"), "x\nx\n")
    })
  )

  it.scopedLive("in AiSdk.get", () =>
    Effect.gen(function* () {
      const self = yield* sandbox
      const server = yield* loopback(stale(model()))
      const options = { baseURL: `${server.origin}/v1`, apiKeyCommand: [counting(self)], refusedWhen }
      const sdk = yield* AiSdk.get({ npm: "@ai-sdk/openai-compatible", options })
      const { text } = yield* Effect.promise(() =>
        generateText({ model: sdk.languageModel("m"), prompt: "question", maxRetries: 0 })
      )
      assert.strictEqual(text, "hello")
      const wrong = { npm: "@ai-sdk/openai-compatible", options: { ...options, refusedWhen: "409" } }
      assert.strictEqual((yield* Effect.flip(AiSdk.get(wrong)))._tag, "ConfigInvalid")
    }).pipe(Effect.provide(AiSdk.layerRegistry.pipe(Layer.provide(HelperExecutor.layer))))
  )

  for (const place of ["the provider", "its fetch"] as const) {
    it.scopedLive(`in the Promise API: an option of ${place}`, () =>
      Effect.gen(function* () {
        const self = yield* sandbox
        const server = yield* loopback(stale(ok))
        const provider = createApiKeyProvider([counting(self)], place === "the provider" ? { refusedWhen } : {})
        const fetch = provider.fetch({ baseUrl: server.origin, ...(place === "its fetch" ? { refusedWhen } : {}) })
        assert.strictEqual(yield* status(fetch, server.origin), 200)
        yield* Effect.promise(provider.dispose)
      })
    )
  }

  it.scopedLive("in the Promise API: wrong rules are the error of the first get", () =>
    Effect.gen(function* () {
      const wrong: { readonly refusedWhen: RefusedWhen } = JSON.parse('{ "refusedWhen": [{ "status": 200 }] }')
      const provider = createApiKeyProvider({ literal: "sk-1" }, wrong)
      const error = yield* Effect.promise(() =>
        provider.get().then(
          () => undefined,
          (cause: unknown) => cause
        )
      )
      assert.include(String(error), "refusedWhen")
      yield* Effect.promise(provider.dispose)
    })
  )
})
