/** A stand-in for a language model: what it answers follows from the conversation alone. */
import * as Data from "effect/Data"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"

export interface Conversation {
  readonly model: string
  /** The last thing the user said. */
  readonly question: string
  readonly tools: ReadonlyArray<{ readonly name: string; readonly parameters?: unknown }>
  /** What a tool brought to light since. */
  readonly toolResult: Option.Option<string>
}

export type Answer = Data.TaggedEnum<{
  Text: { readonly text: string; readonly fragments: ReadonlyArray<string> }
  ToolCall: { readonly name: string; readonly arguments: string; readonly fragments: ReadonlyArray<string> }
}>
export const Answer = Data.taggedEnum<Answer>()

/** A first question with tools at hand is answered by calling the first one, everything else in words. */
export const answer = (conversation: Conversation): Answer => {
  const tool = conversation.tools[0]
  if (tool !== undefined && Option.isNone(conversation.toolResult)) {
    const args = JSON.stringify(argumentsFor(tool.parameters, conversation.question))
    return Answer.ToolCall({ name: tool.name, arguments: args, fragments: split(args, /.{1,12}/gsu) })
  }
  const text = Option.match(conversation.toolResult, {
    onNone: () => `This is a stand-in for a model. You asked: ${conversation.question}`,
    onSome: (result) => `This is a stand-in for a model. Your tool says: ${result}`
  })
  return Answer.Text({ text, fragments: split(text, /\S+\s*/gu) })
}

/** As good as a token count, for a stand-in. */
export const countTokens = (text: string): number => split(text, /\S+/gu).length

const split = (text: string, fragment: RegExp): ReadonlyArray<string> => text.match(fragment) ?? []

const decodeParameters = Schema.decodeUnknownEither(
  Schema.Struct({
    properties: Schema.Record({ key: Schema.String, value: Schema.Struct({ type: Schema.optional(Schema.Unknown) }) })
  })
)

const argumentsFor = (parameters: unknown, question: string): Record<string, unknown> =>
  Either.match(decodeParameters(parameters), {
    onLeft: () => ({}),
    onRight: ({ properties }) =>
      Object.fromEntries(Object.entries(properties).map(([name, { type }]) => [name, valueOf(type, question)]))
  })

const valueOf = (type: unknown, question: string): unknown => {
  switch (type) {
    case "number":
    case "integer":
      return question.length
    case "boolean":
      return true
    default:
      return question
  }
}
