// What must not compile here must not, and the errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off floatingEffect:off missingEffectContext:off missingLayerContext:off
/** What is particular to one client: how it tells of a failing helper, MCP, WebSocket, types, and what loads what. */
import { execFile } from "node:child_process"
import { createServer, type IncomingHttpHeaders } from "node:http"
import { connect } from "node:net"
import { fileURLToPath } from "node:url"
import { inspect, promisify } from "node:util"
import {
  type AmazonBedrockProvider,
  type AmazonBedrockProviderSettings,
  createAmazonBedrock
} from "@ai-sdk/amazon-bedrock"
import { createOpenAI, type OpenAIProviderSettings } from "@ai-sdk/openai"
import Anthropic_, { type ClientOptions as AnthropicOptions } from "@anthropic-ai/sdk"
import * as EffectAnthropic from "@effect/ai-anthropic/AnthropicClient"
import * as GoogleClient from "@effect/ai-google/GoogleClient"
import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as OpenRouterClient from "@effect/ai-openrouter/OpenRouterClient"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import type { HttpClient } from "@effect/platform/HttpClient"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import { assert, beforeAll, describe, expectTypeOf, it, vi } from "@effect/vitest"
import { Client } from "@modelcontextprotocol/sdk/client/index.js"
import { StreamableHTTPClientTransport } from "@modelcontextprotocol/sdk/client/streamableHttp.js"
import { generateText } from "ai"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Struct from "effect/Struct"
import OpenAI, { AzureOpenAI, type ClientOptions } from "openai"
import type { AzureClientOptions } from "openai/azure"
import { OpenAIRealtimeWebSocket } from "openai/realtime/websocket"
import { OpenAIRealtimeWS } from "openai/realtime/ws"
import { WebSocket, WebSocketServer } from "ws"
import * as ApiKey from "../../src/ApiKey.js"
import { EmptyOutput, fromCause } from "../../src/ApiKeyError.js"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"
import * as AiSdk from "../../src/sdk/AiSdk.js"
import * as AmazonBedrock from "../../src/sdk/AmazonBedrock.js"
import * as Anthropic from "../../src/sdk/Anthropic.js"
import * as AzureOpenAi from "../../src/sdk/AzureOpenAi.js"
import * as EffectAi from "../../src/sdk/EffectAi.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import * as OpenAi from "../../src/sdk/OpenAi.js"
import * as Testing from "../../src/testing.js"
import { guarded, json, loopback } from "../support/loopback.js"
import { model } from "../support/model.js"
import { shown } from "../support/observe.js"

const failing = new EmptyOutput({ command: "op", stderr: "" })
const messages = [{ role: "user" as const, content: "question" }]
const failureOf = (run: () => Promise<unknown>) =>
  Effect.promise(() =>
    run().then(
      () => undefined,
      (error: unknown) => error
    )
  )

