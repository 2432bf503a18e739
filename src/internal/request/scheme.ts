/** How a key is put into a request: from a scheme and a key to the headers that carry it, the same for every SDK. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import { hasProperty, isString } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import type { ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"
import { anyOf, inCode, isHeaderName } from "../model/options.js"
import { callbackThrew, credentialHeaders, type KeyHeaders, unsendable } from "./headers.js"
import { placeholder } from "./placeholder.js"

const schemeNames = ["bearer", "basic", "headers"] as const

/** A scheme that needs only the key. */
export type HeaderScheme = (typeof schemeNames)[number] | { readonly header: string }

/** A request that is about to be sent, for a signer. */
export interface SignableRequest {
  /** A copy. */
  readonly url: URL
  readonly method: string
  /** A copy, with the placeholder where the library put it. */
  readonly headers: Headers
  /** As the library gave it; `undefined` if there is none. */
  readonly body: unknown
}

type HeaderRecord = Readonly<Record<string, string>>

/** Makes the headers of one request. */
export type Signer = (key: ApiKey, request: SignableRequest) => HeaderRecord | Promise<HeaderRecord>

export type Scheme = HeaderScheme | Signer

export const isSigner = (scheme: Scheme | undefined): scheme is Signer => typeof scheme === "function"

const isOwnHeader = (u: unknown): u is { readonly header: string } =>
  hasProperty(u, "header") && isString(u.header) && isHeaderName(u.header)

/** For what has no type: JSON, and options from JavaScript. */
export const isScheme = (u: unknown): u is Scheme =>
  typeof u === "function" || schemeNames.some((name) => name === u) || isOwnHeader(u)

/** Says what is wrong with what is not a scheme. */
export const unknownScheme = (given: unknown): ConfigInvalid => {
  const header = credentialHeaders.find((name) => name === given)
  if (header !== undefined) {
    return inCode(`\`scheme\` is "${header}", the name of a header`, {
      text: "Write it as an object",
      option: "scheme",
      example: { header }
    })
  }
  return hasProperty(given, "header")
    ? inCode("`scheme.header` is not the name of a header", {
        text: "Name a header",
        option: "scheme",
        example: { header: "x-api-key" }
      })
    : inCode("`scheme` is unknown", `It takes ${anyOf(schemeNames)}, { header: "x-api-key" }, or in code a function.`)
}

/** Where a key goes, and how. */
export interface Authorization {
  /** The key is sent to the origin of this URL. Requests to other origins are sent without it. */
  readonly baseUrl: string | URL
  /**
   * How the key is sent. Default: in each header that holds the `placeholder`; if there is none, as `Authorization: Bearer`.
   * If the key has headers of its own, they are sent instead, unless the scheme is a function.
   */
  readonly scheme?: Scheme | undefined
}

type Entries = ReadonlyArray<readonly [name: string, value: string]>

const entriesOf = (key: ApiKey, scheme: HeaderScheme | undefined, placeholders: Entries): Entries => {
  const own = Object.entries(key.headers)
  if (own.length > 0 || scheme === "headers") return own.map(([name, value]) => [name, Redacted.value(value)] as const)
  const secret = Redacted.value(key.value)
  if (scheme === undefined && placeholders.length > 0) {
    return placeholders.map(([name, value]) => [name, value.replaceAll(placeholder, secret)] as const)
  }
  if (scheme === undefined || scheme === "bearer") return [["authorization", `Bearer ${secret}`]]
  if (scheme !== "basic") return [[scheme.header, secret]]
  const username = Option.getOrElse(key.username, () => "")
  return [["authorization", `Basic ${Encoding.encodeBase64(`${username}:${secret}`)}`]]
}

/**
 * The headers for a key, by lower-case name. `placeholders` are the request's own headers that hold the placeholder. A value
 * that no header can carry fails here, because `fetch` would quote it in its error.
 */
export const headersFor = (
  key: ApiKey,
  scheme: HeaderScheme | undefined,
  placeholders: Entries = []
): Either.Either<KeyHeaders, InvalidOutput | ConfigInvalid> => {
  if (scheme !== undefined && !isScheme(scheme)) return Either.left(unknownScheme(scheme))
  if (isAwsPair(key) && !takesAwsPair(key, scheme)) return Either.left(awsPair())
  return checked(entriesOf(key, scheme, placeholders))
}

/**
 * The headers that a signer makes for a request. What it throws may hold the key, so it is dropped. The URL is a copy, because a
 * signer must not change where the request goes.
 */
export const signedHeaders = (
  key: ApiKey,
  signer: Signer,
  request: SignableRequest
): Effect.Effect<KeyHeaders, InvalidOutput | ConfigInvalid> =>
  Effect.flatMap(
    Effect.tryPromise({
      try: () =>
        Promise.resolve(signer(key, { ...request, url: new URL(request.url) })).then((headers) =>
          Object.entries(headers)
        ),
      catch: () => callbackThrew("scheme")
    }),
    checked
  )

const checked = (entries: Entries): Either.Either<KeyHeaders, InvalidOutput> => {
  if (!entries.every(([name, value]) => isHeaderName(name) && isForAHeader(value))) return Either.left(notForAHeader())
  const headers = new Map(entries.map(([name, value]) => [name.toLowerCase(), value]))
  return headers.size === 0 ? Either.left(noHeaders()) : Either.right(headers)
}

const headerValue = /^[\x20-\x7E]+$/

/** A signer in JavaScript can return values that are not strings. */
export const isForAHeader = (value: unknown): boolean => typeof value === "string" && headerValue.test(value)

/** The secret of an AWS key pair signs requests; a request must not contain it. */
const isAwsPair = ({ sessionToken, username }: ApiKey): boolean =>
  Option.isSome(sessionToken) || Option.exists(username, (id) => /^A[KS]IA[A-Z0-9]+$/.test(id))

const takesAwsPair = (key: ApiKey, scheme: HeaderScheme | undefined): boolean =>
  scheme === "basic" || scheme === "headers" || Object.keys(key.headers).length > 0

const awsPair = (): InvalidOutput =>
  unsendable(
    "a key that is sent as it is, not an AWS key pair",
    "An AWS key pair signs requests. For Amazon Bedrock use `effect-apikey/sdk/AmazonBedrock`."
  )

export const notForAHeader = (): InvalidOutput =>
  unsendable(
    "a key that a header can carry",
    "The key holds characters that no header can carry; check what the command prints."
  )

const noHeaders = (): InvalidOutput =>
  unsendable("a key with headers of its own", 'Choose a `scheme` that makes the header, for example "bearer".')
