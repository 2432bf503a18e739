/**
 * What a key costs a request on a hit: ours over a `fetch` that does nothing, beside the SDKs' own credential hooks.
 *
 * All are measured in turns, many short ones, and each one's quickest turn counts: what else the machine does only adds. The
 * median of its turns stands beside it, as a measure of how much that was.
 */
import { pathToFileURL } from "node:url"
import Anthropic from "@anthropic-ai/sdk"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import OpenAI from "openai"
import * as OurAnthropic from "../src/sdk/Anthropic.js"
import * as Fetch from "../src/sdk/Fetch.js"
import * as OurOpenAi from "../src/sdk/OpenAi.js"
import * as Testing from "../src/testing.js"

type Call = () => Promise<unknown>

const aimMicros = 3
const turns = 60
const warmUpTurns = 5
/** So that a turn takes a few milliseconds. */
const callsOfFetch = 2_000
const callsOfSdk = 50

const baseUrl = "https://api.example.com/v1"
const url = `${baseUrl}/chat/completions`
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "question" }] })
const record = { "content-type": "application/json", "user-agent": "bench" }

/** The ways in which libraries call `fetch`; each call makes its own, as they do. */
let asked = 0
const inputs: Readonly<Record<string, () => Parameters<typeof globalThis.fetch>>> = {
  "a URL and a record": () => [url, { method: "POST", body, headers: { ...record } }],
  "a URL and a record that holds the placeholder": () => [
    url,
    { method: "POST", body, headers: { ...record, authorization: `Bearer ${Fetch.placeholder}` } }
  ],
  "a new URL each time": () => [`${url}?n=${asked++}`, { method: "POST", body, headers: { ...record } }],
  "a URL and Headers": () => [url, { method: "POST", body, headers: new Headers(record) }],
  "a URL and Headers that hold the placeholder": () => [
    url,
    { method: "POST", body, headers: new Headers({ ...record, authorization: `Bearer ${Fetch.placeholder}` }) }
  ],
  "a Request": () => [new Request(url, { headers: record })],
  "a Request with a body": () => [new Request(url, { method: "POST", body, headers: record })]
}
const usual = "a URL and a record"

const response = new Response()
const bare: typeof globalThis.fetch = async () => response
/** Nothing but what every real one does with headers: so that work which is only put off shows. */
const reading: typeof globalThis.fetch = async (_, init) => {
  const headers = new Headers(init?.headers)
  return headers.has("x-none") ? Response.error() : response
}

const chat = { id: "1", object: "chat.completion", created: 1, model: "m", choices: [] }
const message = { id: "1", type: "message", role: "assistant", model: "m", content: [], usage: {} }
const answering = (answer: unknown) => async () =>
  new Response(JSON.stringify(answer), { headers: { "content-type": "application/json" } })

const microsOf = async (call: Call, calls: number): Promise<number> => {
  const startedAt = performance.now()
  for (let done = 0; done < calls; done++) await call()
  return ((performance.now() - startedAt) / calls) * 1_000
}

interface Micros {
  readonly quickest: number
  readonly median: number
}

const nothing: Micros = { quickest: Number.NaN, median: Number.NaN }

const measure = async (calls: Readonly<Record<string, Call>>, times: number): Promise<(name: string) => Micros> => {
  const taken = new Map<string, Array<number>>(Object.keys(calls).map((name) => [name, []]))
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    for (const [name, call] of Object.entries(calls)) {
      const micros = await microsOf(call, times)
      if (turn >= 0) taken.get(name)?.push(micros)
    }
  }
  return (name) => {
    const sorted = taken.get(name)?.sort((a, b) => a - b) ?? []
    const [quickest = Number.NaN] = sorted
    return sorted.length === 0 ? nothing : { quickest, median: sorted[Math.floor(sorted.length / 2)] ?? quickest }
  }
}

