// The errors of other people's libraries are unknown.
// @effect-diagnostics anyUnknownInErrorContext:off
/** Every seam under test, each with the real package: how it is made over a provider, and what it can do. */
import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock"
import { createAnthropic } from "@ai-sdk/anthropic"
import { createAzure } from "@ai-sdk/azure"
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { createGroq } from "@ai-sdk/groq"
import { createMistral } from "@ai-sdk/mistral"
import { createOpenAI } from "@ai-sdk/openai"
import { createOpenAICompatible } from "@ai-sdk/openai-compatible"
import type { AiError } from "@effect/ai/AiError"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as HttpBody from "@effect/platform/HttpBody"
import * as HttpClient from "@effect/platform/HttpClient"
import type { ResponseError } from "@effect/platform/HttpClientError"
import * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import {
  experimental_transcribe,
  generateImage,
  generateText,
  type ImageModel,
  type LanguageModel,
  streamText,
  type TranscriptionModel
} from "ai"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type OpenAI from "openai"
import * as ApiKey from "../../src/ApiKey.js"
import type { Provider } from "../../src/ApiKeyProvider.js"
import * as AiSdk from "../../src/sdk/AiSdk.js"
import * as AmazonBedrock from "../../src/sdk/AmazonBedrock.js"
import * as Anthropic from "../../src/sdk/Anthropic.js"
import * as AzureOpenAi from "../../src/sdk/AzureOpenAi.js"
import * as EffectAi from "../../src/sdk/EffectAi.js"
import * as Fetch from "../../src/sdk/Fetch.js"
import * as ApiKeyHttpClient from "../../src/sdk/HttpClient.js"
import * as OpenAi from "../../src/sdk/OpenAi.js"

/** What a caller can ask of a client; all give the text of the answer. */
export interface Client {
  /** For `inspect`. */
  readonly itself: unknown
  readonly ask: (signal?: AbortSignal) => Promise<string>
  /** Gives the first part to `onFirst` as it comes. */
  readonly stream?: (onFirst: () => void, signal?: AbortSignal) => Promise<string>
  readonly form?: () => Promise<string>
  /** The request's body is a stream. */
  readonly upload?: () => Promise<string>
}

/** Calls that not every package has. */
export const optionalCalls = ["stream", "form", "upload"] as const
export type OptionalCall = (typeof optionalCalls)[number]

/** Why a seam has no such call, by what its name begins with. */
const lacks: ReadonlyArray<readonly [prefix: string, call: OptionalCall, why: string]> = [
  ["sdk/AiSdk", "upload", "sends text and forms only"],
  ["sdk/AiSdk anthropic", "form", "sends no form"],
  ["sdk/AiSdk google", "form", "sends no form"],
  ["sdk/AiSdk mistral", "form", "sends no form"],
  ["sdk/AiSdk amazon-bedrock", "form", "sends no form"],
  ["sdk/EffectAi openrouter", "form", "has calls with a JSON body only"],
  ["sdk/EffectAi openrouter", "upload", "has calls with a JSON body only"]
]

export const whyNot = ({ name }: Seam, call: OptionalCall): string | undefined =>
  lacks.find(([prefix, lacking]) => name.startsWith(prefix) && lacking === call)?.[2]

export interface Seam {
  readonly name: string
  readonly key: (name: string) => ApiKey.ApiKey
  /** The name of the key that a request carries. */
  readonly keyIn: (headers: Readonly<Record<string, string>>) => string | undefined
  readonly make: (provider: Provider, origin: string) => Effect.Effect<Client, unknown, Scope.Scope>
}

const plain = (name: string): ApiKey.ApiKey => ApiKey.make({ value: name })
const bearer = (headers: Readonly<Record<string, string>>) => /^Bearer (.*)$/.exec(headers["authorization"] ?? "")?.[1]
const header = (name: string) => (headers: Readonly<Record<string, string>>) => headers[name]

const seam = (
  name: string,
  keyIn: Seam["keyIn"],
  make: (provider: Provider, origin: string) => Client | Effect.Effect<Client, unknown, Scope.Scope>,
  key: Seam["key"] = plain
): Seam => ({
  name,
  key,
  keyIn,
  make: (provider, origin) =>
    Effect.suspend(() => {
      const made = make(provider, origin)
      return Effect.isEffect(made) ? made : Effect.succeed(made)
    })
})

class NotOk extends Error {
  constructor(readonly status: number) {
    super(`status ${status}`)
  }
}