describe("a failing helper", () => {
  it.scopedLive("is an OpenAIError with the typed error as its cause, from one run", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider([failing])
      const client = OpenAi.makeWith(provider, { baseURL: "http://127.0.0.1:9" })
      const error = yield* failureOf(() => client.chat.completions.create({ model: "m", messages }))
      assert.instanceOf(error, OpenAI.OpenAIError)
      assert.strictEqual(Option.getOrThrow(fromCause(error))._tag, "EmptyOutput")
      assert.include(String(error), failing.message)
      assert.strictEqual((yield* provider.status).runs, 1)
    })
  )

  const bad = Effect.succeed(ApiKey.make({ value: "very-secret\nkey" }))
  const providers = {
    "a command's": Testing.provider([failing]),
    "a provider's of one's own": Effect.succeed(ApiKeyProvider.make({ get: Effect.fail(failing) })),
    "a key that no header can carry": Effect.succeed(ApiKeyProvider.make({ get: bad })),
    "with a status that takes its time": Effect.map(Testing.provider([failing]), (provider) =>
      ApiKeyProvider.make({ get: provider.get, status: Effect.delay(provider.status, "1 millis") })
    )
  }
  for (const [name, made] of Object.entries(providers)) {
    it.scopedLive(`is told at once by openai, Azure and Anthropic, without any retry: ${name}`, () =>
      Effect.gen(function* () {
        let sent = 0
        const fetch = () => {
          sent++
          return Promise.reject(new TypeError("fetch failed"))
        }
        const baseURL = "http://127.0.0.1:9"
        const question = { model: "m", messages }
        const provider = yield* made
        const openAi = OpenAi.makeWith(provider, { baseURL, fetch, maxRetries: 0 })
        const azure = AzureOpenAi.makeWith(provider, { endpoint: baseURL, apiVersion: "1", deployment: "m", fetch })
        const anthropic = Anthropic.makeWith(provider, { baseURL, fetch })
        const expected = name.startsWith("a key") ? "InvalidOutput" : "EmptyOutput"
        for (const ask of [
          () => openAi.chat.completions.create(question),
          () => openAi.withOptions({ maxRetries: 1 }).chat.completions.create(question),
          () => azure.chat.completions.create(question),
          () => anthropic.messages.create({ ...question, max_tokens: 9 })
        ]) {
          const error = yield* failureOf(ask)
          const typed = Option.getOrThrow(fromCause(error))
          assert.strictEqual(typed._tag, expected)
          assert.include(String(error), typed.message)
          if (name.startsWith("a key"))
            assert.match(String(error), /the key cannot be sent: expected .* a header can carry/)
          assert.notInclude(inspect(error, { depth: null, showHidden: true }), "very-secret")
        }
        assert.strictEqual(sent, 0)
      })
    )
  }

  it.scopedLive("is thrown as it is by Anthropic's client, at once", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider([failing])
      const client = Anthropic.makeWith(provider, { baseURL: "http://127.0.0.1:9" })
      assert.instanceOf(
        yield* failureOf(() => client.messages.create({ model: "m", max_tokens: 9, messages })),
        EmptyOutput
      )
      assert.strictEqual((yield* provider.status).runs, 1)
    })
  )

  it.scopedLive("is the cause of an AiError that is not Transport", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider([failing])
      const client = yield* EffectAi.makeOpenAiWith(provider, { apiUrl: "http://127.0.0.1:9" })
      const error = yield* Effect.flip(client.createEmbedding({ model: "m", input: "text" }))
      assert.deepInclude(error, { _tag: "HttpRequestError", reason: "Encode" })
      assert.strictEqual(Option.getOrThrow(fromCause(error))._tag, "EmptyOutput")
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
})

describe("a base URL that is none", () => {
  it.scopedLive("is told at once by openai, Azure and Anthropic, without any retry, and no helper runs", () =>
    Effect.gen(function* () {
      let sent = 0
      const fetch = () => {
        sent++
        return Promise.reject(new TypeError("fetch failed"))
      }
      const baseURL = "localhost:3000/v1"
      const question = { model: "m", messages }
      const provider = yield* Testing.provider(["sk-1"])
      const openAi = OpenAi.makeWith(provider, { baseURL, fetch })
      const azure = AzureOpenAi.makeWith(provider, { baseURL, apiVersion: "1", fetch })
      const anthropic = Anthropic.makeWith(provider, { baseURL, fetch })
      for (const ask of [
        () => openAi.chat.completions.create(question),
        () => openAi.withOptions({ timeout: 1_000 }).chat.completions.create(question),
        () => OpenAi.makeWith(provider, { baseURL: "nonsense", fetch }).chat.completions.create(question),
        () => azure.chat.completions.create(question),
        () => anthropic.messages.create({ ...question, max_tokens: 9 })
      ]) {
        const error = yield* failureOf(ask)
        assert.strictEqual(Option.getOrThrow(fromCause(error))._tag, "ConfigInvalid")
        assert.notInstanceOf(error, OpenAI.APIConnectionError)
        assert.notInstanceOf(error, Anthropic_.APIConnectionError)
        assert.include(String(error), "`baseURL` is not a URL")
      }
      assert.strictEqual(sent, 0)
      assert.strictEqual((yield* provider.status).runs, 0)
    })
  )
})

