/**
 * Providers of the AI SDK (`@ai-sdk/*`), with a fresh key in every request. No such package is imported here: a factory is
 * handed in, or loaded by its name.
 *
 * @since 0.1.0
 */

import type { LanguageModelV3 } from "@ai-sdk/provider"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import { hasProperty, isRecord } from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import * as Scope from "effect/Scope"
import type { ConfigInvalid } from "../ApiKeyError.js"
import type { Requirements } from "../internal/helper/options.js"
import { inCode } from "../internal/model/configInvalid.js"
import { ApiKeyProvider, type Provider } from "../internal/model/provider.js"
import { fromResolvedCommand } from "../internal/provider/command.js"
import { type CommandOptions, resolveCommand } from "../internal/provider/resolvedCommand.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { placeholder } from "../internal/request/placeholder.js"
import { isScheme, type Scheme, unknownScheme } from "../internal/request/scheme.js"
import { comparable } from "../internal/util/canonicalJson.js"
import { digestOf } from "../internal/util/digest.js"
import { inOwnFiber } from "../internal/util/fiber.js"
import { sharing } from "../internal/util/sharedByKey.js"
import { isAws, sign } from "./aiSdk/bedrock.js"
import { commandOf } from "./aiSdk/command.js"
import { loadFactory } from "./aiSdk/loadFactory.js"

/**
 * What a factory of the AI SDK takes and we give instead.
 *
 * @since 0.1.0
 * @category models
 */
export type Credential =
  | "apiKey"
  | "authToken"
  | "tokenProvider"
  | "accessKeyId"
  | "secretAccessKey"
  | "sessionToken"
  | "credentialProvider"

/**
 * What makes a provider object from its settings: `createOpenAI`, `createAnthropic`, …
 *
 * @since 0.1.0
 * @category models
 */
export type Factory = (settings: never) => unknown

/**
 * The factory's own settings, less its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<F extends Factory> = Omit<NonNullable<Parameters<F>[0]>, Credential> & {
  /** Which header carries the key. Default: the one that the factory itself puts its key in. */
  readonly scheme?: Scheme | undefined
}

/**
 * Makes a provider object of the AI SDK by its factory (`createOpenAI`, `createAnthropic`, …). The key goes to the origin
 * of `baseURL`; where none is given, it goes in each request in whose headers the SDK itself has put its credential, wherever
 * that goes, but with no redirect to another origin.
 *
 * A failing helper's typed error is thrown as it is.
 *
 * @example
 * ```ts
 * import { createAnthropic } from "@ai-sdk/anthropic"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as AiSdk from "effect-apikey/sdk/AiSdk"
 * import * as Effect from "effect/Effect"
 *
 * export const model = Effect.map(ApiKeyProvider.ApiKeyProvider, (provider) =>
 *   AiSdk.make(provider, createAnthropic, {})("claude-sonnet-4-5")
 * )
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <F extends Factory>(provider: Provider, factory: F, options: Options<F>): ReturnType<F> =>
  makeIn(Runtime.defaultRuntime, provider, factory, options)

const makeIn = <F extends Factory>(
  runtime: Runtime.Runtime<never>,
  provider: Provider,
  factory: F,
  { scheme, ...settings }: Options<F>
): ReturnType<F> => {
  const fetch = authorizedFetch(provider, { baseUrl: baseUrlOf(settings), scheme, fetch: fetchOf(settings) }, runtime)
  return call(factory, { ...settings, apiKey: placeholder, fetch })
}

/**
 * Makes a provider object for Amazon Bedrock by its factory, `createAmazonBedrock`, from a key pair (format
 * `aws-credential-process`). The SDK's credential provider gives a placeholder: each request is signed anew (Signature
 * Version 4) with the key that it is sent with, so that an expired one can be followed by another.
 *
 * Without a `baseURL` that is what goes to AWS's own hosts in the region, and to those that AWS_ENDPOINT_URL and its kind
 * name; nothing else is signed.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeBedrock = <F extends Factory>(
  provider: Provider,
  factory: F,
  options: Omit<Options<F>, "scheme">
): ReturnType<F> => makeBedrockIn(Runtime.defaultRuntime, provider, factory, options)

const makeBedrockIn = <F extends Factory>(
  runtime: Runtime.Runtime<never>,
  provider: Provider,
  factory: F,
  settings: object
): ReturnType<F> => {
  const fetch = authorizedFetch(
    provider,
    { baseUrl: baseUrlOf(settings), fetch: fetchOf(settings), authorize: sign, isForKey: isAws },
    runtime
  )
  const credentialProvider = () => Promise.resolve({ accessKeyId: placeholder, secretAccessKey: placeholder })
  // An empty `apiKey` keeps AWS_BEARER_TOKEN_BEDROCK from being taken instead.
  return call(factory, { ...settings, apiKey: "", credentialProvider, fetch })
}

/**
 * The provider object's layer, with the key provider of the context. The tag is yours, because each package has a type of
 * its own.
 *
 * @example
 * ```ts
 * import { createOpenAI, type OpenAIProvider } from "@ai-sdk/openai"
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as AiSdk from "effect-apikey/sdk/AiSdk"
 * import * as Context from "effect/Context"
 * import * as Layer from "effect/Layer"
 *
 * class OpenAi extends Context.Tag("OpenAi")<OpenAi, OpenAIProvider>() {}
 *
 * export const OpenAiLive = AiSdk.layer(OpenAi, createOpenAI, { organization: "org-1" }).pipe(
 *   Layer.provide(ApiKeyProvider.layerCommand({ argv: ["op", "read", "op://Private/OpenAI/api-key"] })),
 *   Layer.provide(HelperExecutor.layerNode)
 * )
 * ```
 *
 * @since 0.1.0
 * @category layers
 */
