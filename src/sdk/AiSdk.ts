/**
 * Provider objects of the AI SDK (`@ai-sdk/*`), with the current key in every request.
 *
 * No such package is imported here: you pass its factory, or `get` loads it by its name.
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
import { isUnresolved } from "../internal/format/notAKey.js"
import type { Requirements } from "../internal/helper/options.js"
import { inCode } from "../internal/model/options.js"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { fromContext } from "../internal/model/provider.js"
import { checkedRefusedWhen } from "../internal/model/refusal.js"
import { fromResolvedCommand } from "../internal/provider/command.js"
import { type CommandOptions, resolveCommand } from "../internal/provider/resolvedCommand.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { placeholder } from "../internal/request/placeholder.js"
import { isScheme, type Scheme, unknownScheme } from "../internal/request/scheme.js"
import { comparable } from "../internal/util/canonicalJson.js"
import { digestOf } from "../internal/util/digest.js"
import { inOwnFiber } from "../internal/util/fiber.js"
import { sharing } from "../internal/util/sharedByKey.js"
import * as AmazonBedrock from "./AmazonBedrock.js"
import { commandOf } from "./aiSdk/command.js"
import { loadFactory } from "./aiSdk/loadFactory.js"
import * as settings from "./aiSdk/settings.js"

const hasKey = (apiKey: unknown): boolean =>
  typeof apiKey === "string" ? apiKey !== "" && !isUnresolved(apiKey) : (apiKey ?? undefined) !== undefined

/**
 * The settings of factories that hold a credential. effect-apikey gives them itself.
 *
 * @since 0.1.0
 * @category models
 */
export type Credential = settings.Credential

/**
 * Makes a provider object from its settings: `createOpenAI`, `createAnthropic`, …
 *
 * @since 0.1.0
 * @category models
 */
export type Factory = settings.Factory

/**
 * The factory's own settings, without its credentials.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<F extends Factory> = settings.Settings<F> & {
  /** How the key is sent. Default: in the header in which the factory itself sends its key. */
  readonly scheme?: Scheme | undefined
}

/**
 * Makes a provider object of the AI SDK with its factory (`createOpenAI`, `createAnthropic`, …) and the key provider of the
 * context.
 *
 * The key is sent to the origin of `baseURL`. Without a `baseURL`, it is sent in every request in whose headers the package
 * puts its credential, to whichever origin; a redirect to another origin does not carry it.
 *
 * If there is no key, a request rejects with the `ApiKeyError` itself. For Amazon Bedrock use `sdk/AmazonBedrock`.
 *
 * @example
 * ```ts
 * import { createAnthropic } from "@ai-sdk/anthropic"
 * import * as AiSdk from "effect-apikey/sdk/AiSdk"
 * import * as Effect from "effect/Effect"
 *
 * export const model = Effect.map(AiSdk.make(createAnthropic, {}), (anthropic) => anthropic("claude-sonnet-4-5"))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <F extends Factory>(
  factory: F,
  options: Options<F>
): Effect.Effect<ReturnType<F>, never, ApiKeyProvider> =>
  fromContext((provider, runtime) => makeWith(provider, factory, options, runtime))

/**
 * Makes a provider object with a key provider that you pass. Waiting for a key uses the clock, logger and tracer of
 * `runtime`; the default is Effect's default runtime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWith = <F extends Factory>(
  provider: Provider,
  factory: F,
  { scheme, ...rest }: Options<F>,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): ReturnType<F> => {
  const fetch = authorizedFetch(
    provider,
    { baseUrl: settings.baseUrlOf(rest), scheme, fetch: settings.fetchOf(rest) },
    runtime
  )
  return settings.call(factory, { ...rest, apiKey: placeholder, fetch })
}

/**
 * The provider object as a layer, with the key provider of the context. You define the tag, because each package has a type
 * of its own.
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
 *   Layer.provide(HelperExecutor.layer)
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
): Layer.Layer<Id, never, ApiKeyProvider> => Layer.effect(tag, make(factory, options))

/**
 * A provider in a configuration file, in opencode's shape. `options` are the package's own settings, and three more:
 *
 * - `apiKeyCommand`: the helper that prints the key, as an argv or as a command object. A non-empty `apiKey` wins over it.
 * - `scheme`: how the key is sent.
 * - `refusedWhen`: which responses, beside the known ones, mean that the server rejected the key.
 *
 * @since 0.1.0
 * @category models
 */
export interface SdkConfig {
  /** The package's name, for example `@ai-sdk/openai-compatible`. */
  readonly npm: string
  /** The provider's id. Default: the package's name. */
  readonly name?: string | undefined
  readonly options?: Readonly<Record<string, unknown>> | undefined
}

/**
 * A provider object, as far as its type is known without its package.
 *
 * @since 0.1.0
 * @category models
 */
export interface Sdk {
  readonly languageModel: (modelId: string) => LanguageModelV3
}

/**
 * Makes provider objects from their configuration, and keeps them.
 *
 * @since 0.1.0
 * @category tags
 */
