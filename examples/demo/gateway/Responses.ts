/** The wire format of `POST /responses`. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type {
  Response,
  ResponseFunctionToolCall,
  ResponseOutputMessage,
  ResponseOutputText,
  ResponseStreamEvent,
  ResponseUsage
} from "openai/resources/responses/responses"
import type { Envelope } from "./Envelope.js"
import { Content, frame, textOf } from "./Envelope.js"
import type * as StandInModel from "./StandInModel.js"
import { countTokens } from "./StandInModel.js"

const InputItem = Schema.Struct({
  type: Schema.optional(Schema.String),
  role: Schema.optional(Schema.String),
  content: Schema.optionalWith(Content, { nullable: true }),
  output: Schema.optional(Content)
})

export const Request = Schema.Struct({
  model: Schema.String,
  input: Schema.Union(Schema.String, Schema.NonEmptyArray(InputItem)),
  tools: Schema.optionalWith(
    Schema.Array(Schema.Struct({ name: Schema.String, parameters: Schema.optional(Schema.Unknown) })),
    { nullable: true, default: () => [] }
  ),
  stream: Schema.optionalWith(Schema.Boolean, { nullable: true, default: () => false })
})
export type Request = typeof Request.Type

export const conversation = (request: Request): StandInModel.Conversation => {
  const items = itemsOf(request)
  const asked = items.findLastIndex((item) => item.role === "user")
  const result = items.slice(asked + 1).findLast((item) => item.type === "function_call_output")
  return {
    model: request.model,
    question: textOf(items[asked]?.content),
    tools: request.tools,
    toolResult: Option.fromNullable(result).pipe(Option.map(({ output }) => textOf(output)))
  }
}

export const whole = (request: Request, answer: StandInModel.Answer, envelope: Envelope): Response => ({
  ...response(request, envelope),
  status: "completed",
  output: [answer._tag === "Text" ? message(answer, envelope) : functionCall(answer, envelope)],
  output_text: answer._tag === "Text" ? answer.text : "",
  usage: usage(request, answer)
})

export const frames = (request: Request, answer: StandInModel.Answer, envelope: Envelope): ReadonlyArray<string> =>
  events(request, answer, envelope).map((event, sequence_number) =>
    frame(JSON.stringify({ ...event, sequence_number }), event.type)
  )

type Unnumbered<Event> = Event extends unknown ? Omit<Event, "sequence_number"> : never
type Events = ReadonlyArray<Unnumbered<ResponseStreamEvent>>

const events = (request: Request, answer: StandInModel.Answer, envelope: Envelope): Events => {
  const started = response(request, envelope)
  return [
    { type: "response.created", response: started },
    { type: "response.in_progress", response: started },
    ...(answer._tag === "Text" ? textEvents(answer, envelope) : functionCallEvents(answer, envelope)),
    { type: "response.completed", response: whole(request, answer, envelope) }
  ]
}

const textEvents = (answer: Text, envelope: Envelope): Events => {
  const item = message(answer, envelope)
  const at = { output_index: 0, content_index: 0, item_id: item.id }
  return [
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", content: [] }
    },
    { type: "response.content_part.added", ...at, part: outputText("") },
    ...answer.fragments.map((delta) => ({
      type: "response.output_text.delta" as const,
      ...at,
      delta,
      logprobs: []
    })),
    { type: "response.output_text.done", ...at, text: answer.text, logprobs: [] },
    { type: "response.content_part.done", ...at, part: outputText(answer.text) },
    { type: "response.output_item.done", output_index: 0, item }
  ]
}

const functionCallEvents = (answer: ToolCall, envelope: Envelope): Events => {
  const item = functionCall(answer, envelope)
  const at = { output_index: 0, item_id: item.id }
  return [
    {
      type: "response.output_item.added",
      output_index: 0,
      item: { ...item, status: "in_progress", arguments: "" }
    },
    ...answer.fragments.map((delta) => ({
      type: "response.function_call_arguments.delta" as const,
      ...at,
      delta
    })),
    { type: "response.function_call_arguments.done", ...at, name: item.name, arguments: item.arguments },
    { type: "response.output_item.done", output_index: 0, item }
  ]
}

type Text = Extract<StandInModel.Answer, { readonly _tag: "Text" }>
type ToolCall = Extract<StandInModel.Answer, { readonly _tag: "ToolCall" }>

const itemsOf = (request: Request): ReadonlyArray<typeof InputItem.Type> =>
  typeof request.input === "string" ? [{ role: "user", content: request.input }] : request.input

const response = (request: Request, envelope: Envelope): Response => ({
  id: `resp_${envelope.id}`,
  object: "response",
  created_at: envelope.createdAt,
  status: "in_progress",
  model: request.model,
  output: [],
  output_text: "",
  error: null,
  incomplete_details: null,
  instructions: null,
  metadata: null,
  parallel_tool_calls: true,
  temperature: null,
  tool_choice: "auto",
  tools: [],
  top_p: null
})

const message = (answer: Text, envelope: Envelope): ResponseOutputMessage => ({
  id: `msg_${envelope.id}`,
  type: "message",
  role: "assistant",
  status: "completed",
  content: [outputText(answer.text)]
})

const outputText = (text: string): ResponseOutputText => ({ type: "output_text", text, annotations: [] })

const functionCall = (answer: ToolCall, envelope: Envelope) =>
  ({
    id: `fc_${envelope.id}`,
    type: "function_call",
    call_id: `call_${envelope.id}`,
    name: answer.name,
    arguments: answer.arguments,
    status: "completed"
  }) satisfies ResponseFunctionToolCall

const usage = (request: Request, answer: StandInModel.Answer): ResponseUsage => {
  const input_tokens = itemsOf(request).reduce((sum, item) => sum + countTokens(textOf(item.content)), 0)
  const output_tokens = answer.fragments.length
  return {
    input_tokens,
    input_tokens_details: { cached_tokens: 0, cache_write_tokens: 0 },
    output_tokens,
    output_tokens_details: { reasoning_tokens: 0 },
    total_tokens: input_tokens + output_tokens
  }
}