export const layer = <Id, F extends Factory>(
  tag: Context.Tag<Id, ReturnType<F>>,
  factory: F,
  options: Options<F>
): Layer.Layer<Id, never, ApiKeyProvider> =>
  Layer.effect(
    tag,
    Effect.flatMap(ApiKeyProvider, (provider) =>
      Effect.map(Effect.runtime<never>(), (runtime) => makeIn(runtime, provider, factory, options))
    )
  )

/**
 * The same for Amazon Bedrock: see `makeBedrock`.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerBedrock = <Id, F extends Factory>(
  tag: Context.Tag<Id, ReturnType<F>>,
  factory: F,
  options: Omit<Options<F>, "scheme">
): Layer.Layer<Id, never, ApiKeyProvider> =>
  Layer.effect(
    tag,
    Effect.flatMap(ApiKeyProvider, (provider) =>
      Effect.map(Effect.runtime<never>(), (runtime) => makeBedrockIn(runtime, provider, factory, options))
    )
  )

// --- boundary: settings without credentials are made whole again, which no type can follow

const call = <F extends Factory>(factory: F, settings: object): ReturnType<F> =>
  factory(settings as never) as ReturnType<F>

const baseUrlOf = (settings: object): string | undefined =>
  hasProperty(settings, "baseURL") && typeof settings.baseURL === "string" ? settings.baseURL : undefined

const fetchOf = (settings: object): typeof globalThis.fetch | undefined =>
  hasProperty(settings, "fetch") && typeof settings.fetch === "function"
    ? (settings.fetch as typeof globalThis.fetch)
    : undefined

// --- end of the boundary

/**
 * How a provider stands in a configuration file, as opencode has it. `options` are the package's own, and beside them
 * `apiKeyCommand`: an argv, or an object with `command` and what else shapes its runs and its key. An `apiKey` that is neither empty nor null wins over it.
 * `scheme` is ours, too: which header carries the key, by name.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkConfig {
  /** The package, for example `@ai-sdk/openai-compatible`. */
  readonly npm: string
  /** The provider's id. Default: the package's name. */
  readonly name?: string | undefined
  readonly options?: Readonly<Record<string, unknown>> | undefined
}

/**
 * What a package's factory makes, as far as it is known without the package.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sdk {
  readonly languageModel: (modelId: string) => LanguageModelV3
}

/**
 * The provider objects of a program, by their configuration.
 *
 * @since 0.1.0
 * @category tags
 */
export class AiSdks extends Context.Tag("effect-apikey/sdk/AiSdk/AiSdks")<
  AiSdks,
  { readonly getSDK: (config: SdkConfig) => Effect.Effect<Sdk, ConfigInvalid> }
>() {}

