/** The two language models, by the name that the configuration gives: each with a key from a helper of its own. */
import { fileURLToPath } from "node:url"
import type * as LanguageModel from "@effect/ai/LanguageModel"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ApiKeyProviders from "effect-apikey/ApiKeyProviders"
import * as ApiKeySource from "effect-apikey/ApiKeySource"
import * as EffectAi from "effect-apikey/sdk/EffectAi"
import type { Gateway } from "../demo/Gateway.js"
import type { IdentityProvider } from "../demo/IdentityProvider.js"

/** The ids of the keys, and so of the models. */
export type Id = "token" | "static"

const id = Config.literal("token", "static")

/** Who tells the story, and who looks things up. */
export const choice = Config.all({
  storyteller: id("STORYTELLER").pipe(Config.withDefault("token" as const)),
  researcher: id("RESEARCHER").pipe(Config.withDefault("static" as const))
})

/** Where the keys come from: `TOKEN_API_KEY_COMMAND`, `STATIC_API_KEY_COMMAND` and their kind. */
export const keys = ApiKeyProviders.layerConfig({
  token: ApiKeySource.config("token"),
  static: ApiKeySource.config("static")
})

export interface Surroundings {
  readonly gateway: Gateway
  readonly identity: IdentityProvider
  readonly staticKey: Redacted.Redacted
}

const tokenHelper = fileURLToPath(new URL("../demo/get-token.mjs", import.meta.url))

/** The environment, and where it says nothing the helpers that suit these surroundings. */
export const configuration = ({ identity, staticKey }: Surroundings) => {
  const token = {
    argv: ["node", tokenHelper, "--issuer", identity.issuer, "--client-id", identity.clientId, "--json"],
    env: { CLIENT_SECRET: Redacted.value(identity.clientSecret) }
  }
  const printed = { argv: ["printenv", "GATEWAY_KEY"], env: { GATEWAY_KEY: Redacted.value(staticKey) } }
  const defaults = new Map([
    [ApiKeySource.variablesFor("token").command, JSON.stringify(token)],
    [ApiKeySource.variablesFor("static").command, JSON.stringify(printed)]
  ])
  return Layer.setConfigProvider(
    ConfigProvider.orElse(ConfigProvider.fromEnv(), () => ConfigProvider.fromMap(defaults))
  )
}

const modelOver = (key: Id, apiUrl: string) =>
  OpenAiLanguageModel.layer({ model: "stand-in" }).pipe(
    Layer.provide(EffectAi.layerOpenAi({ apiUrl })),
    Layer.provide(ApiKeyProviders.layerFor(key)),
    Layer.provide(FetchHttpClient.layer)
  )

export type Model = Layer.Layer<
  LanguageModel.LanguageModel,
  Layer.Layer.Error<ReturnType<typeof modelOver>>,
  ApiKeyProviders.ApiKeyProviders
>

export const models = ({ gateway }: Surroundings): Record<Id, Model> => ({
  token: modelOver("token", gateway.tokenUrl),
  static: modelOver("static", gateway.staticUrl)
})
