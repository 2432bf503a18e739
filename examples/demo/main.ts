/**
 * The main job, end to end, on loopback: an OpenID provider whose tokens live three seconds, a gateway that checks them, and
 * callers that never notice. `npm start -- --seconds 60` runs longer.
 */
import { randomUUID } from "node:crypto"
import { fileURLToPath } from "node:url"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Runtime from "@effect/platform/Runtime"
import * as NodeContext from "@effect/platform-node/NodeContext"
import * as NodeRuntime from "@effect/platform-node/NodeRuntime"
import * as Console from "effect/Console"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import * as EffectAi from "effect-apikey/sdk/EffectAi"
import * as Fetch from "effect-apikey/sdk/Fetch"
import OpenAI from "openai"
import * as Agent from "./Agent.js"
import * as Callers from "./Callers.js"
import * as Gateway from "./Gateway.js"
import * as GitCredential from "./GitCredential.js"
import * as IdentityProvider from "./IdentityProvider.js"
import * as Options from "./Options.js"
import * as Report from "./Report.js"
import * as Statistics from "./Statistics.js"
import * as Team from "./Team.js"

const tokenHelper = fileURLToPath(new URL("./get-token.mjs", import.meta.url))
const timePerChunk = Duration.millis(4)

const demo = Effect.fn("demo")(function* ({ duration }: Options.Options) {
  const identity = yield* IdentityProvider.make()
  const staticKey = Redacted.make(`sk-${randomUUID()}`)
  const gateway = yield* Gateway.make({ ...identity, staticKey, timePerChunk })
  const fs = yield* FileSystem.FileSystem
  const runLog = yield* fs.makeTempFileScoped()
  const git = yield* GitCredential.make({ origin: gateway.origin, key: staticKey })

  const token = yield* ApiKeyProvider.fromCommand({
    provider: "gateway",
    argv: ["node", tokenHelper, "--issuer", identity.issuer, "--client-id", identity.clientId],
    env: { CLIENT_SECRET: Redacted.value(identity.clientSecret), RUN_LOG: runLog }
  })
  const gitKey = yield* Effect.transposeMapOption(git, (helper) =>
    ApiKeyProvider.fromCommand({ provider: "gateway-static", ...helper })
  )
  const agent = yield* agentFor(token, gateway.tokenUrl)
  const tokenTeam = yield* Team.make(token, [...Callers.openAi(openAiFor(token, gateway.tokenUrl)), agent])
  const gitTeam = yield* Effect.transposeMapOption(gitKey, (provider) => {
    const [chat] = Callers.openAi(openAiFor(provider, gateway.staticUrl))
    return Team.make(provider, [{ ...chat, name: `${chat.name}, key from git` }])
  })

  yield* Console.log(`Gateway ${gateway.origin}, OpenID provider ${identity.issuer}: tokens live 3 s.`)
  if (Option.isNone(git)) yield* Console.log("There is no git on this machine: the route with its key is left out.")
  const teams = [tokenTeam, ...Option.toArray(gitTeam)]
  yield* Team.work(
    teams,
    duration,
    Effect.map(gateway.report, (seen) => `tokens seen: ${seen.token.keys}, 401s given: ${seen.token.refused}`)
  )

  const served = yield* gateway.report
  const report: Report.Report = {
    callers: teams.flatMap(Team.summaries),
    total: Statistics.summarize(teams.flatMap(Team.phasedCalls)),
    keys: [
      {
        name: "OpenID token",
        helperRuns: (yield* fs.readFileString(runLog)).length,
        tokens: Option.some(yield* identity.report),
        route: served.token
      },
      ...(yield* Effect.forEach(Option.toArray(gitKey), (provider) =>
        Effect.map(provider.status, ({ runs }) => ({
          name: "key from git",
          helperRuns: runs,
          tokens: Option.none(),
          route: served.static
        }))
      ))
    ]
  }
  yield* Console.log(Report.render(report))
  return Report.problems(report)
}, Effect.scoped)

// -----------------------------------------------------------------------------
// How a program uses a provider
// -----------------------------------------------------------------------------

const openAiFor = (provider: ApiKeyProvider.Provider, baseURL: string) =>
  new OpenAI({
    baseURL,
    apiKey: Fetch.placeholder,
    fetch: Fetch.makeWith(provider, { baseUrl: baseURL }),
    maxRetries: 0
  })

const agentFor = (provider: ApiKeyProvider.Provider, apiUrl: string) =>
  Layer.build(
    OpenAiLanguageModel.layer({ model: Callers.model }).pipe(
      Layer.provide(EffectAi.layerOpenAi({ apiUrl })),
      Layer.provide(Layer.succeed(ApiKeyProvider.ApiKeyProvider, provider)),
      Layer.provide(FetchHttpClient.layer),
      Layer.merge(Agent.toolLayer)
    )
  ).pipe(Effect.flatMap((context) => Effect.provide(Callers.agent, context)))

// -----------------------------------------------------------------------------
// The command line
// -----------------------------------------------------------------------------

const exitCode = { failed: 1, usage: 64, interrupted: 130 }

const endWith = (code: number, complaints: ReadonlyArray<string>) =>
  Effect.zipRight(
    Effect.forEach(complaints, (complaint) => Console.error(complaint), { discard: true }),
    Effect.sync(() => {
      process.exitCode = code
    })
  )

const main = Either.match(Options.parse(process.argv.slice(2)), {
  onLeft: ({ message }) => endWith(exitCode.usage, [message]),
  onRight: (options) =>
    demo(options).pipe(
      Effect.flatMap((problems) =>
        problems.length === 0
          ? Console.log("No caller saw a 401.")
          : endWith(
              exitCode.failed,
              problems.map((problem) => `FAILED: ${problem}`)
            )
      ),
      Effect.provide(Layer.merge(NodeContext.layer, HelperExecutor.layer))
    )
})

NodeRuntime.runMain(main, {
  teardown: (exit, onExit) =>
    Exit.isInterrupted(exit) ? onExit(exitCode.interrupted) : Runtime.defaultTeardown(exit, onExit)
})
