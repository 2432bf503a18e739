/**
 * An agent runtime on loopback: tokens live 2 s, and one is renewed in the middle of a streamed answer. Which key the story
 * and the research go by is configuration, and so is where each key comes from: `STORYTELLER=static RESEARCHER=token npm run
 * example:agent`.
 */
import { randomUUID } from "node:crypto"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Clock from "effect/Clock"
import * as Config from "effect/Config"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import * as Gateway from "../demo/Gateway.js"
import * as IdentityProvider from "../demo/IdentityProvider.js"
import * as Agent from "./Agent.js"
import * as Models from "./Models.js"
import * as Tools from "./Tools.js"
import * as Tracing from "./Tracing.js"

const words = 40
const story = `tell of ${Array.from({ length: words }, (_, i) => `word-${i}`).join(" ")}`
/** The story, a word at a time, lasts longer than so many tokens. */
const tokensPerStory = 2
const settings = Config.integer("TOKEN_SECONDS").pipe(Config.withDefault(2))
const researchers = 3

const surroundings = Effect.gen(function* () {
  const tokenSeconds = yield* settings
  const timePerChunk = Duration.seconds((tokenSeconds * tokensPerStory) / words)
  const identity = yield* IdentityProvider.make({ tokenSeconds })
  const staticKey = Redacted.make(`sk-${randomUUID()}`)
  const gateway = yield* Gateway.make({ ...identity, staticKey, timePerChunk })
  return { tokenSeconds, identity, staticKey, gateway }
})

const program = (around: Models.Surroundings) =>
  Effect.gen(function* () {
    const choice = yield* Models.choice
    const models = Models.models(around)
    yield* Console.log(`The story goes by the ${choice.storyteller} key, the research by the ${choice.researcher} key.`)
    const token = yield* Effect.flatMap(ApiKeyProviders.ApiKeyProviders, ({ get }) => get("token"))

    // The first token is fetched for the story's own request, so what is renewed by its end was renewed in its midst.
    const telling = yield* Agent.tell(story).pipe(
      Effect.provide(models[choice.storyteller]),
      Effect.zip(token.status),
      Effect.fork
    )
    const research = Effect.forEach(
      Array.from({ length: researchers }, (_, i) => Tools.toolkits[i % Tools.toolkits.length] ?? Tools.toolkits[0]),
      (toolkit, i) => Agent.ask(`where is order ${i}`, toolkit),
      { concurrency: "unbounded" }
    )
    // Sub-agents go on for as long as the story does; every one of their requests needs a key that is valid then.
    const answers: Array<string> = []
    yield* Effect.all(
      [...choices(choice.researcher)].map((name) => research.pipe(Effect.provide(models[name]))),
      {
        concurrency: "unbounded"
      }
    ).pipe(
      Effect.tap((found) => Effect.sync(() => answers.push(...found.flat()))),
      Effect.repeat({ until: () => Effect.map(telling.status, ({ _tag }) => _tag === "Done") })
    )
    const [told, { renewals }] = yield* Fiber.join(telling)
    const { rejections, runs } = yield* token.status
    return { told, answers, rejections, renewals, runs }
  })

/** The storyteller's token is renewed by whoever asks next, so one of the sub-agents goes by it too. */
const choices = (researcher: Models.Id): ReadonlySet<Models.Id> => new Set([researcher, "token"])

const main = Effect.gen(function* () {
  const spans: Array<Tracing.EndedSpan> = []
  const around = yield* surroundings
  const from = yield* Clock.currentTimeMillis
  const layers = Models.keys.pipe(
    Layer.provide(HelperExecutor.layer),
    Layer.merge(Tools.layer),
    Layer.provideMerge(Models.configuration(around))
  )
  const seen = yield* program(around).pipe(Effect.provide(layers), Effect.provide(Tracing.layerRecording(spans)))
  const seconds = ((yield* Clock.currentTimeMillis) - from) / 1000

  const counts = new Map<string, number>()
  for (const { name } of spans) counts.set(name, (counts.get(name) ?? 0) + 1)
  const gateway = yield* around.gateway.report
  yield* Console.log(
    [
      `The story: ${seen.told.split(" ").length} words, streamed with one key from its beginning to its end.`,
      `The sub-agents: ${seen.answers.length} answers, for example "${seen.answers[0]}".`,
      `In ${seconds.toFixed(1)} s, tokens that live ${around.tokenSeconds} s: ${seen.runs} helper runs, ${seen.renewals} renewals while the story was told, ${seen.rejections} rejections.`,
      `The gateway saw ${gateway.token.keys} tokens and refused ${gateway.token.refused} requests.`,
      `Spans: ${Array.from(counts, ([name, count]) => `${name} ${count}`).join(", ")}.`
    ].join("\n")
  )
  const failed = spans.filter(({ outcome }) => outcome === "failed").length
  const complaints = [
    ...(seen.told.includes("word-39") ? [] : ["the story was cut"]),
    ...(seen.renewals > 0 ? [] : ["no token was renewed while the story was told"]),
    ...(seen.answers.length > 0 ? [] : ["no sub-agent answered"]),
    ...(failed === 0 ? [] : [`${failed} spans failed`])
  ]
  yield* Effect.forEach(complaints, (complaint) => Console.error(`FAILED: ${complaint}`))
  yield* complaints.length === 0
    ? Console.log("A token was renewed in the middle of the story, and nobody noticed.")
    : Effect.sync(() => {
        process.exitCode = 1
      })
}).pipe(Effect.scoped)

NodeRuntime.runMain(main)
