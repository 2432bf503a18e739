/**
 * What a key costs a request on a hit: ours over a `fetch` that does nothing, beside the SDKs' own credential hooks.
 *
 * All are measured in turns, many short ones, and each one's quickest turn counts: what else the machine does only adds. The
 * median of its turns stands beside it, as a measure of how much that was. Every row of ours has an aim, and is judged by it.
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

type Aim = { readonly micros: number } | { readonly ratio: number }

/** What is measured, and beside what. Without an aim it is there for comparison. */
interface Row {
  readonly name: string
  readonly call: Call
  readonly than?: Call
  readonly aim?: Aim
}

/** More than the bare function takes with the same input. */
const ofFetch: Aim = { micros: 3 }
/** To the platform's own work on a `Request`, which is many times that. */
const ofRequest: Aim = { ratio: 1.5 }
/** To the hook for credentials that the SDK itself has. */
const ofSdk: Aim = { ratio: 1.3 }

const turns = 60
const warmUpTurns = 5
/** So that a turn takes a few milliseconds. */
const callsOfFetch = 2_000
const callsOfRequest = 200
const callsOfSdk = 50

const baseUrl = "https://api.example.com/v1"
const url = `${baseUrl}/chat/completions`
const body = JSON.stringify({ model: "m", messages: [{ role: "user", content: "question" }] })
const record = { "content-type": "application/json", "user-agent": "bench" }

/** The ways in which libraries call `fetch`; each call makes its own, as they do. */
let asked = 0
const held = { ...record, authorization: `Bearer ${Fetch.placeholder}` }
const sent = { method: "POST", body }
const inputs: Readonly<Record<string, () => Parameters<typeof globalThis.fetch>>> = {
  "a URL and nothing else": () => [url],
  "a URL and a record": () => [url, { ...sent, headers: { ...record } }],
  "a record that holds the placeholder": () => [url, { ...sent, headers: { ...held } }],
  "a list of pairs": () => [url, { ...sent, headers: Object.entries(record) }],
  "a list that holds the placeholder": () => [url, { ...sent, headers: Object.entries(held) }],
  Headers: () => [url, { ...sent, headers: new Headers(record) }],
  "Headers that hold the placeholder": () => [url, { ...sent, headers: new Headers(held) }],
  "a new URL each time": () => [`${url}?n=${asked++}`, { ...sent, headers: { ...record } }],
  "a new URL object each time": () => [new URL(`${url}?n=${asked++}`), { ...sent, headers: { ...record } }]
}
const usual = (): RequestInit => ({ ...sent, headers: { ...record } })
const request = (): Request => new Request(url, { headers: record })
const requestWithBody = (): Request => new Request(url, { ...sent, headers: record })