const row = (name: string, { median, quickest }: Micros, than: Micros): void => {
  const more = quickest - than.quickest
  const columns = [
    `${quickest.toFixed(2).padStart(8)} µs`,
    `(median ${median.toFixed(2)})`.padStart(17),
    (quickest / than.quickest).toFixed(2).padStart(6),
    `${more >= 0 ? "+" : ""}${more.toFixed(2)} µs`.padStart(10)
  ]
  console.log(`  ${name.padEnd(48)} ${columns.join("  ")}`)
}

export const main = async (): Promise<void> => {
  const scope = Effect.runSync(Scope.make())
  const provider = Effect.runSync(Scope.extend(Testing.provider(["sk-1"], { timeToLive: "1 hour" }), scope))
  await Effect.runPromise(provider.get)
  const ours = Fetch.make(provider, { baseUrl, fetch: bare })
  const oursReading = Fetch.make(provider, { baseUrl, fetch: reading })
  const withStaticKey: typeof globalThis.fetch = (input, init) => {
    const headers = new Headers(init?.headers)
    headers.set("authorization", "Bearer sk-1")
    return bare(input, { ...init, headers })
  }

  const calls: Record<string, Call> = {}
  for (const [name, input] of Object.entries(inputs)) {
    calls[`bare, ${name}`] = () => bare(...input())
    calls[`ours, ${name}`] = () => ours(...input())
  }
  const usualInput = inputs[usual] ?? (() => [url])
  calls["static"] = () => withStaticKey(...usualInput())
  calls["bare, reading"] = () => reading(...usualInput())
  calls["ours, reading"] = () => oursReading(...usualInput())
  const fetched = await measure(calls, callsOfFetch)

  console.log("a request on a hit, its input made anew; ratio and difference to the bare function with the same input")
  row("bare function", fetched(`bare, ${usual}`), fetched(`bare, ${usual}`))
  row("… with a static key put into new Headers", fetched("static"), fetched(`bare, ${usual}`))
  for (const name of Object.keys(inputs)) row(`sdk/Fetch: ${name}`, fetched(`ours, ${name}`), fetched(`bare, ${name}`))
  row("sdk/Fetch over one that reads the headers", fetched("ours, reading"), fetched("bare, reading"))

  const openAi = { baseURL: baseUrl, maxRetries: 0, fetch: answering(chat) }
  const anthropic = { baseURL: baseUrl, maxRetries: 0, fetch: answering(message) }
  const asking = (client: OpenAI) => () => client.chat.completions.create({ model: "m", messages: [] })
  const writing = (client: Anthropic) => () => client.messages.create({ model: "m", max_tokens: 1, messages: [] })
  const token = { token: "sk-1", expiresAt: null }
  const sdk = await measure(
    {
      "openai, static key": asking(new OpenAI({ ...openAi, apiKey: "sk-1" })),
      "openai, its apiKey function": asking(new OpenAI({ ...openAi, apiKey: async () => "sk-1" })),
      "openai, sdk/OpenAi": asking(OurOpenAi.make(provider, openAi)),
      "anthropic, static key": writing(new Anthropic({ ...anthropic, apiKey: "sk-1" })),
      "anthropic, its credentials": writing(new Anthropic({ ...anthropic, credentials: async () => token })),
      "anthropic, sdk/Anthropic": writing(OurAnthropic.make(provider, anthropic))
    },
    callsOfSdk
  )

  console.log("a call of an SDK over a fetch that does nothing; ratio and difference to a static key")
  for (const name of ["openai, static key", "openai, its apiKey function", "openai, sdk/OpenAi"]) {
    row(name, sdk(name), sdk("openai, static key"))
  }
  for (const name of ["anthropic, static key", "anthropic, its credentials", "anthropic, sdk/Anthropic"]) {
    row(name, sdk(name), sdk("anthropic, static key"))
  }

  const overhead = fetched(`ours, ${usual}`).quickest - fetched(`bare, ${usual}`).quickest
  const verdict = overhead <= aimMicros ? "within" : "ABOVE"
  console.log(`sdk/Fetch adds ${overhead.toFixed(2)} µs to the bare function (${verdict} ${aimMicros} µs)`)
  await Effect.runPromise(Scope.close(scope, Exit.void))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
