/**
 * Providers of the AI SDK (`@ai-sdk/*`), with a fresh key in every request. No such package is imported here: a factory is
 * handed in, or loaded by its name.
 *
 * @since 0.1.0
 */

import { isBuiltin } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import type { LanguageModelV3 } from "@ai-sdk/provider"
import { AwsV4Signer } from "aws4fetch"
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import { hasProperty, isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Runtime from "effect/Runtime"
import * as Schema from "effect/Schema"
import * as Scope from "effect/Scope"
import type { ApiKey } from "../ApiKey.js"
import type { ConfigInvalid } from "../ApiKeyError.js"
import * as CredentialFormat from "../CredentialFormat.js"
import type { Requirements } from "../internal/helper/options.js"
import { homeFolder } from "../internal/host/HostEnvironment.js"
import { inCode } from "../internal/model/configInvalid.js"
import { ApiKeyProvider, type Provider } from "../internal/model/provider.js"
import { fromResolvedCommand } from "../internal/provider/command.js"
import { type CommandOptions, resolveCommand } from "../internal/provider/resolvedCommand.js"
import { unsendable } from "../internal/request/errors.js"
import { authorizedFetch, type SignableRequest } from "../internal/request/fetch.js"
import { isMissing, loadOptionalPackage } from "../internal/request/optionalPackage.js"
import { placeholder } from "../internal/request/placeholder.js"
import { isForAHeader, isScheme, notForAHeader, type Scheme, unknownScheme } from "../internal/request/scheme.js"
import { comparable } from "../internal/util/canonicalJson.js"
import { digestOf } from "../internal/util/digest.js"
import { inOwnFiber } from "../internal/util/fiber.js"
import { sharing } from "../internal/util/sharedByKey.js"

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

/** `Credential=ID/20260101/us-east-1/bedrock/aws4_request`: what the SDK signed says where the request goes. */
const credentialScope = /Credential=[^/]+\/\d+\/([^/]+)\/([^/]+)\/aws4_request/
const signatureHeaders: ReadonlyArray<string> = [
  "authorization",
  "x-amz-content-sha256",
  "x-amz-date",
  "x-amz-security-token"
]

/** Chat, embeddings and reranking have hosts of their own in one region. By partition, as the SDK makes them. */
const awsSuffixes: ReadonlyArray<string> = [
  "amazonaws.com",
  "amazonaws.com.cn",
  "api.aws",
  "amazonaws.eu",
  "c2s.ic.gov",
  "sc2s.sgov.gov",
  "cloud.adc-e.uk",
  "csp.hci.ic.gov"
]
/** They name the endpoint where the settings do not. */
const endpointVariables: ReadonlyArray<string> = [
  "AWS_ENDPOINT_URL",
  "AWS_ENDPOINT_URL_BEDROCK_RUNTIME",
  "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME"
]

const isAws = (url: URL, headers: Headers): boolean => {
  const region = credentialScope.exec(headers.get("authorization") ?? "")?.[1]
  if (region === undefined) return false
  const isEndpoint = endpointVariables.some((name) => {
    const endpoint = process.env[name]
    return endpoint !== undefined && URL.canParse(endpoint) && new URL(endpoint).origin === url.origin
  })
  const isHost = awsSuffixes.some((suffix) => url.hostname.endsWith(`.${region}.${suffix}`))
  return isEndpoint || (isHost && url.protocol === "https:")
}

const sign = async (key: ApiKey, { url, method, headers, body }: SignableRequest): Promise<Headers> => {
  const [, region, service] = credentialScope.exec(headers.get("authorization") ?? "") ?? []
  if (region === undefined || service === undefined) return headers
  if (Option.isNone(key.username)) {
    throw unsendable("an AWS key pair", 'Amazon Bedrock needs a key pair: format "aws-credential-process".')
  }
  const sent = [
    key.username.value,
    Redacted.value(key.value),
    ...Option.toArray(Option.map(key.sessionToken, Redacted.value))
  ]
  // `Headers` would quote it.
  if (!sent.every(isForAHeader)) throw notForAHeader()
  for (const name of signatureHeaders) headers.delete(name)
  const signed = await new AwsV4Signer({
    url: url.href,
    method,
    headers,
    body: typeof body === "string" ? body : null,
    region,
    service,
    accessKeyId: key.username.value,
    secretAccessKey: Redacted.value(key.value),
    ...Option.match(key.sessionToken, {
      onNone: () => ({}),
      onSome: (token) => ({ sessionToken: Redacted.value(token) })
    })
  }).sign()
  signed.headers.forEach((value, name) => {
    headers.set(name, value)
  })
  return headers
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
 *   Layer.provide(ApiKeyProvider.layerCommand({ command: ["op", "read", "op://Private/OpenAI/api-key"] })),
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
        const factory = yield* load(npm)
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

// --- the package

const packageName = /^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*(?:\/[\w.-]+)*$/

const load = (npm: string): Effect.Effect<(settings: object) => unknown, ConfigInvalid> => {
  if (!packageName.test(npm) || isBuiltin(npm)) {
    return Effect.fail(inCode("`npm` is not the name of a package", 'For example: "@ai-sdk/openai-compatible"'))
  }
  return Effect.flatMap(
    loadOptionalPackage(npm, () => importFromHereOrThere(npm)),
    (module) => {
      const factory = Object.entries(module).find(([name]) => name.startsWith("create"))?.[1]
      return isFactory(factory)
        ? Effect.succeed(factory)
        : Effect.fail(
            inCode(
              `the package ${npm} has no factory: nothing that it exports begins with "create"`,
              "Name a provider package of the AI SDK, for example @ai-sdk/openai-compatible."
            )
          )
    }
  )
}

const isFactory = (u: unknown): u is (settings: object) => unknown => typeof u === "function"

/** Where packages are not hoisted, the program's folder has what ours does not see. */
const importFromHereOrThere = (npm: string): Promise<object> =>
  import(npm).catch(async (error: unknown) => {
    if (!isMissing(npm, error)) throw error
    // Node's own resolver takes no other folder than its module's, and that of `createRequire` sees no ESM-only package.
    const { resolve } = await import("import-meta-resolve")
    return import(resolve(npm, pathToFileURL(join(process.cwd(), "package.json")).href))
  })

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

// --- the command

const Argv = Schema.NonEmptyArray(Schema.String).pipe(Schema.filter(([program]) => program !== ""))
const Time = Schema.Union(Schema.Number, Schema.String)

const Command = Schema.Struct({
  command: Argv,
  format: Schema.optional(Schema.Literal(...CredentialFormat.formatNames)),
  timeout: Schema.optional(Time),
  timeToLive: Schema.optional(Time),
  refreshAhead: Schema.optional(Time),
  env: Schema.optional(Schema.Record({ key: Schema.String, value: Schema.String })),
  cwd: Schema.optional(Schema.String),
  interactive: Schema.optional(Schema.Literal("never", "if-available", "always")),
  onRepeat: Schema.optional(Schema.Literal("serve", "fail")),
  whenAbandoned: Schema.optional(Schema.Literal("stop", "finish")),
  provider: Schema.optional(Schema.NonEmptyString)
})

const decodeCommand = Schema.decodeUnknown(Command, { onExcessProperty: "error" })

/** A command from configuration runs in the home directory unless `cwd` says otherwise: no project can change what it does. */
const commandOf = (id: string, command: unknown): Effect.Effect<CommandOptions, ConfigInvalid> => {
  if (typeof command === "string") {
    return Effect.fail(
      inCode(
        "`apiKeyCommand` is a shell string; it takes a list: the program and its arguments",
        'For example: ["op", "read", "op://Private/OpenAI/api-key"]'
      )
    )
  }
  return decodeCommand(Array.isArray(command) ? { command } : command).pipe(
    Effect.mapError((error) => {
      const path = ParseResult.ArrayFormatter.formatErrorSync(error)[0]?.path ?? []
      return inCode(
        `\`${["apiKeyCommand", ...path].map(String).join(".")}\` is not what it takes`,
        "It takes a list (the program and its arguments), or an object with `command` and its options."
      )
    }),
    Effect.flatMap((decoded) => {
      const { timeout, timeToLive, refreshAhead, ...rest } = decoded
      return Effect.map(
        Effect.all({
          timeout: timeOf("timeout", timeout),
          timeToLive: timeOf("timeToLive", timeToLive),
          refreshAhead: timeOf("refreshAhead", refreshAhead)
        }),
        (times): CommandOptions => ({ ...rest, ...times, cwd: rest.cwd ?? homeFolder(), provider: rest.provider ?? id })
      )
    })
  )
}

const timeOf = (
  name: string,
  time: string | number | undefined
): Effect.Effect<Duration.Duration | undefined, ConfigInvalid> =>
  time === undefined
    ? Effect.succeed(undefined)
    : Effect.mapError(
        Option.filter(
          // `Duration` takes what is below 0, and what is no number, for 0.
          Option.filter(Duration.decodeUnknown(time), () => typeof time === "string" || time >= 0),
          (decoded) => name === "refreshAhead" || Duration.toMillis(decoded) > 0
        ),
        () => inCode(`\`apiKeyCommand.${name}\` is not a time`, 'For example: "5 minutes"')
      )
