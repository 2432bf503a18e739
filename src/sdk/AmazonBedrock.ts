/**
 * Amazon Bedrock's provider of the AI SDK (`@ai-sdk/amazon-bedrock`): every request is signed with the current AWS key pair.
 *
 * The package is not imported here: you pass its factory, `createAmazonBedrock`.
 *
 * @since 0.1.0
 */

import type * as Context from "effect/Context"
import type * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Runtime from "effect/Runtime"
import type { ApiKeyProvider, Provider } from "../internal/model/provider.js"
import { fromContext } from "../internal/model/provider.js"
import { authorizedFetch } from "../internal/request/fetch.js"
import { placeholder } from "../internal/request/placeholder.js"
import { isAws, isSigned, ofKeyPairs, sign } from "./aiSdk/bedrock.js"
import { baseUrlOf, call, type Factory, fetchOf, type Settings } from "./aiSdk/settings.js"

/**
 * The settings of `createAmazonBedrock`, without its credentials. `region` defaults to the package's own default.
 *
 * @since 0.1.0
 * @category models
 */
export type Options<F extends Factory> = Settings<F>

/**
 * Makes the provider object, with the key provider of the context.
 *
 * The key must be an AWS key pair, for example from a helper with `format: "aws-credential-process"`. Each request is signed
 * (Signature Version 4) with the key that it is sent with, so a request can be sent again when its key has expired.
 *
 * With a `baseURL`, requests to its origin are signed. Without one, requests to AWS's own hosts in the region are signed, and
 * requests to the endpoints in `AWS_ENDPOINT_URL`, `AWS_ENDPOINT_URL_BEDROCK_RUNTIME` and
 * `AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME`. No other request is signed.
 *
 * A request rejects with the provider's `ApiKeyError`, or with `InvalidOutput` if the key is not a key pair.
 *
 * @example
 * ```ts
 * import { createAmazonBedrock } from "@ai-sdk/amazon-bedrock"
 * import * as AmazonBedrock from "effect-apikey/sdk/AmazonBedrock"
 * import * as Effect from "effect/Effect"
 *
 * export const model = Effect.map(
 *   AmazonBedrock.make(createAmazonBedrock, { region: "eu-west-1" }),
 *   (bedrock) => bedrock("anthropic.claude-sonnet-4-5-20250929-v1:0")
 * )
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
 * Makes the provider object with a key provider that you pass. Waiting for a key uses the clock, logger and tracer of
 * `runtime`; the default is Effect's default runtime.
 *
 * @since 0.1.0
 * @category constructors
 */
export const makeWith = <F extends Factory>(
  provider: Provider,
  factory: F,
  options: Options<F>,
  runtime: Runtime.Runtime<never> = Runtime.defaultRuntime
): ReturnType<F> => {
  const baseUrl = baseUrlOf(options)
  const isForKey = baseUrl === undefined ? isAws : isSigned
  const fetch = authorizedFetch(
    ofKeyPairs(provider),
    { baseUrl, fetch: fetchOf(options), scheme: sign, isForKey },
    runtime
  )
  const credentialProvider = () => Promise.resolve({ accessKeyId: placeholder, secretAccessKey: placeholder })
  // With an empty `apiKey` the package does not use AWS_BEARER_TOKEN_BEDROCK instead.
  return call(factory, { ...options, apiKey: "", credentialProvider, fetch })
}

/**
 * The provider object as a layer, with the key provider of the context. You define the tag.
 *
 * @example
 * ```ts
 * import { type AmazonBedrockProvider, createAmazonBedrock } from "@ai-sdk/amazon-bedrock"
 * import * as AmazonBedrock from "effect-apikey/sdk/AmazonBedrock"
 * import * as Context from "effect/Context"
 *
 * class Bedrock extends Context.Tag("Bedrock")<Bedrock, AmazonBedrockProvider>() {}
 *
 * export const BedrockLive = AmazonBedrock.layer(Bedrock, createAmazonBedrock, { region: "eu-west-1" })
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