/** What the caller saw: the status, or the tag or name of the error that the seam gave or wrapped. */
export const seenOf = (error: unknown): number | string => {
  for (const inner of [error, causeOf(error)]) {
    if (typeof inner !== "object" || inner === null) continue
    if ("status" in inner && typeof inner.status === "number") return inner.status
    if ("statusCode" in inner && typeof inner.statusCode === "number") return inner.statusCode
    if (
      "response" in inner &&
      typeof inner.response === "object" &&
      inner.response !== null &&
      "status" in inner.response
    ) {
      return Number(inner.response.status)
    }
  }
  return error instanceof Error ? error.name : String(error)
}

const causeOf = (error: unknown): unknown => (error instanceof Error ? error.cause : undefined)

/** Rejects with the failure itself. */
const run = async <A, E>(effect: Effect.Effect<A, E>, signal?: AbortSignal): Promise<A> => {
  // A fiber that is interrupted at once has run as far as its first wait.
  signal?.throwIfAborted()
  const exit = await Effect.runPromiseExit(effect, signal === undefined ? {} : { signal })
  if (Exit.isSuccess(exit)) return exit.value
  throw Cause.squash(exit.cause)
}

const reading = (onFirst: () => void) => {
  let text = ""
  return {
    add: (part: string): void => {
      if (text === "" && part !== "") onFirst()
      text += part
    },
    text: () => text
  }
}

// --- the seams that take any library

const jsonText = async (answer: Response): Promise<string> => {
  if (!answer.ok) throw new NotOk(answer.status)
  const body: unknown = await answer.json()
  return typeof body === "object" && body !== null && "text" in body ? String(body.text) : "file"
}

const withSignal = (signal: AbortSignal | undefined): { readonly signal?: AbortSignal } =>
  signal === undefined ? {} : { signal }

const fetchSeam = seam("sdk/Fetch", bearer, (provider, origin) => {
  const fetch = Fetch.makeWith(provider, { baseUrl: origin })
  return {
    itself: fetch,
    ask: async (signal) =>
      jsonText(await fetch(`${origin}/ask`, { method: "POST", body: "question", ...withSignal(signal) })),
    stream: async (onFirst, signal) => {
      const answer = await fetch(`${origin}/events`, withSignal(signal))
      if (!answer.ok) throw new NotOk(answer.status)
      const read = reading(onFirst)
      const decoder = new TextDecoder()
      const reader = answer.body?.getReader()
      for (let next = await reader?.read(); next?.done === false; next = await reader?.read()) {
        for (const [, part = ""] of decoder.decode(next.value).matchAll(/"text":"(.*?)"/g)) read.add(part)
      }
      return read.text()
    },
    form: async () => {
      const body = new FormData()
      body.set("file", new Blob(["contents"]), "name")
      return jsonText(await fetch(`${origin}/files`, { method: "POST", body }))
    },
    upload: async () => {
      const init: RequestInit & { duplex: "half" } = {
        method: "POST",
        body: new Blob(["contents"]).stream(),
        duplex: "half"
      }
      return jsonText(await fetch(`${origin}/ask`, init))
    }
  }
})

const httpClientSeam = (name: string, layer: Layer.Layer<HttpClient.HttpClient>) =>
  seam(`sdk/HttpClient over ${name}`, bearer, (provider, origin) =>
    Effect.map(HttpClient.HttpClient, (stock): Client => {
      const client = ApiKeyHttpClient.withApiKey(provider, { baseUrl: origin })(stock)
      const text = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<string, NotOk | ResponseError> =>
        response.status >= 400
          ? Effect.fail(new NotOk(response.status))
          : Effect.map(response.json, (body) =>
              typeof body === "object" && body !== null && "text" in body ? String(body.text) : "file"
            )
      const form = new FormData()
      form.set("file", new Blob(["contents"]), "name")
      return {
        itself: client,
        ask: (signal) =>
          run(Effect.flatMap(client.post(`${origin}/ask`, { body: HttpBody.text("question") }), text), signal),
        stream: async (onFirst, signal) => {
          const read = reading(onFirst)
          await run(
            Effect.flatMap(
              client.get(`${origin}/events`),
              (response): Effect.Effect<void, NotOk | ResponseError> =>
                response.status >= 400
                  ? Effect.fail(new NotOk(response.status))
                  : Stream.runForEach(Stream.decodeText(response.stream), (chunk) =>
                      Effect.sync(() => {
                        for (const [, part = ""] of chunk.matchAll(/"text":"(.*?)"/g)) read.add(part)
                      })
                    )
            ),
            signal
          )
          return read.text()
        },
        form: () => run(Effect.flatMap(client.post(`${origin}/files`, { body: HttpBody.formData(form) }), text)),
        upload: () =>
          run(
            Effect.flatMap(
              client.post(`${origin}/ask`, { body: HttpBody.stream(Stream.encodeText(Stream.make("con", "tents"))) }),
              text
            )
          )
      }
    }).pipe(Effect.provide(layer))
  )

// --- the official SDKs