export class Registry extends Context.Tag("effect-apikey/sdk/AiSdk/Registry")<
  Registry,
  { readonly get: (config: SdkConfig) => Effect.Effect<Sdk, ConfigInvalid> }
>() {}

/**
 * The provider object for a configuration. Its package is imported at run time. Equal configurations return the same object.
 *
 * The helper runs at the first request. Configurations share a key if their commands are equal and their `name` is the same,
 * or `provider` in the command: the helper reads that in `EFFECT_APIKEY_PROVIDER`.
 *
 * No policy applies, because the configuration is your program's own. Do not pass the content of a project's file.
 *
 * Fails with `ConfigInvalid` if the configuration is wrong, if the package is missing (the hint is the install command), or
 * if the package has no factory.
 *
 * @example
 * ```ts
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as AiSdk from "effect-apikey/sdk/AiSdk"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 *
 * export const model = Effect.map(
 *   AiSdk.get({
 *     npm: "@ai-sdk/openai-compatible",
 *     options: { baseURL: "https://gateway.example.com/v1", apiKeyCommand: ["op", "read", "op://Private/Gateway/key"] }
 *   }),
 *   (sdk) => sdk.languageModel("my-model")
 * ).pipe(Effect.provide(AiSdk.layerRegistry.pipe(Layer.provide(HelperExecutor.layer))))
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const get = (config: SdkConfig): Effect.Effect<Sdk, ConfigInvalid, Registry> =>
  Effect.flatMap(Registry, (registry) => registry.get(config))

/**
 * The registry. Its provider objects and their keys live as long as the layer.
 *
 * @since 0.1.0
 * @category layers
 */
export const layerRegistry: Layer.Layer<Registry, never, Requirements> = Layer.scoped(
  Registry,
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<Requirements>()
    const scope = yield* Effect.scope
    const one = yield* Effect.makeSemaphore(1)
    const sdks = new Map<string, Sdk>()
    const sharedFor = yield* sharing(fromResolvedCommand)

    const providerFor = (command: CommandOptions) =>
      inOwnFiber(runtime, Scope.extend(sharedFor(resolveCommand(command)), scope))

    const build = Effect.fnUntraced(function* ({ name, npm, options = {} }: SdkConfig) {
      const { apiKeyCommand, refusedWhen, scheme, ...rest } = options
      if (scheme !== undefined && !isScheme(scheme)) return yield* unknownScheme(scheme)
      const rules = yield* checkedRefusedWhen(refusedWhen)
      const factory = yield* loadFactory(npm)
      const id = name ?? npm
      const given = { name: id, ...rest }
      // opencode replaces `{env:MISSING}` with an empty string, and other references not at all. They must not hide the command.
      if (apiKeyCommand === undefined || hasKey(rest["apiKey"])) {
        return yield* checked(npm, () => settings.call(factory, given))
      }
      const shared = yield* providerFor(yield* commandOf(id, apiKeyCommand))
      const provider = { ...shared, refusedWhen: rules }
      return yield* checked(npm, () =>
        npm === bedrockPackage
          ? AmazonBedrock.makeWith(provider, factory, given, runtime)
          : makeWith(provider, factory, { scheme, ...given }, runtime)
      )
    })

    return {
      get: (config) =>
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

/** Checks the configuration, which JavaScript and files give untyped. */
const digestOfConfig = (config: unknown): Effect.Effect<string, ConfigInvalid> => {
  if (!isRecord(config)) return Effect.fail(inCode("the configuration is not an object", example))
  if (typeof config["npm"] !== "string") return Effect.fail(inCode("`npm` is missing or not a string", example))
  if (config["name"] !== undefined && typeof config["name"] !== "string") {
    return Effect.fail(inCode("`name` is not a string", example))
  }
  if (config["options"] !== undefined && !isRecord(config["options"])) {
    return Effect.fail(inCode("`options` is not an object", example))
  }
  return Effect.try({
    try: () => digestOf(comparable(config, { unset: "dropped" })),
    catch: () => inCode("`options` contains itself", "Give plain values.")
  })
}

const example = 'For example: { npm: "@ai-sdk/openai-compatible", options: { … } }'

const checked = (npm: string, make: () => unknown): Effect.Effect<Sdk, ConfigInvalid> =>
  Effect.try({
    try: make,
    // Not its message, which may quote a secret setting.
    catch: (error) => {
      const kind = error instanceof Error ? ` (${error.name})` : ""
      return inCode(
        `the factory of ${npm} rejected its options${kind}`,
        `Check \`options\` against the settings of ${npm}. Call its factory with them to see its message.`
      )
    }
  }).pipe(
    Effect.filterOrFail(isSdk, () =>
      inCode(
        `the factory of ${npm} did not return a provider of the AI SDK`,
        `Check its version: npm ls ${npm}. ai 6 needs providers of version 3.`
      )
    )
  )

const isSdk = (u: unknown): u is Sdk => hasProperty(u, "languageModel") && typeof u.languageModel === "function"