describe("a credential of the environment", () => {
  it.scopedLive("is neither taken, nor shown, by openai's clients", () =>
    Effect.gen(function* () {
      yield* Effect.acquireRelease(
        Effect.sync(() => {
          for (const name of ["OPENAI_API_KEY", "OPENAI_ADMIN_KEY", "AZURE_OPENAI_API_KEY"]) {
            vi.stubEnv(name, "very-secret")
          }
        }),
        () => Effect.sync(() => vi.unstubAllEnvs())
      )
      const server = yield* loopback(model())
      const provider = yield* Testing.provider(["sk-1"])
      const openAi = OpenAi.makeWith(provider, { baseURL: `${server.origin}/v1` })
      const azure = AzureOpenAi.makeWith(provider, { endpoint: server.origin, apiVersion: "1", deployment: "m" })
      assert.notInclude(shown([openAi, azure, openAi.withOptions({})]), "very-secret")
      yield* failureOf(() => openAi.admin.organization.projects.list())
      yield* failureOf(() => azure.chat.completions.create({ model: "m", messages }))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"] ?? headers["api-key"]),
        ["Bearer sk-1", "sk-1"]
      )
      assert.notInclude(JSON.stringify(server.seen), "very-secret")
    })
  )
})

describe("a layer", () => {
  it.scopedLive("gives the SDK's own client, over the provider of the context", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["sk-1"], model()))
      const layers = Layer.mergeAll(
        OpenAi.layer({ baseURL: `${server.origin}/v1` }),
        Anthropic.layer({ baseURL: server.origin }),
        EffectAi.layerOpenAi({ apiUrl: server.origin })
      ).pipe(Layer.provide(Testing.layer(["sk-1"])), Layer.provide(FetchHttpClient.layer))
      yield* Effect.gen(function* () {
        const openAi = yield* OpenAi.OpenAiClient
        const anthropic = yield* Anthropic.AnthropicClient
        yield* OpenAiClient.OpenAiClient
        assert.instanceOf(openAi, OpenAI)
        assert.instanceOf(anthropic, Anthropic_)
        const answer = yield* Effect.promise(() => openAi.chat.completions.create({ model: "m", messages }))
        assert.strictEqual(answer.choices[0]?.message.content, "hello")
        const message = yield* Effect.promise(() => anthropic.messages.create({ model: "m", max_tokens: 9, messages }))
        assert.strictEqual(message.content[0]?.type, "text")
      }).pipe(Effect.provide(layers))
    })
  )

  it.scopedLive("is built by its module's `make`, which takes the provider of the context", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["sk-1"], model()))
      const baseURL = `${server.origin}/v1`
      const openAi = yield* OpenAi.make({ baseURL })
      const azure = yield* AzureOpenAi.make({ endpoint: server.origin, apiVersion: "1", deployment: "m" })
      const anthropic = yield* Anthropic.make({ baseURL: server.origin })
      const sdk = yield* AiSdk.make(createOpenAI, { baseURL })
      const fetch = yield* Effect.provide(Fetch.FetchClient, Fetch.layer({ baseUrl: baseURL }))
      const question = { model: "m", messages }
      yield* Effect.promise(() => openAi.chat.completions.create(question))
      yield* Effect.promise(() => azure.chat.completions.create(question))
      yield* Effect.promise(() => anthropic.messages.create({ ...question, max_tokens: 9 }))
      yield* Effect.promise(() => generateText({ model: sdk.chat("m"), prompt: "question" }))
      yield* Effect.promise(() => fetch(baseURL))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"] ?? headers["api-key"] ?? headers["x-api-key"]),
        ["Bearer sk-1", "sk-1", "sk-1", "Bearer sk-1", "Bearer sk-1"]
      )
      assert.deepStrictEqual(yield* Fetch.headers(baseURL, { baseUrl: baseURL }), { authorization: "Bearer sk-1" })
      for (const make of [EffectAi.makeOpenAi, EffectAi.makeAnthropic, EffectAi.makeGoogle, EffectAi.makeOpenRouter]) {
        const { client } = yield* make({ apiUrl: server.origin })
        assert.isDefined(client)
      }
    }).pipe(Effect.provide([Testing.layer(["sk-1"]), FetchHttpClient.layer]))
  )

  const events = HttpClientRequest.post("/events", { body: HttpBody.text("question") })
  const Part = Schema.Struct({ text: Schema.String })
  const asked = {
    "@effect/ai-openai": (apiUrl: string) =>
      Effect.flatMap(OpenAiClient.OpenAiClient, (client) => Stream.runDrain(client.streamRequest(events, Part))).pipe(
        Effect.provide(EffectAi.layerOpenAi({ apiUrl }))
      ),
    "@effect/ai-anthropic": (apiUrl: string) =>
      Effect.flatMap(EffectAnthropic.AnthropicClient, (client) =>
        Stream.runDrain(client.streamRequest(events, Part))
      ).pipe(Effect.provide(EffectAi.layerAnthropic({ apiUrl }))),
    "@effect/ai-anthropic by bearer": (apiUrl: string) =>
      Effect.flatMap(EffectAnthropic.AnthropicClient, (client) =>
        Stream.runDrain(client.streamRequest(events, Part))
      ).pipe(Effect.provide(EffectAi.layerAnthropic({ apiUrl, scheme: "bearer" }))),
    "@effect/ai-google": (apiUrl: string) =>
      Effect.flatMap(GoogleClient.GoogleClient, (client) => Stream.runDrain(client.streamRequest(events, Part))).pipe(
        Effect.provide(EffectAi.layerGoogle({ apiUrl }))
      ),
    "@effect/ai-openrouter": (apiUrl: string) =>
      Effect.flatMap(OpenRouterClient.OpenRouterClient, (client) =>
        Stream.runDrain(
          client.createChatCompletionStream({ model: "m", messages: [{ role: "user", content: "question" }] })
        )
      ).pipe(Effect.provide(EffectAi.layerOpenRouter({ apiUrl })))
  }
  const carriers: Readonly<Record<keyof typeof asked, readonly [name: string, prefix: string]>> = {
    "@effect/ai-openai": ["authorization", "Bearer "],
    "@effect/ai-anthropic": ["x-api-key", ""],
    "@effect/ai-anthropic by bearer": ["authorization", "Bearer "],
    "@effect/ai-google": ["x-goog-api-key", ""],
    "@effect/ai-openrouter": ["authorization", "Bearer "]
  }
  for (const name of Struct.keys(asked)) {
    it.scopedLive(`of ${name} carries the key of the context's provider where that API has it, and renews it`, () =>
      Effect.gen(function* () {
        const server = yield* loopback(guarded(["sk-2"], model()))
        yield* asked[name](server.origin)
        const [header, prefix] = carriers[name]
        assert.deepStrictEqual(
          server.seen.map(({ headers }) => headers[header]),
          [`${prefix}sk-1`, `${prefix}sk-2`]
        )
      }).pipe(Effect.provide([Testing.layer(["sk-1", "sk-2"]), FetchHttpClient.layer]))
    )
  }

  it.scopedLive("of Azure's client sends the key of the context's provider as api-key, and renews it", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["sk-2"], model()))
      const layer = AzureOpenAi.layer({ endpoint: server.origin, apiVersion: "2024-10-21", deployment: "m" })
      const answer = yield* AzureOpenAi.AzureOpenAiClient.pipe(
        Effect.flatMap((azure) => Effect.promise(() => azure.chat.completions.create({ model: "m", messages }))),
        Effect.provide(layer)
      )
      assert.strictEqual(answer.choices[0]?.message.content, "hello")
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => [headers["api-key"], headers["authorization"]]),
        [
          ["sk-1", undefined],
          ["sk-2", undefined]
        ]
      )
    }).pipe(Effect.provide(Testing.layer(["sk-1", "sk-2"])))
  )

  it.scopedLive("of Azure's client sends a token of Entra ID as a bearer token, and renews it", () =>
    Effect.gen(function* () {
      const server = yield* loopback(guarded(["token-2"], model()))
      const provider = yield* Testing.provider(["token-1", "token-2"])
      const azure = AzureOpenAi.makeWith(provider, {
        endpoint: server.origin,
        apiVersion: "2024-10-21",
        deployment: "m",
        scheme: "bearer"
      })
      yield* Effect.promise(() => azure.chat.completions.create({ model: "m", messages }))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => [headers["api-key"], headers["authorization"]]),
        [
          [undefined, "Bearer token-1"],
          [undefined, "Bearer token-2"]
        ]
      )
    })
  )

  it.scopedLive("of tags of one's own lets a program hold two", () =>
    Effect.gen(function* () {
      class First extends ApiKeyProvider.Tag<First>()("test/First") {}
      class Second extends ApiKeyProvider.Tag<Second>()("test/Second") {}
      const server = yield* loopback(model())
      const layers = Layer.mergeAll(First.layer(Testing.layer(["sk-1"])), Second.layer(Testing.layer(["sk-2"])))
      yield* Effect.gen(function* () {
        for (const provider of [yield* First, yield* Second]) {
          const client = OpenAi.makeWith(provider, { baseURL: `${server.origin}/v1` })
          yield* Effect.promise(() => client.chat.completions.create({ model: "m", messages }))
        }
      }).pipe(Effect.provide(layers))
      assert.deepStrictEqual(
        server.seen.map(({ headers }) => headers["authorization"]),
        ["Bearer sk-1", "Bearer sk-2"]
      )
    })
  )
})

