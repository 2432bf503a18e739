/** How a key stands in a request: from a scheme and a key to the headers that carry it, the same for every SDK. */

import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ApiKey } from "../../ApiKey.js"
import type { ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"
import { anyOf } from "../model/options.js"
import { isHeaderName } from "../util/headerName.js"
import { callbackThrew, unsendable } from "./errors.js"
import { placeholder } from "./placeholder.js"

const schemeNames = ["bearer", "x-api-key", "x-goog-api-key", "api-key", "basic", "headers"] as const

/** Which header carries the key, by name: the header's own, or what goes into `authorization`; `headers` are those that the key brings. */
export type SchemeName = (typeof schemeNames)[number]

/** How a key stands in a request. A function gives the headers itself. */
export type Scheme = SchemeName | ((key: ApiKey) => Readonly<Record<string, string>>)

/** What no type has looked at: a configuration's, or plain JavaScript's. */
export const isScheme = (u: unknown): u is Scheme => typeof u === "function" || schemeNames.some((name) => name === u)

export const unknownScheme = (): ConfigInvalid =>
  inCode("`scheme` is none that is known", `It takes ${anyOf(schemeNames)}, or a function.`)

/** Where a key goes, and how. */
export interface Authorization {
  /** Requests to another origin than this URL's go out without the key. */
  readonly baseUrl: string | URL
  /**
   * Which header carries it. Default: each that holds the `placeholder`, else `Authorization: Bearer`. A key that brings
   * headers of its own is sent in those. A function is called for each time that a request is sent.
   */
  readonly scheme?: Scheme | undefined
}

const byScheme = (key: ApiKey, scheme: Exclude<SchemeName, "headers">): Readonly<Record<string, string>> => {
  const secret = Redacted.value(key.value)
  switch (scheme) {
    case "bearer":
      return { authorization: `Bearer ${secret}` }
    case "basic":
      return {
        authorization: `Basic ${Encoding.encodeBase64(`${Option.getOrElse(key.username, () => "")}:${secret}`)}`
      }
    default:
      return { [scheme]: secret }
  }
}

type Entries = ReadonlyArray<readonly [name: string, value: string]>

const headersOf = (
  key: ApiKey,
  scheme: Scheme | undefined,
  placeholders: Entries
): Either.Either<Entries, ConfigInvalid> => {
  if (typeof scheme === "function") {
    // What it throws may hold the key.
    return Either.try({ try: () => Object.entries(scheme(key)), catch: () => callbackThrew("scheme") })
  }
  if (scheme !== undefined && !isScheme(scheme)) return Either.left(unknownScheme())
  const own = Object.entries(key.headers)
  if (own.length > 0 || scheme === "headers") {
    return Either.right(own.map(([name, value]) => [name, Redacted.value(value)] as const))
  }
  if (scheme === undefined && placeholders.length > 0) {
    const secret = Redacted.value(key.value)
    return Either.right(placeholders.map(([name, value]) => [name, value.replaceAll(placeholder, secret)] as const))
  }
  return Either.right(Object.entries(byScheme(key, scheme ?? "bearer")))
}

const headerValue = /^[\x20-\x7E]+$/

/**
 * The headers for a key, by lower-case name; `placeholders` are the request's own that hold the placeholder. One that no header
 * can carry is refused here, because fetch would quote it.
 */
export const headersFor = (
  key: ApiKey,
  scheme: Scheme | undefined,
  placeholders: Entries = []
): Either.Either<ReadonlyMap<string, string>, InvalidOutput | ConfigInvalid> => {
  if (isAwsPair(key) && !takesAwsPair(key, scheme)) return Either.left(awsPair())
  return Either.flatMap(
    headersOf(key, scheme, placeholders),
    (entries): Either.Either<ReadonlyMap<string, string>, InvalidOutput> => {
      if (!entries.every(([name, value]) => isHeaderName(name) && isForAHeader(value))) {
        return Either.left(notForAHeader())
      }
      const headers = new Map(entries.map(([name, value]) => [name.toLowerCase(), value]))
      return headers.size === 0 ? Either.left(noHeaders()) : Either.right(headers)
    }
  )
}

/** A function can give what is no text. */
export const isForAHeader = (value: unknown): boolean => typeof value === "string" && headerValue.test(value)

/** A secret access key signs requests; sent itself, it would be given away. */
const isAwsPair = ({ sessionToken, username }: ApiKey): boolean =>
  Option.isSome(sessionToken) || Option.exists(username, (id) => /^A[KS]IA[A-Z0-9]+$/.test(id))

const takesAwsPair = (key: ApiKey, scheme: Scheme | undefined): boolean =>
  scheme === "basic" || scheme === "headers" || typeof scheme === "function" || Object.keys(key.headers).length > 0

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