const streamed = () => new Blob(["contents"]).stream()
const textOf = (answer: unknown): string =>
  typeof answer === "object" && answer !== null && "text" in answer ? String(answer.text) : "none"

const messages = [{ role: "user" as const, content: "question" }]

const openAiClient = (client: OpenAI): Client => ({
  itself: client,
  ask: async (signal) => {
    const { choices } = await client.chat.completions.create({ model: "m", messages }, withSignal(signal))
    return choices[0]?.message.content ?? ""
  },
  stream: async (onFirst, signal) => {
    const read = reading(onFirst)
    const chunks = await client.chat.completions.create({ model: "m", messages, stream: true }, withSignal(signal))
    for await (const { choices } of chunks) read.add(choices[0]?.delta.content ?? "")
    if (signal?.aborted) throw signal.reason
    return read.text()
  },
  form: async () => {
    const file = await client.files.create({ purpose: "assistants", file: new File(["contents"], "name") })
    return file.object
  },
  upload: async () => textOf(await client.post<unknown>("/ask", { body: streamed() }))
})

const anthropicSeam = (scheme: "x-api-key" | "bearer") =>
  seam(`sdk/Anthropic by ${scheme}`, scheme === "bearer" ? bearer : header("x-api-key"), (provider, origin) => {
    const client = Anthropic.makeWith(provider, {
      baseURL: origin,
      maxRetries: 0,
      scheme: scheme === "bearer" ? scheme : { header: scheme }
    })
    const params = { model: "m", max_tokens: 9, messages }
    return {
      itself: client,
      ask: async (signal) => {
        const { content } = await client.messages.create(params, withSignal(signal))
        return content.map((part) => (part.type === "text" ? part.text : "")).join("")
      },
      stream: async (onFirst, signal) => {
        const read = reading(onFirst)
        const events = await client.messages.create({ ...params, stream: true }, withSignal(signal))
        for await (const event of events) {
          if (event.type === "content_block_delta" && event.delta.type === "text_delta") read.add(event.delta.text)
        }
        if (signal?.aborted) throw signal.reason
        return read.text()
      },
      form: async () => {
        const { id } = await client.beta.files.upload({ file: new File(["contents"], "name") })
        return id === "file-1" ? "file" : id
      },
      upload: async () => textOf(await client.post<unknown>("/v1/ask", { body: streamed() }))
    }
  })

// --- the AI SDK

const modelClient = (itself: unknown, model: LanguageModel, form?: () => Promise<string>): Client => ({
  itself,
  ask: async (signal) => {
    const { text } = await generateText({
      model,
      prompt: "question",
      maxRetries: 0,
      ...(signal && { abortSignal: signal })
    })
    return text
  },
  stream: async (onFirst, signal) => {
    const read = reading(onFirst)
    let failure: unknown
    const { textStream } = streamText({
      model,
      prompt: "question",
      maxRetries: 0,
      ...(signal && { abortSignal: signal }),
      onError: ({ error }) => {
        failure = error
      }
    })
    for await (const part of textStream) read.add(part)
    if (failure !== undefined) throw failure
    if (signal?.aborted) throw signal.reason
    return read.text()
  },
  ...(form && { form })
})

const contents = new TextEncoder().encode("contents")

/** An audio file goes as a form. */
const transcribing = (model: TranscriptionModel) => async () => {
  const { text } = await experimental_transcribe({ model, audio: contents, maxRetries: 0 })
  return text === "hello" ? "file" : text
}

/** So does an image that is to be edited. */
const editing = (model: ImageModel) => async () => {
  const { image } = await generateImage({ model, prompt: { text: "question", images: [contents] }, maxRetries: 0 })
  return new TextDecoder().decode(image.uint8Array)
}

const aiSdk = [
  seam("sdk/AiSdk openai", bearer, (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createOpenAI, { baseURL: `${origin}/v1` })
    return modelClient(sdk, sdk.chat("m"), transcribing(sdk.transcription("m")))
  }),
  seam("sdk/AiSdk openai-compatible", bearer, (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createOpenAICompatible, { baseURL: `${origin}/v1`, name: "gateway" })
    return modelClient(sdk, sdk("m"), editing(sdk.imageModel("m")))
  }),
  seam("sdk/AiSdk anthropic", header("x-api-key"), (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createAnthropic, { baseURL: `${origin}/v1` })
    return modelClient(sdk, sdk("m"))
  }),
  seam("sdk/AiSdk google", header("x-goog-api-key"), (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createGoogleGenerativeAI, { baseURL: `${origin}/v1beta` })
    return modelClient(sdk, sdk("m"))
  }),
  seam("sdk/AiSdk azure", header("api-key"), (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createAzure, { baseURL: `${origin}/openai` })
    return modelClient(sdk, sdk.chat("m"), transcribing(sdk.transcription("m")))
  }),
  seam("sdk/AiSdk groq", bearer, (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createGroq, { baseURL: `${origin}/openai/v1` })
    return modelClient(sdk, sdk("m"), transcribing(sdk.transcription("m")))
  }),
  seam("sdk/AiSdk mistral", bearer, (provider, origin) => {
    const sdk = AiSdk.makeWith(provider, createMistral, { baseURL: `${origin}/v1` })
    return modelClient(sdk, sdk("m"))
  }),
  seam(
    "sdk/AiSdk amazon-bedrock",
    (headers) => /Credential=([^/]+)\//.exec(headers["authorization"] ?? "")?.[1],
    (provider, origin) => {
      const sdk = AmazonBedrock.makeWith(provider, createAmazonBedrock, { baseURL: origin, region: "eu-west-1" })
      return modelClient(sdk, sdk("m"))
    },
    (name) => ApiKey.make({ username: name, value: `secret of ${name}`, sessionToken: `session of ${name}` })
  )
]

