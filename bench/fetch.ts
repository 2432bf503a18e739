/** What a key costs a request on a hit: ours over a `fetch` that does nothing, beside the SDKs' own credential hooks. */
import { pathToFileURL } from "node:url"
import Anthropic from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import OpenAI from "openai"
import { Bench } from "tinybench"
import * as OurAnthropic from "../src/sdk/Anthropic.js"
import * as Fetch from "../src/sdk/Fetch.js"
import * as OurOpenAi from "../src/sdk/OpenAi.js"
import * as Testing from "../src/testing.js"

const baseUrl = "https://api.example.com/v1"
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "question" }] })
const aimMicros = 3

/** A library's call: a URL, a record of headers, a string. */
const url = `${baseUrl}/chat/completions`
const init = { method: "POST", body, headers: { "content-type": "application/json", "user-agent": "bench" } }

const chat = { id: "1", object: "chat.completion", created: 1, model: "m", choices: [] }
const message = { id: "1", type: "message", role: "assistant", model: "m", content: [], usage: {} }
const answering = (answer: unknown) => async () =>
  new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } })

const response = new Response()
const bare: typeof globalThis.fetch = async () => response

const main = async (): Promise<void> => {
  const scope = Effect.runSync(Scope.make())
  const provider = Effect.runSync(Scope.extend(Testing.provider(["sk-1"], { timeToLive: "1 hour" }), scope))
  await Effect.runPromise(provider.get)
  const ours = Fetch.make(provider, { baseUrl, fetch: bare })

  const openAi = { baseURL: baseUrl, maxRetries: 0, fetch: answering(chat) }
  const anthropic = { baseURL: baseUrl, maxRetries: 0, fetch: answering(message) }
  const asking = (client: OpenAI) => () => client.chat.completions.create({ model: "m", messages: [] })
  const writing = (client: Anthropic) => () => client.messages.create({ model: "m", max_tokens: 1, messages: [] })
  const token = { token: "sk-1", expiresAt: null }

  const bench = new Bench({ time: 400, warmupTime: 100 })
  bench
    .add("bare fetch", () => bare(url, init))
    .add("bare fetch, with the headers that a static key needs", () => {
      const headers = new Headers(init.headers)
      headers.set("authorization", "Bearer sk-1")
      return bare(url, { ...init, headers })
    })
    .add("sdk/Fetch", () => ours(url, init))
    .add("openai, static key", asking(new OpenAI({ ...openAi, apiKey: "sk-1" })))
    .add("openai, its apiKey function", asking(new OpenAI({ ...openAi, apiKey: async () => "sk-1" })))
    .add("openai, sdk/OpenAi", asking(OurOpenAi.make(provider, openAi)))
    .add("anthropic, static key", writing(new Anthropic({ ...anthropic, apiKey: "sk-1" })))
    .add("anthropic, its credentials", writing(new Anthropic({ ...anthropic, credentials: async () => token })))
    .add("anthropic, sdk/Anthropic", writing(OurAnthropic.make(provider, anthropic)))
  await bench.run()

  const micros = (name: string): number => {
    const result = bench.getTask(name)?.result
    return result !== undefined && "latency" in result ? result.latency.p50 * 1000 : Number.NaN
  }
  const row = (name: string, than: string): void => {
    const more = micros(name) - micros(than)
    console.log(
      `${name.padEnd(52)} ${micros(name).toFixed(2).padStart(8)} µs  ${(micros(name) / micros(than)).toFixed(2).padStart(6)} × "${than}", ${more >= 0 ? "+" : ""}${more.toFixed(2)} µs`
    )
  }
  row("bare fetch", "bare fetch")
  row("bare fetch, with the headers that a static key needs", "bare fetch")
  row("sdk/Fetch", "bare fetch")
  row("sdk/Fetch", "bare fetch, with the headers that a static key needs")
  row("openai, its apiKey function", "openai, static key")
  row("openai, sdk/OpenAi", "openai, static key")
  row("anthropic, its credentials", "anthropic, static key")
  row("anthropic, sdk/Anthropic", "anthropic, static key")
  const overhead = micros("sdk/Fetch") - micros("bare fetch")
  console.log(`sdk/Fetch adds ${overhead.toFixed(2)} µs to the bare function; the aim is at most ${aimMicros} µs`)
  await Effect.runPromise(Scope.close(scope, Exit.void))
}

export default main

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
