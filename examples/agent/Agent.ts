/** An agent that tells a story as a stream while its sub-agents, each a fiber, look things up with their tools. */
import * as Chat from "@effect/ai/Chat"
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as Prompt from "@effect/ai/Prompt"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as Tools from "./Tools.js"

/** One question, and as many calls of tools as the model wants. */
export const ask = Effect.fn("Agent.ask")(function* (question: string, toolkit: (typeof Tools.toolkits)[number]) {
  const chat = yield* Chat.empty
  let answer = yield* chat.generateText({ prompt: question, toolkit })
  while (answer.finishReason === "tool-calls") {
    answer = yield* chat.generateText({ prompt: Prompt.empty, toolkit })
  }
  return answer.text
})

/** The text of a streamed answer. */
export const tell = Effect.fn("Agent.tell")(function* (question: string) {
  return yield* LanguageModel.streamText({ prompt: question }).pipe(
    Stream.map((part) => (part.type === "text-delta" ? part.delta : "")),
    Stream.mkString
  )
})
