/** Those who ask the models: the official SDK in its four ways, and the agent. */
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import OpenAI from "openai"
import * as Agent from "./Agent.js"
import type { Call } from "./Statistics.js"

export interface Caller {
  readonly name: string
  readonly ask: (question: string) => Effect.Effect<string, CallFailed>
}

/** `status` is the one that the caller saw, if any. */
export class CallFailed extends Data.TaggedError("CallFailed")<{
  readonly status: Option.Option<number>
  readonly message: string
}> {}

export const model = "stand-in"
const patience = Duration.seconds(15)
/** Between an answer and the next question. */
const thought = Duration.millis(50)
const unauthorized = 401

/** Plain calls of the SDK: each endpoint, streamed and not. */
export const openAi = (client: OpenAI): readonly [Caller, ...Array<Caller>] => {
  const { chat, responses } = client
  const asked = (content: string) => ({ model, messages: [{ role: "user" as const, content }] })
  return [
    sdkCaller("openai chat", async (question, signal) => {
      const { choices } = await chat.completions.create(asked(question), { signal })
      return choices[0]?.message.content
    }),
    sdkCaller("openai chat, streamed", (question, signal) =>
      chat.completions.stream(asked(question), { signal }).finalContent()
    ),
    sdkCaller("openai responses", async (input, signal) => {
      const response = await responses.create({ model, input }, { signal })
      return response.output_text
    }),
    sdkCaller("openai responses, streamed", async (input, signal) => {
      const response = await responses.stream({ model, input }, { signal }).finalResponse()
      return response.output_text
    })
  ]
}

const sdkCaller = (
  name: string,
  ask: (question: string, signal: AbortSignal) => Promise<string | null | undefined>
): Caller => ({
  name,
  ask: (question) =>
    Effect.tryPromise({
      try: (signal) => ask(question, signal),
      catch: (cause) =>
        new CallFailed({
          status: Option.fromNullable(cause instanceof OpenAI.APIError ? cause.status : undefined),
          message: String(cause)
        })
    }).pipe(Effect.map((text) => text ?? ""))
})

/** The agent: two calls of the model and one of its tool for each question. */
export const agent: Effect.Effect<Caller, never, Agent.Requirements> = Effect.map(
  Effect.context<Agent.Requirements>(),
  (context) => ({
    name: "@effect/ai agent",
    ask: (question) =>
      Agent.ask(question).pipe(
        Effect.mapError(
          (error) =>
            new CallFailed({
              status: error._tag === "HttpResponseError" ? Option.some(error.response.status) : Option.none(),
              message: error.message
            })
        ),
        Effect.provide(context)
      )
  })
)

/** Asks one question after the other until the time has come, in milliseconds, and tells of each. */
export const work = (caller: Caller, until: number, record: (call: Call) => void): Effect.Effect<void> =>
  once(caller).pipe(
    Effect.tap((call) => Effect.sync(() => record(call))),
    Effect.zipLeft(Effect.sleep(thought)),
    Effect.repeat({ until: () => Effect.map(Clock.currentTimeMillis, (now) => now >= until) })
  )

let questions = 0

const once = (caller: Caller): Effect.Effect<Call> =>
  Effect.gen(function* () {
    const question = `where is order ${++questions}`
    const from = yield* preciseMillis
    const answer = yield* caller.ask(question).pipe(
      Effect.timeoutFail({
        duration: patience,
        onTimeout: () => new CallFailed({ status: Option.none(), message: `no answer in ${Duration.format(patience)}` })
      }),
      Effect.filterOrFail(
        (text) => text.includes(question),
        () => new CallFailed({ status: Option.none(), message: "the answer does not fit the question" })
      ),
      Effect.either
    )
    const to = yield* preciseMillis
    return Either.match(answer, {
      onLeft: ({ message, status }): Call => ({
        from,
        to,
        outcome: Option.contains(status, unauthorized) ? "unauthorized" : "failed",
        problem: Option.some(message)
      }),
      onRight: (): Call => ({ from, to, outcome: "answered", problem: Option.none() })
    })
  })

export const preciseMillis = Effect.map(Clock.currentTimeNanos, (nanos) => Number(nanos) / 1e6)
