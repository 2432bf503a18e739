/** The two language models, by the name that the configuration gives: each with a key from a helper of its own. */
import { fileURLToPath } from "node:url"
import type * as LanguageModel from "@effect/ai/LanguageModel"
import * as OpenAiLanguageModel from "@effect/ai-openai/OpenAiLanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import * as Config from "effect/Config"
import type * as Context from "effect/Context"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as EffectAi from "effect-apikey/sdk/EffectAi"
import type { Gateway } from "../demo/Gateway.js"
import type { IdentityProvider } from "../demo/IdentityProvider.js"

const name = Config.literal("token", "static")

/** Who tells the story, and who looks things up. */
export const choice = Config.all({
  storyteller: name("STORYTELLER").pipe(Config.withDefault("token" as const)),
  researcher: name("RESEARCHER").pipe(Config.withDefault("static" as const))
})

/** A tag for each key, because the program holds two. */
export class TokenKey extends ApiKeyProvider.Service<TokenKey>()("agent/TokenKey") {}
export class StaticKey extends ApiKeyProvider.Service<StaticKey>()("agent/StaticKey") {}

export interface Surroundings {
  readonly gateway: Gateway
  readonly identity: IdentityProvider
  readonly staticKey: Redacted.Redacted
}

const tokenHelper = fileURLToPath(new URL("../demo/get-token.mjs", import.meta.url))

export const keys = ({ identity, staticKey }: Surroundings) =>
  Layer.mergeAll(
    TokenKey.layer(
      ApiKeyProvider.layerCommand({
        provider: "token",
        command: ["node", tokenHelper, "--issuer", identity.issuer, "--client-id", identity.clientId, "--json"],
        env: { CLIENT_SECRET: Redacted.value(identity.clientSecret) }
      })
    ),
    StaticKey.layer(
      ApiKeyProvider.layerCommand({
        provider: "static",
        command: ["printenv", "GATEWAY_KEY"],
        env: { GATEWAY_KEY: Redacted.value(staticKey) }
      })
    )
  )

const modelOver = <Id>(key: Context.Tag<Id, ApiKeyProvider.Provider>, apiUrl: string) =>
  OpenAiLanguageModel.layer({ model: "stand-in" }).pipe(
    Layer.provide(EffectAi.layerOpenAi({ apiUrl })),
    Layer.provide(Layer.effect(ApiKeyProvider.ApiKeyProvider, key)),
    Layer.provide(FetchHttpClient.layer)
  )

export type Model = Layer.Layer<
  LanguageModel.LanguageModel,
  Layer.Layer.Error<ReturnType<typeof modelOver>>,
  TokenKey | StaticKey
>

export const models = ({ gateway }: Surroundings): Record<"token" | "static", Model> => ({
  token: modelOver(TokenKey, gateway.tokenUrl),
  static: modelOver(StaticKey, gateway.staticUrl)
})
