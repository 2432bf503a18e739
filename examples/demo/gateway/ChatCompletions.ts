/** The wire format of `POST /chat/completions`. */
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { ChatCompletion, ChatCompletionChunk } from "openai/resources/chat/completions"
import type { CompletionUsage } from "openai/resources/completions"
import type { Envelope } from "./Envelope.js"
import { Content, frame, textOf } from "./Envelope.js"
import type * as StandInModel from "./StandInModel.js"
import { countTokens } from "./StandInModel.js"

export const Request = Schema.Struct({
  model: Schema.String,
  messages: Schema.NonEmptyArray(
    Schema.Struct({ role: Schema.String, content: Schema.optionalWith(Content, { nullable: true }) })
  ),
  tools: Schema.optionalWith(
    Schema.Array(
      Schema.Struct({ function: Schema.Struct({ name: Schema.String, parameters: Schema.optional(Schema.Unknown) }) })
    ),
    { nullable: true, default: () => [] }
  ),
  stream: Schema.optionalWith(Schema.Boolean, { nullable: true, default: () => false }),
  stream_options: Schema.optionalWith(Schema.Struct({ include_usage: Schema.optional(Schema.Boolean) }), {
    nullable: true
  })
})
export type Request = typeof Request.Type

export const conversation = (request: Request): StandInModel.Conversation => {
  const asked = request.messages.findLastIndex((message) => message.role === "user")
  const result = request.messages.slice(asked + 1).findLast((message) => message.role === "tool")
  return {
    model: request.model,
    question: textOf(request.messages[asked]?.content),
    tools: request.tools.map((tool) => tool.function),
    toolResult: Option.fromNullable(result).pipe(Option.map(({ content }) => textOf(content)))
  }
}

export const whole = (request: Request, answer: StandInModel.Answer, envelope: Envelope): ChatCompletion => ({
  id: `chatcmpl-${envelope.id}`,
  object: "chat.completion",
  created: envelope.createdAt,
  model: request.model,
  choices: [
    {
      index: 0,
      finish_reason: finishReason(answer),
      logprobs: null,
      message: {
        role: "assistant",
        refusal: null,
        ...(answer._tag === "Text"
          ? { content: answer.text }
          : {
              content: null,
              tool_calls: [
                {
                  id: callId(envelope),
                  type: "function",
                  function: { name: answer.name, arguments: answer.arguments }
                }
              ]
            })
      }
    }
  ],
  usage: usage(request, answer)
})

export const frames = (request: Request, answer: StandInModel.Answer, envelope: Envelope): ReadonlyArray<string> => [
  ...chunks(request, answer, envelope).map((chunk) => frame(JSON.stringify(chunk))),
  frame("[DONE]")
]

const chunks = (
  request: Request,
  answer: StandInModel.Answer,
  envelope: Envelope
): ReadonlyArray<ChatCompletionChunk> => {
  const head: Omit<ChatCompletionChunk, "choices"> = {
    id: `chatcmpl-${envelope.id}`,
    object: "chat.completion.chunk",
    created: envelope.createdAt,
    model: request.model
  }
  const chunk = (
    delta: ChatCompletionChunk.Choice.Delta,
    finish_reason: ChatCompletionChunk.Choice["finish_reason"] = null
  ): ChatCompletionChunk => ({ ...head, choices: [{ index: 0, delta, finish_reason, logprobs: null }] })
  return [
    ...(answer._tag === "Text"
      ? [
          chunk({ role: "assistant", content: "", refusal: null }),
          ...answer.fragments.map((content) => chunk({ content }))
        ]
      : [
          chunk({
            role: "assistant",
            content: null,
            tool_calls: [
              {
                index: 0,
                id: callId(envelope),
                type: "function",
                function: { name: answer.name, arguments: "" }
              }
            ]
          }),
          ...answer.fragments.map((part) => chunk({ tool_calls: [{ index: 0, function: { arguments: part } }] }))
        ]),
    chunk({}, finishReason(answer)),
    ...(request.stream_options?.include_usage === true ? [{ ...head, choices: [], usage: usage(request, answer) }] : [])
  ]
}

const callId = (envelope: Envelope) => `call_${envelope.id}`

const finishReason = (answer: StandInModel.Answer) => (answer._tag === "Text" ? "stop" : "tool_calls")

const usage = (request: Request, answer: StandInModel.Answer): CompletionUsage => {
  const prompt_tokens = request.messages.reduce((sum, message) => sum + countTokens(textOf(message.content)), 0)
  const completion_tokens = answer.fragments.length
  return { prompt_tokens, completion_tokens, total_tokens: prompt_tokens + completion_tokens }
}