const response = new Response()
const bare: typeof globalThis.fetch = async () => response
/** Nothing but what every real one does with headers: so that work which is only put off shows. */
const reading: typeof globalThis.fetch = async (_, init) => {
  const headers = new Headers(init?.headers)
  return headers.has("x-none") ? Response.error() : response
}
const withStaticKey: typeof globalThis.fetch = (input, init) => {
  const headers = new Headers(init?.headers)
  headers.set("authorization", "Bearer sk-1")
  return bare(input, { ...init, headers })
}
/** The least that puts a header into a `Request`, which may be another's. */
const copying: typeof globalThis.fetch = (input) => bare(new Request(input))
/** So that it can be sent again, what it had for a body has to be kept. */
const keeping: typeof globalThis.fetch = (input) => {
  const kept = input instanceof Request ? input.clone() : input
  return bare(new Request(input)).then((answer) => (kept === input ? Response.error() : answer))
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

/** In turns of all, each row's own measure and that of what it stands beside. */
const measure = async (rows: ReadonlyArray<Row>, times: number): Promise<(call: Call | undefined) => Micros> => {
  const calls = new Set(rows.flatMap(({ call, than }) => (than === undefined ? [call] : [call, than])))
  const taken = new Map<Call | undefined, Array<number>>(Array.from(calls, (call) => [call, []]))
  for (let turn = -warmUpTurns; turn < turns; turn++) {
    for (const call of calls) {
      const micros = await microsOf(call, times)
      if (turn >= 0) taken.get(call)?.push(micros)
    }
  }
  return (call) => {
    const sorted = taken.get(call)?.sort((a, b) => a - b) ?? []
    const [quickest] = sorted
    return quickest === undefined ? nothing : { quickest, median: sorted[sorted.length >> 1] ?? quickest }
  }
}

const isWithin = (aim: Aim, micros: number, ratio: number): boolean =>
  "micros" in aim ? micros <= aim.micros : ratio <= aim.ratio
const textOf = (aim: Aim): string => ("micros" in aim ? `+${aim.micros} µs` : `${aim.ratio}`)

/** Prints the rows, and gives the names of those that miss their aim. */
const compare = async (title: string, rows: ReadonlyArray<Row>, times: number): Promise<ReadonlyArray<string>> => {
  const measured = await measure(rows, times)
  console.log(title)
  return rows.flatMap(({ aim, call, name, than }) => {
    const { median, quickest } = measured(call)
    const other = measured(than ?? call).quickest
    const [more, ratio] = [quickest - other, quickest / other]
    const missed = aim !== undefined && !isWithin(aim, more, ratio)
    const columns = [
      `${quickest.toFixed(2).padStart(8)} µs`,
      `(median ${median.toFixed(2)})`.padStart(17),
      ratio.toFixed(2).padStart(6),
      `${more >= 0 ? "+" : ""}${more.toFixed(2)} µs`.padStart(10),
      aim === undefined ? "" : `${missed ? "ABOVE" : "within"} ${textOf(aim)}`
    ]
    console.log(`  ${name.padEnd(48)} ${columns.join("  ").trimEnd()}`)
    return missed ? [name] : []
  })
}

export const main = async (): Promise<void> => {
  const scope = Effect.runSync(Scope.make())
  const provider = Effect.runSync(Scope.extend(Testing.provider(["sk-1"], { timeToLive: "1 hour" }), scope))
  await Effect.runPromise(provider.get)
  const ours = Fetch.makeWith(provider, { baseUrl, fetch: bare })
  const oursReading = Fetch.makeWith(provider, { baseUrl, fetch: reading })

  const bareUsual = () => bare(url, usual())
  const byHand = () => withStaticKey(url, usual())
  const copied = () => copying(request())
  const kept = () => keeping(requestWithBody())
  const missed = [
    await compare(
      "a request on a hit, its input made anew; ratio and difference to the bare function with the same input",
      [
        { name: "bare function", call: bareUsual },
        { name: "a static key put into new Headers", call: byHand, than: bareUsual },
        ...Object.entries(inputs).map(([name, input]) => ({
          name: `sdk/Fetch: ${name}`,
          call: () => ours(...input()),
          than: () => bare(...input()),
          aim: ofFetch
        })),
        {
          name: "sdk/Fetch over one that reads the headers",
          call: () => oursReading(url, usual()),
          than: () => reading(url, usual()),
          aim: ofFetch
        }
      ],
      callsOfFetch
    ),
    await compare(
      "the same with a Request; ratio and difference to the bare function with a copy of it, and for a body a clone",
      [
        { name: "bare function", call: () => bare(request()) },
        { name: "a copy: new Request(request)", call: copied },
        { name: "sdk/Fetch: a Request", call: () => ours(request()), than: copied, aim: ofRequest },
        { name: "a copy and a clone", call: kept },
        {
          name: "sdk/Fetch: a Request with a body",
          call: () => ours(requestWithBody()),
          than: kept,
          aim: ofRequest
        }
      ],
      callsOfRequest
    )
  ]

  const openAi = { baseURL: baseUrl, maxRetries: 0, fetch: answering(chat) }
  const anthropic = { baseURL: baseUrl, maxRetries: 0, fetch: answering(message) }
  const asking = (client: OpenAI) => () => client.chat.completions.create({ model: "m", messages: [] })
  const writing = (client: Anthropic) => () => client.messages.create({ model: "m", max_tokens: 1, messages: [] })
  const token = { token: "sk-1", expiresAt: null }
  const openAiHook = asking(new OpenAI({ ...openAi, apiKey: async () => "sk-1" }))
  const anthropicHook = writing(new Anthropic({ ...anthropic, credentials: async () => token }))
  missed.push(
    await compare(
      "a call of an SDK over a fetch that does nothing; ratio and difference to the SDK's own hook for credentials",
      [
        { name: "openai, its apiKey function", call: openAiHook },
        { name: "openai, static key", call: asking(new OpenAI({ ...openAi, apiKey: "sk-1" })), than: openAiHook },
        {
          name: "openai, sdk/OpenAi",
          call: asking(OurOpenAi.makeWith(provider, openAi)),
          than: openAiHook,
          aim: ofSdk
        },
        { name: "anthropic, its credentials", call: anthropicHook },
        {
          name: "anthropic, static key",
          call: writing(new Anthropic({ ...anthropic, apiKey: "sk-1" })),
          than: anthropicHook
        },
        {
          name: "anthropic, sdk/Anthropic",
          call: writing(OurAnthropic.makeWith(provider, anthropic)),
          than: anthropicHook,
          aim: ofSdk
        }
      ],
      callsOfSdk
    )
  )

  const names = missed.flat()
  console.log(names.length === 0 ? "every row is within its aim" : `ABOVE their aims: ${names.join("; ")}`)
  await Effect.runPromise(Scope.close(scope, Exit.void))
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? "").href) await main()
