/** An @effect/ai agent with one tool: it asks the model again for as long as the model asks for the tool. */
import * as Chat from "@effect/ai/Chat"
import * as Prompt from "@effect/ai/Prompt"
import * as Tool from "@effect/ai/Tool"
import * as Toolkit from "@effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const toolkit = Toolkit.make(
  Tool.make("look_up_order", {
    description: "Says where an order is.",
    parameters: { order: Schema.String },
    success: Schema.Struct({ order: Schema.String, status: Schema.String })
  })
)

export const toolLayer = toolkit.toLayer({
  look_up_order: ({ order }) => Effect.succeed({ order, status: "on its way" })
})

/** The agent's final words. */
export const ask = Effect.fn("Agent.ask")(function* (question: string) {
  const chat = yield* Chat.empty
  let answer = yield* chat.generateText({ prompt: question, toolkit })
  while (answer.finishReason === "tool-calls") {
    answer = yield* chat.generateText({ prompt: Prompt.empty, toolkit })
  }
  return answer.text
})

export type Requirements = Effect.Effect.Context<ReturnType<typeof ask>>