describe("a client of openai", () => {
  it.scopedLive("tells the server the name that the SDK's own tells", () =>
    Effect.gen(function* () {
      const server = yield* loopback((_, response) => json(response, 200, { data: [] }))
      const provider = yield* Testing.provider(["sk-1"])
      const options = { baseURL: server.origin, apiVersion: "2024-10-21" }
      const pairs = [
        [new OpenAI({ ...options, apiKey: "sk-1" }), OpenAi.makeWith(provider, options)],
        [new AzureOpenAI({ ...options, apiKey: "sk-1" }), AzureOpenAi.makeWith(provider, options)]
      ] as const
      for (const [theirs, ours] of pairs) {
        yield* Effect.promise(() => theirs.models.list())
        yield* Effect.promise(() => ours.models.list())
        const agents = server.seen.splice(0).map(({ headers }) => headers["user-agent"])
        assert.match(String(agents[0]), /OpenAI\/JS/)
        assert.strictEqual(new Set(agents).size, 1)
      }
    })
  )
})

describe("an MCP client", () => {
  it.scopedLive("carries the key in its headers, and renews it on 401", () =>
    Effect.gen(function* () {
      const server = yield* loopback(
        guarded(["sk-2"], (request, response) => {
          if (request.method !== "POST") return json(response, 405, {})
          const { id, method }: { id?: number; method: string } = JSON.parse(request.body)
          if (id === undefined) {
            response.writeHead(202)
            response.end()
            return
          }
          const result =
            method === "initialize"
              ? {
                  protocolVersion: "2025-03-26",
                  capabilities: { tools: {} },
                  serverInfo: { name: "test", version: "1" }
                }
              : { tools: [{ name: "tool", inputSchema: { type: "object" } }] }
          json(response, 200, { jsonrpc: "2.0", id, result })
        })
      )
      const provider = yield* Testing.provider(["sk-1", "sk-2"])
      const url = new URL(`${server.origin}/mcp`)
      const client = new Client({ name: "test", version: "1" })
      const transport = new StreamableHTTPClientTransport(url, { fetch: Fetch.makeWith(provider, { baseUrl: url }) })
      const names = yield* Effect.promise(async () => {
        await client.connect(transport)
        const { tools } = await client.listTools()
        await client.close()
        return tools.map(({ name }) => name)
      })
      assert.deepStrictEqual(names, ["tool"])
      assert.strictEqual(server.seen[0]?.headers["authorization"], "Bearer sk-1")
      assert.isTrue(server.seen.slice(1).every(({ headers }) => headers["authorization"] === "Bearer sk-2"))
      assert.strictEqual((yield* provider.status).runs, 2)
    })
  )
})