/**
 * Makes a provider object from configuration: its package is imported at run time, and equal configurations give one
 * object. Its helper runs at its first request, not here. Equal commands share a key where `name` is the same, or `provider`
 * beside `command`: that is what the helper finds in `EFFECT_APIKEY_PROVIDER`.
 *
 * No policy is asked: the configuration is the program's own, as trusted as its code. What a project's file says has no place
 * here.
 *
 * Fails with `ConfigInvalid` where the configuration is wrong, the package is missing (the hint has the install line) or
 * has no factory.
 *
 * @example
 * ```ts
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as AiSdk from "effect-apikey/sdk/AiSdk"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const model = Effect.map(
 *   AiSdk.getSDK({
 *     npm: "@ai-sdk/openai-compatible",
 *     options: { baseURL: "https://gateway.example.com/v1", apiKeyCommand: ["op", "read", "op://Private/Gateway/key"] }
 *   }),
 *   (sdk) => sdk.languageModel("my-model")
 * ).pipe(Effect.provide(AiSdk.layerSdks.pipe(Layer.provide(HelperExecutor.layerNode))))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const getSDK = (config: SdkConfig): Effect.Effect<Sdk, ConfigInvalid, AiSdks> =>
  Effect.flatMap(AiSdks, (sdks) => sdks.getSDK(config))

/**
 * The provider objects of configurations; they and their keys live as long as the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerSdks: Layer.Layer<AiSdks, never, Requirements> = Layer.scoped(
  AiSdks,
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<Requirements>()
    const scope = yield* Effect.scope
    const one = yield* Effect.makeSemaphore(1)
    const sdks = new Map<string, Sdk>()
    const shared = yield* sharing(fromResolvedCommand)

    const providerFor = (command: CommandOptions) =>
      inOwnFiber(runtime, Scope.extend(shared(resolveCommand(command)), scope))

    const build = ({ name, npm, options = {} }: SdkConfig) =>
      Effect.gen(function* () {
        const { apiKeyCommand, scheme, ...settings } = options
        if (scheme !== undefined && !isScheme(scheme)) return yield* unknownScheme()
        const factory = yield* loadFactory(npm)
        const id = name ?? npm
        const given = { name: id, ...settings }
        // An empty one is what opencode makes of `{env:MISSING}`, null is JSON's; they would hide the command.
        if (apiKeyCommand === undefined || (settings["apiKey"] ?? "") !== "") {
          return yield* checked(npm, () => call(factory, given))
        }
        const provider = yield* providerFor(yield* commandOf(id, apiKeyCommand))
        return yield* checked(npm, () =>
          npm === bedrockPackage
            ? makeBedrockIn(runtime, provider, factory, given)
            : makeIn(runtime, provider, factory, { scheme, ...given })
        )
      })

    return {
      getSDK: (config) =>
        Effect.flatMap(digestOfConfig(config), (digest) =>
          one.withPermits(1)(
            orMake(
              sdks,
              digest,
              Effect.suspend(() => build(config))
            )
          )
        )
    }
  })
)

const bedrockPackage = "@ai-sdk/amazon-bedrock"

const orMake = <A, E>(made: Map<string, A>, key: string, make: Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const known = made.get(key)
    return known === undefined
      ? Effect.tap(make, (value) =>
          Effect.sync(() => {
            made.set(key, value)
          })
        )
      : Effect.succeed(known)
  })

/** JavaScript and configuration files give what no type has looked at. */
const digestOfConfig = (config: unknown): Effect.Effect<string, ConfigInvalid> => {
  if (!isRecord(config)) return Effect.fail(inCode("the configuration is no object", example))
  if (typeof config["npm"] !== "string") return Effect.fail(inCode("`npm` is missing or no text", example))
  if (config["name"] !== undefined && typeof config["name"] !== "string") {
    return Effect.fail(inCode("`name` is no text", example))
  }
  if (config["options"] !== undefined && !isRecord(config["options"])) {
    return Effect.fail(inCode("`options` is no object", example))
  }
  return Effect.try({
    try: () => digestOf(comparable(config, { unset: "dropped" })),
    catch: () => inCode("`options` holds itself", "Give plain values.")
  })
}

const example = 'For example: { npm: "@ai-sdk/openai-compatible", options: { … } }'

const checked = (npm: string, make: () => unknown): Effect.Effect<Sdk, ConfigInvalid> =>
  Effect.try({
    try: make,
    // Not its message: it may quote a setting that is a secret.
    catch: (error) => {
      const kind = error instanceof Error ? ` (${error.name})` : ""
      return inCode(
        `the factory of ${npm} refuses its options${kind}`,
        `Check \`options\` against the settings of ${npm}; calling its factory with them says more.`
      )
    }
  }).pipe(
    Effect.filterOrFail(isSdk, () =>
      inCode(
        `what the factory of ${npm} makes is no provider of the AI SDK`,
        `Check its version: npm ls ${npm}; ai 6 goes with providers of version 3.`
      )
    )
  )

const isSdk = (u: unknown): u is Sdk => hasProperty(u, "languageModel") && typeof u.languageModel === "function"