// --- @effect/ai

const Event = Schema.Struct({ text: Schema.String })

interface Streaming {
  readonly streamRequest: <A, I, R>(
    request: HttpClientRequest.HttpClientRequest,
    schema: Schema.Schema<A, I, R>
  ) => Stream.Stream<A, AiError, R>
}

const streamingClient = (service: Streaming): Client => {
  const events = (request: HttpClientRequest.HttpClientRequest) => service.streamRequest(request, Event)
  const stream = async (onFirst: () => void, signal?: AbortSignal) => {
    const read = reading(onFirst)
    const request = HttpClientRequest.post("/events", { body: HttpBody.text("question") })
    await run(
      Stream.runForEach(events(request), ({ text }) => Effect.sync(() => read.add(text))),
      signal
    )
    return read.text()
  }
  const form = new FormData()
  form.set("file", new Blob(["contents"]), "name")
  return {
    itself: service,
    ask: (signal) => stream(() => undefined, signal),
    stream,
    form: async () => {
      await run(Stream.runDrain(events(HttpClientRequest.post("/events", { body: HttpBody.formData(form) }))))
      return "file"
    },
    upload: async () => {
      const body = HttpBody.stream(Stream.encodeText(Stream.make("con", "tents")))
      await run(Stream.runDrain(events(HttpClientRequest.post("/events", { body }))))
      return "hello"
    }
  }
}

const effectAi = [
  seam("sdk/EffectAi openai", bearer, (provider, origin) =>
    Effect.map(EffectAi.makeOpenAiWith(provider, { apiUrl: origin }), streamingClient).pipe(
      Effect.provide(FetchHttpClient.layer)
    )
  ),
  seam("sdk/EffectAi anthropic", header("x-api-key"), (provider, origin) =>
    Effect.map(EffectAi.makeAnthropicWith(provider, { apiUrl: origin }), streamingClient).pipe(
      Effect.provide(FetchHttpClient.layer)
    )
  ),
  seam("sdk/EffectAi google", header("x-goog-api-key"), (provider, origin) =>
    Effect.map(EffectAi.makeGoogleWith(provider, { apiUrl: origin }), streamingClient).pipe(
      Effect.provide(FetchHttpClient.layer)
    )
  ),
  seam("sdk/EffectAi openrouter", bearer, (provider, origin) =>
    Effect.map(EffectAi.makeOpenRouterWith(provider, { apiUrl: origin }), (service): Client => {
      const stream = async (onFirst: () => void, signal?: AbortSignal) => {
        const read = reading(onFirst)
        await run(
          Stream.runForEach(
            service.createChatCompletionStream({ model: "m", messages: [{ role: "user", content: "question" }] }),
            ({ choices }) => Effect.sync(() => read.add(choices[0]?.delta?.content ?? ""))
          ),
          signal
        )
        return read.text()
      }
      return { itself: service, ask: (signal) => stream(() => undefined, signal), stream }
    }).pipe(Effect.provide(FetchHttpClient.layer))
  )
]

export const seams: ReadonlyArray<Seam> = [
  fetchSeam,
  httpClientSeam("fetch", FetchHttpClient.layer),
  httpClientSeam("Node's client", NodeHttpClient.layer),
  seam("sdk/OpenAi", bearer, (provider, origin) =>
    openAiClient(OpenAi.makeWith(provider, { baseURL: `${origin}/v1`, maxRetries: 0 }))
  ),
  seam("sdk/OpenAi for Azure", header("api-key"), (provider, origin) =>
    openAiClient(
      AzureOpenAi.makeWith(provider, { baseURL: `${origin}/openai`, apiVersion: "2024-10-21", maxRetries: 0 })
    )
  ),
  anthropicSeam("x-api-key"),
  anthropicSeam("bearer"),
  ...aiSdk,
  ...effectAi
]
