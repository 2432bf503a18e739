import * as LanguageModel from "@effect/ai/LanguageModel"
import * as OpenAiClient from "@effect/ai-openai/OpenAiClient"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { describe, expect, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/TestClock"
import { decodeJwt } from "jose"
import OpenAI from "openai"
import * as Agent from "../../examples/demo/Agent.js"
import * as Gateway from "../../examples/demo/Gateway.js"
import * as IdentityProvider from "../../examples/demo/IdentityProvider.js"

const staticKey = Redacted.make("sk-static-for-tests")

/** Tokens are made on real time: the test's clock starts there. */
const start = Effect.gen(function* () {
  yield* TestClock.setTime(Date.now())
  const identity = yield* IdentityProvider.make()
  const gateway = yield* Gateway.make({ issuer: identity.issuer, audience: identity.audience, staticKey })
  return { identity, gateway }
})

const decodeToken = Schema.decodeUnknownPromise(Schema.Struct({ access_token: Schema.String }))

const logIn = (identity: IdentityProvider.IdentityProvider) =>
  Effect.promise(async () => {
    const response = await fetch(`${identity.issuer}/token`, {
      method: "POST",
      headers: {
        authorization: `Basic ${btoa(`${identity.clientId}:${Redacted.value(identity.clientSecret)}`)}`
      },
      body: new URLSearchParams({ grant_type: "client_credentials" })
    })
    return (await decodeToken(await response.json())).access_token
  })

const hello = { model: "stand-in", messages: [{ role: "user" as const, content: "Hello?" }] }

const post = (url: string, key?: string, body: unknown = hello) =>
  Effect.promise(async () => {
    const response = await fetch(url, {
      method: "POST",
      headers: { "content-type": "application/json", ...(key === undefined ? {} : { authorization: `Bearer ${key}` }) },
      body: typeof body === "string" ? body : JSON.stringify(body)
    })
    const answered: { status: number; challenge: string | null; body: unknown } = {
      status: response.status,
      challenge: response.headers.get("www-authenticate"),
      body: await response.json()
    }
    return answered
  })

describe("who may ask", () => {
  it.scoped("accepts a token until it has expired", () =>
    Effect.gen(function* () {
      const { gateway, identity } = yield* start
      const token = yield* logIn(identity)
      const url = `${gateway.tokenUrl}/chat/completions`
      expect((yield* post(url, token)).status).toBe(200)
      expect(yield* identity.report).toEqual({ issued: 1, expired: 0 })

      yield* TestClock.setTime((decodeJwt(token).exp ?? 0) * 1000)

      const refused = yield* post(url, token)
      expect(refused.status).toBe(401)
      expect(refused.challenge).toBe('Bearer error="invalid_token", error_description="the token has expired"')
      expect(yield* identity.report).toEqual({ issued: 1, expired: 1 })
    })
  )

  it.scoped("refuses a missing, a malformed and a foreign token, and one for somebody else", () =>
    Effect.gen(function* () {
      const { gateway, identity } = yield* start
      const stranger = yield* IdentityProvider.make()
      const elsewhere = yield* Gateway.make({ issuer: identity.issuer, audience: "urn:elsewhere", staticKey })
      const path = "/chat/completions"
      const answers = yield* Effect.all([
        post(gateway.tokenUrl + path),
        post(gateway.tokenUrl + path, "not-a-token"),
        post(gateway.tokenUrl + path, Redacted.value(staticKey)),
        post(gateway.tokenUrl + path, yield* logIn(stranger)),
        post(elsewhere.tokenUrl + path, yield* logIn(identity))
      ])
      for (const answer of answers) {
        expect(answer.status).toBe(401)
        expect(answer.challenge).toMatch(/^Bearer error="invalid_token"/)
        expect(answer.body).toMatchObject({ error: { code: "invalid_api_key", type: "invalid_request_error" } })
      }
      expect((yield* gateway.report).token).toEqual({ requests: 4, keys: 3, refused: 4 })
    })
  )

  it.scoped("does not blame a token while the provider cannot be reached", () =>
    Effect.gen(function* () {
      yield* TestClock.setTime(Date.now())
      const scope = yield* Scope.make()
      const identity = yield* IdentityProvider.make().pipe(Scope.extend(scope))
      const gateway = yield* Gateway.make({ issuer: identity.issuer, audience: identity.audience, staticKey })
      const token = yield* logIn(identity)
      yield* Scope.close(scope, Exit.void)
      expect((yield* post(`${gateway.tokenUrl}/responses`, token)).status).toBe(503)
    })
  )

  it.scoped("takes the static key on its own route only", () =>
    Effect.gen(function* () {
      const { gateway, identity } = yield* start
      const url = `${gateway.staticUrl}/chat/completions`
      expect((yield* post(url, Redacted.value(staticKey))).status).toBe(200)
      expect((yield* post(url, yield* logIn(identity))).status).toBe(401)
      expect((yield* post(url)).status).toBe(401)
      expect(yield* gateway.report).toEqual({
        token: { requests: 0, keys: 0, refused: 0 },
        static: { requests: 3, keys: 2, refused: 2 }
      })
    })
  )

  it.scoped("calls a bad request bad, not unauthorized", () =>
    Effect.gen(function* () {
      const { gateway } = yield* start
      const key = Redacted.value(staticKey)
      expect((yield* post(`${gateway.staticUrl}/chat/completions`, key, "{")).status).toBe(400)
      expect((yield* post(`${gateway.staticUrl}/responses`, key, { model: "stand-in" })).status).toBe(400)
      expect((yield* post(`${gateway.staticUrl}/embeddings`, key)).status).toBe(404)
    })
  )
})

const sdk = Effect.map(
  start,
  ({ gateway }) => new OpenAI({ apiKey: Redacted.value(staticKey), baseURL: gateway.staticUrl, maxRetries: 0 })
)

const parameters = { type: "object", properties: { order: { type: "string" } }, required: ["order"] }
const echoed = "This is a stand-in for a model. You asked: Where is order 7?"
const told = "This is a stand-in for a model. Your tool says: on its way"
const question = "Where is order 7?"
const model = "stand-in"

describe("the openai SDK understands", () => {
  const tools = [{ type: "function" as const, function: { name: "look_up_order", parameters } }]

  it.scoped("chat completions, whole", () =>
    Effect.gen(function* () {
      const { chat } = yield* sdk
      const asked = { role: "user" as const, content: question }
      const plain = yield* Effect.promise(() => chat.completions.create({ model, messages: [asked] }))
      expect(plain.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: echoed } })

      const called = yield* Effect.promise(() => chat.completions.create({ model, messages: [asked], tools }))
      const message = called.choices[0]?.message
      const call = message?.tool_calls?.[0]
      if (message === undefined || call === undefined) return expect.unreachable("no tool call")
      expect(call).toMatchObject({
        function: { name: "look_up_order", arguments: JSON.stringify({ order: question }) }
      })
      const messages = [asked, message, { role: "tool" as const, tool_call_id: call.id, content: "on its way" }]
      const final = yield* Effect.promise(() => chat.completions.create({ model, messages, tools }))
      expect(final.choices[0]).toMatchObject({ finish_reason: "stop", message: { content: told } })
    })
  )

  it.scoped("chat completions, streamed", () =>
    Effect.gen(function* () {
      const { chat } = yield* sdk
      const messages = [{ role: "user" as const, content: question }]
      const plain = chat.completions.stream({ model, messages, stream_options: { include_usage: true } })
      expect(yield* Effect.promise(() => plain.finalContent())).toBe(echoed)
      expect((yield* Effect.promise(() => plain.totalUsage())).total_tokens).toBeGreaterThan(0)

      const called: Array<string> = []
      const runner = chat.completions.runTools({
        model,
        messages,
        stream: true,
        tools: [
          {
            type: "function",
            function: {
              name: "look_up_order",
              description: "Says where an order is.",
              parameters: { type: "object", properties: { order: { type: "string" } } },
              function: (args: string) => {
                called.push(args)
                return "on its way"
              }
            }
          }
        ]
      })
      expect(yield* Effect.promise(() => runner.finalContent())).toBe(told)
      expect(called).toEqual([JSON.stringify({ order: question })])
    })
  )

  const responseTools = [{ type: "function" as const, name: "look_up_order", parameters, strict: true }]

  it.scoped("responses, whole", () =>
    Effect.gen(function* () {
      const { responses } = yield* sdk
      const plain = yield* Effect.promise(() => responses.create({ model, input: question }))
      expect(plain).toMatchObject({ status: "completed", output_text: echoed })

      const called = yield* Effect.promise(() => responses.create({ model, input: question, tools: responseTools }))
      const call = called.output[0]
      if (call?.type !== "function_call") return expect.unreachable("no tool call")
      expect(call.arguments).toBe(JSON.stringify({ order: question }))
      const input = [
        { role: "user" as const, content: question },
        call,
        { type: "function_call_output" as const, call_id: call.call_id, output: "on its way" }
      ]
      const final = yield* Effect.promise(() => responses.create({ model, input, tools: responseTools }))
      expect(final.output_text).toBe(told)
    })
  )

  it.scoped("responses, streamed", () =>
    Effect.gen(function* () {
      const { responses } = yield* sdk
      const plain = responses.stream({ model, input: question })
      const deltas: Array<string> = []
      plain.on("response.output_text.delta", (event) => deltas.push(event.delta))
      expect((yield* Effect.promise(() => plain.finalResponse())).output_text).toBe(echoed)
      expect(deltas.length).toBeGreaterThan(1)
      expect(deltas.join("")).toBe(echoed)

      const called = responses.stream({ model, input: question, tools: responseTools })
      const { output } = yield* Effect.promise(() => called.finalResponse())
      expect(output[0]).toMatchObject({ type: "function_call", arguments: JSON.stringify({ order: question }) })
    })
  )
})

describe("an @effect/ai agent understands", () => {
  const inLanguageModel = <A, E>(effect: Effect.Effect<A, E, LanguageModel.LanguageModel>) =>
    Effect.flatMap(start, ({ gateway }) =>
      effect.pipe(
        Effect.provide(
          OpenAiLanguageModel.layer({ model }).pipe(
            Layer.provide(OpenAiClient.layer({ apiKey: staticKey, apiUrl: gateway.staticUrl })),
            Layer.provide(FetchHttpClient.layer)
          )
        )
      )
    )

  it.scoped("a round with its tool", () =>
    Effect.gen(function* () {
      const answer = yield* Agent.ask("7").pipe(Effect.provide(Agent.toolLayer), inLanguageModel)
      expect(answer).toBe('This is a stand-in for a model. Your tool says: {"order":"7","status":"on its way"}')
    })
  )

  it.scoped("a stream", () =>
    Effect.gen(function* () {
      const text = yield* LanguageModel.streamText({ prompt: question }).pipe(
        Stream.map((part) => (part.type === "text-delta" ? part.delta : "")),
        Stream.mkString,
        inLanguageModel
      )
      expect(text).toBe(echoed)
    })
  )
})