describe("a WebSocket", () => {
  /** A server that tells what the next handshake carries. */
  const handshakes = Effect.gen(function* () {
    const http = createServer()
    const sockets = new WebSocketServer({ server: http })
    yield* Effect.addFinalizer(() =>
      Effect.async<void>((resume) => {
        for (const socket of sockets.clients) socket.terminate()
        sockets.close()
        http.close(() => resume(Effect.void))
      })
    )
    yield* Effect.async<void>((resume) => {
      http.listen(0, "127.0.0.1", () => resume(Effect.void))
    })
    const address = http.address()
    const port = typeof address === "object" && address !== null ? address.port : 0
    const seenBy = (connect: () => unknown) =>
      Effect.async<IncomingHttpHeaders>((resume) => {
        sockets.once("connection", (_, request) => resume(Effect.succeed(request.headers)))
        connect()
      })
    return { port, seenBy }
  })

  it.scopedLive("carries the key in its handshake", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider(["sk-1"])
      const { port, seenBy } = yield* handshakes
      const url = `ws://127.0.0.1:${port}/realtime`
      const headers = yield* Fetch.headersWith(provider, url, { baseUrl: url })
      const seen = yield* seenBy(() => new WebSocket(url, { headers }))
      assert.strictEqual(seen.authorization, "Bearer sk-1")
    })
  )

  const azureOptions = { endpoint: "https://127.0.0.1:9", apiVersion: "1", deployment: "m" }

  it.scopedLive("of openai's Realtime takes no client of ours: a typed error says what to give it", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider(["sk-1"])
      const client = OpenAi.makeWith(provider, { baseURL: "https://127.0.0.1:9/v1" })
      yield* Effect.ignore(failureOf(() => client.models.list({ maxRetries: 0 })))
      const azure = AzureOpenAi.makeWith(provider, azureOptions)
      const model = { model: "m" }
      for (const open of [
        () => OpenAIRealtimeWS.create(client, model),
        () => OpenAIRealtimeWebSocket.create(client.withOptions({ timeout: 1 }), model),
        () => OpenAIRealtimeWS.azure(azure),
        () => OpenAIRealtimeWebSocket.azure(azure)
      ]) {
        const error = yield* failureOf(open)
        assert.instanceOf(error, OpenAI.OpenAIError)
        assert.match(String(error), /Realtime.*new OpenAI\(\{ apiKey/)
        assert.strictEqual(Option.getOrThrow(fromCause(error))._tag, "ConfigInvalid")
      }
      assert.throws(() => new OpenAIRealtimeWS(model, client), /\.create\(\)/)
      assert.throws(() => new OpenAIRealtimeWebSocket(model, client), /\.create\(\)/)
    })
  )

  it.scopedLive("of openai's Realtime carries the current key in the ways that docs/guides/openai.md has", () =>
    Effect.gen(function* () {
      const provider = yield* Testing.provider(["sk-1"])
      const { port, seenBy } = yield* handshakes
      // The class knows no ws:.
      const options = { createConnection: () => connect(port, "127.0.0.1"), headers: {} }

      const { value } = yield* provider.get
      const baseURL = `https://127.0.0.1:${port}/v1`
      const seen = yield* seenBy(
        () => new OpenAIRealtimeWS({ model: "m", options }, new OpenAI({ baseURL, apiKey: Redacted.value(value) }))
      )
      assert.strictEqual(seen.authorization, "Bearer sk-1")

      const azure = AzureOpenAi.makeWith(provider, { ...azureOptions, endpoint: `https://127.0.0.1:${port}` })
      const headers = yield* Fetch.headersWith(provider, azure.baseURL, {
        baseUrl: azure.baseURL,
        scheme: { header: "api-key" }
      })
      const azureSeen = yield* seenBy(
        () => new OpenAIRealtimeWS({ model: "m", options: { ...options, headers } }, azure)
      )
      assert.deepStrictEqual([azureSeen["api-key"], azureSeen.authorization], ["sk-1", undefined])
    })
  )
})

