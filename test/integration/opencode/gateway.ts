/** A loopback gateway that speaks as much of four APIs as opencode needs, lets in the keys it is told, and writes down all it saw. */
import type { ServerResponse } from "node:http"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { type Loopback, loopback, type Seen } from "../../support/loopback.js"

export interface Gateway {
  readonly origin: string
  readonly seen: Loopback["seen"]
  /** What the gateway says of a key; without a word it is let in. */
  accepts: (key: string | undefined) => boolean
  /** How long it thinks about an answer. */
  thinksMillis: number
  /** The keys that came, in their order. */
  readonly keys: () => ReadonlyArray<string | undefined>
  readonly refused: () => number
}

export const answerText = "pong from the gateway"

const keyHeaders = ["x-api-key", "x-goog-api-key", "api-key"]

const keyOf = ({ headers }: Seen): string | undefined => {
  const named = keyHeaders.map((name) => headers[name]).find((value) => value !== undefined)
  return named ?? headers["authorization"]?.replace(/^Bearer /, "")
}

export const gateway: Effect.Effect<Gateway, never, Scope.Scope> = Effect.gen(function* () {
  let refused = 0
  const state = yield* loopback((request, response) => {
    if (self.accepts(keyOf(request))) {
      setTimeout(() => speak(request, response), self.thinksMillis)
      return
    }
    refused++
    response.writeHead(401, { "content-type": "application/json" })
    response.end(JSON.stringify({ error: { message: "Incorrect API key provided.", type: "invalid_request_error" } }))
  })
  const self: Gateway = {
    origin: state.origin,
    seen: state.seen,
    accepts: () => true,
    thinksMillis: 0,
    keys: () => state.seen.map(keyOf),
    refused: () => refused
  }
  return self
})

const speak = ({ path, body }: Seen, response: ServerResponse): void => {
  if (path.includes(":generateContent") || path.includes(":streamGenerateContent")) google(response)
  else if (path.endsWith("/messages")) anthropic(response)
  else if (path.endsWith("/responses")) responses(response)
  else chatCompletions(response, body)
}

const events = (response: ServerResponse, list: ReadonlyArray<unknown>, named = false): void => {
  response.writeHead(200, { "content-type": "text/event-stream" })
  for (const each of list) {
    const type = typeof each === "object" && each !== null && "type" in each ? `event: ${String(each.type)}\n` : ""
    response.write(`${named ? type : ""}data: ${JSON.stringify(each)}\n\n`)
  }
}

const chatCompletions = (response: ServerResponse, body: string): void => {
  const common = { id: "c1", created: 1, model: "m" }
  if (!body.includes('"stream":true')) {
    response.writeHead(200, { "content-type": "application/json" })
    response.end(
      JSON.stringify({
        ...common,
        object: "chat.completion",
        choices: [{ index: 0, message: { role: "assistant", content: answerText }, finish_reason: "stop" }],
        usage: { prompt_tokens: 1, completion_tokens: 1, total_tokens: 2 }
      })
    )
    return
  }
  const chunk = (delta: object, finish: string | null) => ({
    ...common,
    object: "chat.completion.chunk",
    choices: [{ index: 0, delta, finish_reason: finish }]
  })
  events(response, [chunk({ role: "assistant", content: answerText }, null), chunk({}, "stop")])
  response.end("data: [DONE]\n\n")
}

const anthropic = (response: ServerResponse): void => {
  events(
    response,
    [
      {
        type: "message_start",
        message: {
          ...{ id: "m1", type: "message", role: "assistant", model: "m", content: [] },
          ...{ stop_reason: null, stop_sequence: null, usage: { input_tokens: 1, output_tokens: 1 } }
        }
      },
      { type: "content_block_start", index: 0, content_block: { type: "text", text: "" } },
      { type: "content_block_delta", index: 0, delta: { type: "text_delta", text: answerText } },
      { type: "content_block_stop", index: 0 },
      { type: "message_delta", delta: { stop_reason: "end_turn", stop_sequence: null }, usage: { output_tokens: 2 } },
      { type: "message_stop" }
    ],
    true
  )
  response.end()
}

const responses = (response: ServerResponse): void => {
  const item = { id: "i1", type: "message", role: "assistant" }
  const part = { type: "output_text", text: answerText, annotations: [] }
  events(
    response,
    [
      { type: "response.created", response: { id: "r1", created_at: 1, model: "m", output: [] } },
      { type: "response.output_item.added", output_index: 0, item: { ...item, status: "in_progress", content: [] } },
      { type: "response.output_text.delta", item_id: "i1", output_index: 0, content_index: 0, delta: answerText },
      { type: "response.output_item.done", output_index: 0, item: { ...item, status: "completed", content: [part] } },
      {
        type: "response.completed",
        response: { id: "r1", created_at: 1, model: "m", usage: { input_tokens: 1, output_tokens: 1, total_tokens: 2 } }
      }
    ],
    true
  )
  response.end()
}

const google = (response: ServerResponse): void => {
  events(response, [
    {
      candidates: [{ index: 0, content: { role: "model", parts: [{ text: answerText }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 }
    }
  ])
  response.end()
}
