import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpClient from "@effect/platform/HttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import OpenAI from "openai"
import * as ApiKey from "../../src/ApiKey.js"
import { EmptyOutput, fromCause } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as ApiKeyCache from "../../src/internal/cache/ApiKeyCache.js"
import * as EffectAi from "../../src/sdk/EffectAi.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import * as ApiKeyHttpClient from "../../src/sdk/HttpClient.js"
import { guarded, json, type Loopback, loopback } from "../support/loopback.js"
import { shown } from "../support/observe.js"

interface Rotating {
  readonly provider: ApiKeyProvider.Provider
  readonly runs: () => number
}

/** Brings `token-1`, `token-2`, …: a renewal always brings another key. */
const rotating: Effect.Effect<Rotating, never, Scope.Scope> = Effect.suspend(() => {
  let runs = 0
  return Effect.map(
    ApiKeyCache.make({
      provider: "test",
      program: "get-token",
      format: "text",
      mayPrompt: false,
      fetch: () => Effect.sync(() => ApiKey.make({ value: `token-${++runs}` }))
    }),
    (provider) => ({ provider, runs: () => runs })
  )
})

const completion = {
  id: "chat-1",
  object: "chat.completion",
  created: 1,
  model: "stand-in",
  choices: [{ index: 0, message: { role: "assistant", content: "hello", refusal: null }, finish_reason: "stop" }]
}

/** Knows one key, and says 401 to all others. */
const gateway = (valid: string): Effect.Effect<Loopback, never, Scope.Scope> =>
  loopback(guarded([valid], (_, response) => json(response, 200, completion)))

const authorizations = ({ seen }: Loopback): ReadonlyArray<string | undefined> =>
  seen.map(({ headers }) => headers["authorization"])

