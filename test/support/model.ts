/** A stand-in for every API that an SDK under test speaks: it says "hel" and "lo", whole or streamed. */
import type { ServerResponse } from "node:http"
import { crc32 } from "node:zlib"
import { type Handler, json, type Seen } from "./loopback.js"

const parts = ["hel", "lo"]
const text = parts.join("")
const usage = { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
const openAi = { id: "1", created: 1, model: "vendor/m", system_fingerprint: null }
const message = {
  id: "1",
  type: "message",
  role: "assistant",
  model: "m",
  stop_reason: "end_turn",
  stop_sequence: null
}

const sse = (events: ReadonlyArray<unknown>): ReadonlyArray<string> =>
  events.map((event) => {
    const type = typeof event === "object" && event !== null && "type" in event ? `event: ${event.type}\n` : ""
    return `${type}data: ${typeof event === "string" ? event : JSON.stringify(event)}\n\n`
  })

const chatFrames = (): ReadonlyArray<string> => {
  const chunk = (delta: object, finish_reason: string | null) => ({
    ...openAi,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason, logprobs: null }]
  })
  return sse([...parts.map((content) => chunk({ role: "assistant", content }, null)), chunk({}, "stop"), "[DONE]"])
}

const messageFrames = (): ReadonlyArray<string> =>
  sse([
    {
      type: "message_start",
      message: { ...message, content: [], stop_reason: null, usage: { input_tokens: 1, output_tokens: 1 } }
    },
    { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
    ...parts.map((part) => ({ type: "content_block_delta", index: 0, delta: { type: "text_delta", text: part } })),
    { type: "content_block_stop", index: 0 },
    { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 2 } },
    { type: "message_stop" }
  ])

const candidate = (part: string, finishReason?: string) => ({
  candidates: [
    {
      content: { role: "model", parts: [{ text: part }] },
      index: 0,
      ...(finishReason === undefined ? {} : { finishReason })
    }
  ],
  usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
})

/** One message of `application/vnd.amazon.eventstream`: lengths, headers, payload, and a checksum of each part. */
const amazonFrame = (type: string, value: unknown): Buffer => {
  const header = (name: string, text: string): Buffer => {
    const length = Buffer.alloc(2)
    length.writeUInt16BE(text.length)
    const isText = 7
    return Buffer.concat([
      Buffer.from([name.length]),
      Buffer.from(name),
      Buffer.from([isText]),
      length,
      Buffer.from(text)
    ])
  }
  const headers = Buffer.concat([header(":message-type", "event"), header(":event-type", type)])
  const payload = Buffer.from(JSON.stringify(value))
  const uint32 = (...values: ReadonlyArray<number>): Buffer => {
    const bytes = Buffer.alloc(4 * values.length)
    for (const [index, each] of values.entries()) bytes.writeUInt32BE(each, 4 * index)
    return bytes
  }
  const frameBytes = 16
  const lengths = uint32(frameBytes + headers.length + payload.length, headers.length)
  const message = Buffer.concat([lengths, uint32(crc32(lengths)), headers, payload])
  return Buffer.concat([message, uint32(crc32(message))])
}

const amazonFrames = (): ReadonlyArray<Buffer> => [
  Buffer.concat([
    amazonFrame("messageStart", { role: "assistant" }),
    amazonFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: parts[0] } })
  ]),
  amazonFrame("contentBlockDelta", { contentBlockIndex: 0, delta: { text: parts[1] } }),
  amazonFrame("contentBlockStop", { contentBlockIndex: 0 }),
  amazonFrame("messageStop", { stopReason: "end_turn" })
]

/** Frames of a stream: the first at once, the others when the gate opens. */
export interface Gate {
  open: Promise<void>
}

const stream = async (
  response: ServerResponse,
  frames: ReadonlyArray<string | Buffer>,
  gate: Gate,
  type = "text/event-stream"
): Promise<void> => {
  response.writeHead(200, { "content-type": type })
  const [first = "", ...rest] = frames.length > 6 ? [frames.slice(0, 3).join(""), ...frames.slice(3)] : frames
  response.write(first)
  await gate.open
  response.end(Buffer.concat(rest.map((frame) => Buffer.from(frame))))
}

const openGate: Gate = { open: Promise.resolve() }

export const model =
  (gate: Gate = openGate): Handler =>
  (request, response) => {
    const path = request.path.split("?")[0] ?? ""
    const streaming = /"stream":\s*true/.test(request.body) || path.includes("stream") || path.endsWith("/events")
    if (path.endsWith("/converse-stream")) {
      return void stream(response, amazonFrames(), gate, "application/vnd.amazon.eventstream")
    }
    if (streaming) return void stream(response, framesOf(path), gate)
    json(response, 200, wholeOf(path, request))
  }

const framesOf = (path: string): ReadonlyArray<string> => {
  if (path.endsWith("/messages")) return messageFrames()
  if (path.endsWith("/chat/completions")) return chatFrames()
  if (path.includes("GenerateContent")) return sse([candidate("hel"), candidate("lo", "STOP")])
  return sse(parts.map((part) => ({ text: part })))
}

const wholeOf = (path: string, request: Seen): unknown => {
  if (path.endsWith("/messages")) {
    return { ...message, content: [{ type: "text", text }], usage: { input_tokens: 1, output_tokens: 1 } }
  }
  if (path.endsWith("/chat/completions")) {
    return {
      ...openAi,
      object: "chat.completion",
      choices: [
        {
          index: 0,
          finish_reason: "stop",
          logprobs: null,
          message: { role: "assistant", content: text, refusal: null }
        }
      ],
      usage
    }
  }
  if (path.endsWith(":generateContent")) return candidate(text, "STOP")
  if (path.endsWith("/converse")) {
    return {
      output: { message: { role: "assistant", content: [{ text }] } },
      stopReason: "end_turn",
      usage: { inputTokens: 1, outputTokens: 1, totalTokens: 2 },
      metrics: { latencyMs: 1 }
    }
  }
  if (path.endsWith("/images/edits")) return { data: [{ b64_json: Buffer.from("file").toString("base64") }] }
  if (path.endsWith("/files")) return { id: "file-1", object: "file", bytes: request.body.length, filename: text }
  return { text, x_groq: { id: "1" } }
}