describe("types", () => {
  it("options are the SDK's own, less its credentials", () => {
    expectTypeOf<OpenAi.Options>().toEqualTypeOf<
      Omit<ClientOptions, "apiKey" | "adminAPIKey" | "workloadIdentity" | "provider">
    >()
    expectTypeOf<Omit<Anthropic.Options, "scheme">>().toEqualTypeOf<
      Omit<AnthropicOptions, "apiKey" | "authToken" | "credentials" | "config" | "profile">
    >()
    expectTypeOf<EffectAi.OpenAiOptions>().toEqualTypeOf<Omit<Parameters<typeof OpenAiClient.make>[0], "apiKey">>()
    expectTypeOf<Omit<AiSdk.Options<typeof createOpenAI>, "scheme">>().toEqualTypeOf<
      Omit<OpenAIProviderSettings, "apiKey">
    >()
    expectTypeOf<Omit<AzureOpenAi.Options, "scheme">>().toEqualTypeOf<
      Omit<AzureClientOptions, "apiKey" | "adminAPIKey" | "workloadIdentity" | "azureADTokenProvider">
    >()
    expectTypeOf<Omit<EffectAi.AnthropicOptions, "scheme">>().toEqualTypeOf<
      Omit<Parameters<typeof EffectAnthropic.make>[0], "apiKey">
    >()
    expectTypeOf<EffectAi.GoogleOptions>().toEqualTypeOf<Omit<Parameters<typeof GoogleClient.make>[0], "apiKey">>()
    expectTypeOf<EffectAi.OpenRouterOptions>().toEqualTypeOf<
      Omit<Parameters<typeof OpenRouterClient.make>[0], "apiKey">
    >()
    // What the SDKs call by name is there, so an Omit that dropped everything would show.
    expectTypeOf<OpenAi.Options>().toHaveProperty("organization")
    expectTypeOf<AzureOpenAi.Options>().toHaveProperty("apiVersion")
    expectTypeOf<Anthropic.Options>().toHaveProperty("baseURL")
    expectTypeOf<EffectAi.OpenAiOptions>().toHaveProperty("organizationId")
    expectTypeOf<EffectAi.AnthropicOptions>().toHaveProperty("anthropicVersion")
    expectTypeOf<EffectAi.GoogleOptions>().toHaveProperty("apiUrl")
    expectTypeOf<EffectAi.OpenRouterOptions>().toHaveProperty("transformClient")
    expectTypeOf(AzureOpenAi.makeWith).returns.toEqualTypeOf<AzureOpenAI>()
    expectTypeOf(AmazonBedrock.makeWith<typeof createAmazonBedrock>).returns.toEqualTypeOf<AmazonBedrockProvider>()
    expectTypeOf(AmazonBedrock.makeWith<typeof createAmazonBedrock>)
      .parameter(2)
      .toEqualTypeOf<
        Omit<
          AmazonBedrockProviderSettings,
          "apiKey" | "accessKeyId" | "secretAccessKey" | "sessionToken" | "credentialProvider"
        >
      >()
    expectTypeOf(OpenAi.makeWith).returns.toEqualTypeOf<OpenAI>()
    expectTypeOf(Anthropic.makeWith).returns.toEqualTypeOf<Anthropic_>()
    expectTypeOf(AiSdk.makeWith<typeof createOpenAI>).returns.toEqualTypeOf<ReturnType<typeof createOpenAI>>()
    type Made<A> = Effect.Effect<A, never, ApiKeyProvider.ApiKeyProvider>
    expectTypeOf(OpenAi.make).returns.toEqualTypeOf<Made<OpenAI>>()
    expectTypeOf(AzureOpenAi.make).returns.toEqualTypeOf<Made<AzureOpenAI>>()
    expectTypeOf(Anthropic.make).returns.toEqualTypeOf<Made<Anthropic_>>()
    expectTypeOf(AiSdk.make<typeof createOpenAI>).returns.toEqualTypeOf<Made<ReturnType<typeof createOpenAI>>>()
    expectTypeOf(AmazonBedrock.make<typeof createAmazonBedrock>).returns.toEqualTypeOf<Made<AmazonBedrockProvider>>()
    expectTypeOf(Fetch.make).returns.toEqualTypeOf<Made<typeof globalThis.fetch>>()
    const provider = ApiKeyProvider.make({ get: Effect.fail(failing) })
    // @ts-expect-error the key is not an option
    OpenAi.makeWith(provider, { apiKey: "sk-1" })
    // @ts-expect-error the key is not an option
    AiSdk.makeWith(provider, createOpenAI, { apiKey: "sk-1" })
    // @ts-expect-error the key pair is not an option
    AmazonBedrock.makeWith(provider, createAmazonBedrock, { accessKeyId: "AKIA1" })
    // @ts-expect-error the token provider is not an option
    void (() => AzureOpenAi.makeWith(provider, { azureADTokenProvider: () => Promise.resolve("") }))
    // @ts-expect-error the key is not an option
    EffectAi.makeAnthropicWith(provider, { apiKey: Redacted.make("sk-1") })
    // @ts-expect-error the key is not an option
    EffectAi.makeGoogleWith(provider, { apiKey: Redacted.make("sk-1") })
    // @ts-expect-error the key is not an option
    EffectAi.makeOpenRouterWith(provider, { apiKey: Redacted.make("sk-1") })
  })

  it("a missing HelperExecutor is a compile error, under every layer", () => {
    class Sdk extends Context.Tag("test/Sdk")<Sdk, ReturnType<typeof createOpenAI>>() {}
    const key = ApiKeyProvider.layerCommand({ argv: ["op"] })
    const layers = [
      Anthropic.layer(),
      AzureOpenAi.layer({ apiVersion: "1", endpoint: "http://127.0.0.1:9" }),
      AiSdk.layer(Sdk, createOpenAI, {}),
      EffectAi.layerOpenAi(),
      EffectAi.layerAnthropic(),
      EffectAi.layerGoogle(),
      EffectAi.layerOpenRouter()
    ] as const
    const [anthropic, azure, aiSdk, openAi, effectAnthropic, google, openRouter] = layers
    const over = <A, E, R>(layer: Layer.Layer<A, E, R>) => Layer.provide(layer, key)
    const needs = [
      over(anthropic),
      over(azure),
      over(aiSdk),
      over(openAi),
      over(effectAnthropic),
      over(google)
    ] as const
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[0]>>()
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[1]>>()
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[2]>>()
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[3]>>()
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[4]>>()
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<(typeof needs)[5]>>()
    const last = over(openRouter)
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<typeof last>>()
    // @ts-expect-error the executor is missing
    const nothing: Layer.Layer<AiSdk.Registry> = AiSdk.layerRegistry
    assert.isDefined(nothing)

    const bare = OpenAi.layer().pipe(Layer.provide(ApiKeyProvider.layerCommand({ argv: ["op"] })))
    expectTypeOf<HelperExecutor.HelperExecutor>().toExtend<Layer.Layer.Context<typeof bare>>()
    const whole = bare.pipe(Layer.provide(HelperExecutor.layer))
    expectTypeOf<Layer.Layer.Context<typeof whole>>().toEqualTypeOf<never>()
    expectTypeOf<Layer.Layer.Context<ReturnType<typeof EffectAi.layerOpenAi>>>().toEqualTypeOf<
      ApiKeyProvider.ApiKeyProvider | HttpClient
    >()
    const program = (effect: Effect.Effect<unknown, unknown>) => effect
    // @ts-expect-error the executor is missing
    program(Effect.provide(OpenAi.OpenAiClient, bare))
    program(Effect.provide(OpenAi.OpenAiClient, whole))
  })
})