describe("a 401 renews once", () => {
  it.scopedLive("in fetch: the request is sent once more with the fresh key, its body too", () =>
    Effect.gen(function* () {
      const { provider, runs } = yield* rotating
      const server = yield* gateway("token-2")
      const fetch = Fetch.makeWith(provider, { baseUrl: server.origin })
      const response = yield* Effect.promise(() => fetch(`${server.origin}/v1`, { method: "POST", body: "question" }))
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(authorizations(server), ["Bearer token-1", "Bearer token-2"])
      assert.deepStrictEqual(
        server.seen.map(({ body }) => body),
        ["question", "question"]
      )
      assert.strictEqual(runs(), 2)
    })
  )

  it.scopedLive("in the openai SDK, whose placeholder is sent nowhere", () =>
    Effect.gen(function* () {
      const { provider } = yield* rotating
      const server = yield* gateway("token-2")
      const client = new OpenAI({
        baseURL: server.origin,
        apiKey: Fetch.placeholder,
        fetch: Fetch.makeWith(provider, { baseUrl: server.origin })
      })
      const answer = yield* Effect.promise(() =>
        client.chat.completions.create({ model: "stand-in", messages: [{ role: "user", content: "hi" }] })
      )
      assert.strictEqual(answer.choices[0]?.message.content, "hello")
      assert.deepStrictEqual(authorizations(server), ["Bearer token-1", "Bearer token-2"])
      assert.notInclude(JSON.stringify(server.seen), Fetch.placeholder)
    })
  )

  it.scopedLive("in @effect/platform's HttpClient", () =>
    Effect.gen(function* () {
      const { provider } = yield* rotating
      const server = yield* gateway("token-2")
      const client = (yield* HttpClient.HttpClient).pipe(
        ApiKeyHttpClient.withApiKey(provider, { baseUrl: server.origin })
      )
      const response = yield* client.get(`${server.origin}/v1/models`)
      assert.strictEqual(response.status, 200)
      assert.deepStrictEqual(authorizations(server), ["Bearer token-1", "Bearer token-2"])
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )

  it.scopedLive("in @effect/ai's OpenAI client, under its URL prefix", () =>
    Effect.gen(function* () {
      const { provider } = yield* rotating
      const server = yield* gateway("token-2")
      const layer = EffectAi.layerOpenAi({ apiUrl: `${server.origin}/v1` }).pipe(
        Layer.provide([FetchHttpClient.layer, Layer.succeed(ApiKeyProvider.ApiKeyProvider, provider)])
      )
      const answer = yield* OpenAiClient.OpenAiClient.pipe(
        Effect.flatMap(({ client }) =>
          client.createChatCompletion({ model: "gpt-4o", messages: [{ role: "user", content: "hi" }] })
        ),
        Effect.provide(layer),
        Effect.either
      )
      assert.deepStrictEqual(authorizations(server), ["Bearer token-1", "Bearer token-2"])
      assert.deepStrictEqual(new Set(server.seen.map(({ path }) => path)), new Set(["/v1/chat/completions"]))
      assert.isTrue(Either.isRight(answer) || !shown(answer.left).includes("token-2"))
    })
  )

  it.scopedLive("but never a third time", () =>
    Effect.gen(function* () {
      const { provider, runs } = yield* rotating
      const server = yield* gateway("none")
      const fetch = Fetch.makeWith(provider, { baseUrl: server.origin })
      const response = yield* Effect.promise(() => fetch(server.origin))
      assert.strictEqual(response.status, 401)
      assert.include(yield* Effect.promise(() => response.text()), "invalid_api_key")
      assert.strictEqual(server.seen.length, 2)
      assert.strictEqual(runs(), 2)
    })
  )
})

describe("a key goes only where it belongs", () => {
  it.scopedLive("a request to another origin carries none, nor does a redirect to one", () =>
    Effect.gen(function* () {
      const { provider } = yield* rotating
      const other = yield* gateway("token-1")
      const own = yield* loopback((_, response) => json(response, 307, {}, { location: `${other.origin}/stolen` }))
      for (const name of ["bearer", "x-api-key", "x-goog-api-key", "api-key"] as const) {
        const scheme = name === "bearer" ? name : { header: name }
        const fetch = Fetch.makeWith(provider, { baseUrl: own.origin, scheme })
        yield* Effect.promise(() => fetch(other.origin))
        yield* Effect.promise(() => fetch(own.origin))
      }
      assert.strictEqual(other.seen.length, 8)
      assert.notInclude(JSON.stringify(other.seen), "token-")
      assert.include(JSON.stringify(own.seen), "token-1")
    })
  )
})

describe("a failure to get a key", () => {
  const failing = ApiKeyProvider.make({ get: Effect.fail(new EmptyOutput({ command: "get-token", stderr: "" })) })

  it.scopedLive("is what fetch rejects with, and nothing is sent", () =>
    Effect.gen(function* () {
      const server = yield* gateway("token-1")
      const fetch = Fetch.makeWith(failing, { baseUrl: server.origin })
      const error = yield* Effect.promise(() => fetch(server.origin).catch((cause: unknown) => cause))
      assert.instanceOf(error, EmptyOutput)
      assert.strictEqual(server.seen.length, 0)
    })
  )

  it.scopedLive("keeps its type through HttpClient, and is found inside @effect/ai's error", () =>
    Effect.gen(function* () {
      const server = yield* gateway("token-1")
      const client = (yield* HttpClient.HttpClient).pipe(
        ApiKeyHttpClient.withApiKey(failing, { baseUrl: server.origin })
      )
      const error = yield* Effect.flip(client.get(server.origin))
      assert.strictEqual(error._tag, "EmptyOutput")
      const ai = yield* EffectAi.makeOpenAiWith(failing, { apiUrl: server.origin })
      const aiError = yield* Effect.flip(ai.createResponse({ model: "gpt-5", input: "hi" }))
      assert.deepStrictEqual(
        Option.map(fromCause(aiError), ({ _tag }) => _tag),
        Option.some("EmptyOutput")
      )
      assert.strictEqual(server.seen.length, 0)
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})
