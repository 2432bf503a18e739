/** The agent's three tools. */
import * as Tool from "@effect/ai/Tool"
import * as Toolkit from "@effect/ai/Toolkit"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const findOrder = Tool.make("find_order", {
  description: "Says where an order is.",
  parameters: { order: Schema.String },
  success: Schema.Struct({ order: Schema.String, status: Schema.String })
})

const countWords = Tool.make("count_words", {
  description: "Counts the words of a text.",
  parameters: { text: Schema.String },
  success: Schema.Struct({ words: Schema.Number })
})

const tellTime = Tool.make("tell_time", {
  description: "Says what time it is.",
  parameters: { question: Schema.String },
  success: Schema.Struct({ time: Schema.String })
})

const handlers = {
  find_order: ({ order }: { readonly order: string }) => Effect.succeed({ order, status: "on its way" }),
  count_words: ({ text }: { readonly text: string }) => Effect.succeed({ words: text.split(/\s+/).length }),
  tell_time: () => Effect.map(Clock.currentTimeMillis, (now) => ({ time: new Date(now).toISOString() }))
}

/** All three, each time another one first: the stand-in for a model calls the first that it is offered. */
export const toolkits = [
  Toolkit.make(findOrder, countWords, tellTime),
  Toolkit.make(countWords, tellTime, findOrder),
  Toolkit.make(tellTime, findOrder, countWords)
] as const

export const layer = toolkits[0].toLayer(handlers)