describe("the module graph", () => {
  const root = fileURLToPath(new URL("../..", import.meta.url))
  const sdk = /node_modules\/(?:openai|ai|@anthropic-ai|@ai-sdk|@effect\/ai[^/]*|@modelcontextprotocol|aws4fetch)\//

  const entries = ["index.ts", "Promise.ts", "testing.ts", "sdk/Fetch.ts", "sdk/HttpClient.ts", "sdk/EffectAi.ts"]
  const withSdk = "sdk/OpenAi.ts"

  /** What a process has loaded when it has imported this entry and those before it. */
  const loaded = new Map<string, ReadonlyArray<string>>()

  beforeAll(async () => {
    const hook = `export const load = (url, context, next) => { process.stderr.write("LOADED " + url + "\\n"); return next(url, context) }`
    const mark = (file: string): string =>
      `data:text/javascript,${encodeURIComponent(`export default ${JSON.stringify(file)}`)}`
    const steps = [...entries, withSdk].map(
      (file) => `await import(${JSON.stringify(`${root}src/${file}`)}); await import(${JSON.stringify(mark(file))})`
    )
    const register = `import { register } from "node:module"; register("data:text/javascript," + encodeURIComponent(${JSON.stringify(hook)}))`
    const { stderr } = await promisify(execFile)(
      process.execPath,
      ["--import", "tsx", "--input-type=module", "-e", [register, ...steps].join("; ")],
      { cwd: root, maxBuffer: 64 * 1024 * 1024 }
    )
    const lines = stderr.split("\n").filter((line) => line.startsWith("LOADED "))
    for (const file of [...entries, withSdk]) loaded.set(file, lines.slice(0, lines.indexOf(`LOADED ${mark(file)}`)))
  }, 60_000)

  for (const file of entries) {
    it(`${file} loads no SDK`, () => {
      const modules = loaded.get(file) ?? []
      assert.isTrue(modules.some((line) => line.includes(`/src/${file}`)))
      assert.isAbove(modules.length, 10)
      assert.deepStrictEqual(
        modules.filter((line) => sdk.test(line)),
        []
      )
    })
  }

  it("and an SDK's module loads its SDK, so the test would see it", () => {
    assert.isTrue(loaded.get(withSdk)?.some((line) => sdk.test(line)))
  })
})
