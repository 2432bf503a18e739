/** Requests and responses of @effect/platform's client: their URL, the placeholder in them, and the key at its origin only. */

import * as Headers from "@effect/platform/Headers"
import type * as HttpBody from "@effect/platform/HttpBody"
import type * as HttpClientRequest from "@effect/platform/HttpClientRequest"
import type * as HttpClientResponse from "@effect/platform/HttpClientResponse"
import * as UrlParams from "@effect/platform/UrlParams"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type { ApiKeyError } from "../../ApiKeyError.js"
import { httpOrigin } from "../model/provider.js"
import { carriedHeaders, credentialHeaders, type KeyHeaders } from "./headers.js"
import { placeholder, placeholderLeaves } from "./placeholder.js"
import { replaceHeaders } from "./platformInternals.js"
import type { ResponseHead } from "./rejection.js"
import { type Hop, isStream } from "./replay.js"
import type { SignableRequest } from "./scheme.js"

export const urlOf = (request: HttpClientRequest.HttpClientRequest): URL | undefined =>
  Either.getOrUndefined(UrlParams.makeUrl(request.url, request.urlParams, request.hash))

export const headOf = (response: HttpClientResponse.HttpClientResponse): ResponseHead => ({
  status: response.status,
  header: (name) => response.headers[name]
})

/** A raw body may be a stream, too. */
export const isSentOnce = (body: HttpBody.HttpBody): boolean =>
  body._tag === "Stream" || (body._tag === "Raw" && isStream(body.body))

/** Ends the transfer of a body that is not read. */
export const cancel = (response: HttpClientResponse.HttpClientResponse): Effect.Effect<void> =>
  Effect.raceFirst(Effect.ignore(response.arrayBuffer), Effect.yieldNow())

/** The request, or what redirects have made of it, for a signer. */
export const signableOf = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL,
  from: Hop | undefined
): SignableRequest => ({
  url: from?.url ?? url,
  method: from?.method ?? request.method,
  headers: new globalThis.Headers(request.headers),
  body: from?.keepsBody === false ? undefined : contentOf(request.body)
})

const contentOf = (body: HttpBody.HttpBody): unknown => {
  switch (body._tag) {
    case "Empty":
      return undefined
    case "FormData":
      return body.formData
    case "Stream":
      return body.stream
    default:
      return body.body
  }
}

// --- the placeholder

export const placeholdersIn = (
  request: HttpClientRequest.HttpClientRequest
): ReadonlyArray<readonly [name: string, value: string]> =>
  Object.entries(request.headers).filter(([, value]) => value.includes(placeholder))

export const withoutPlaceholders = (
  request: HttpClientRequest.HttpClientRequest
): HttpClientRequest.HttpClientRequest => {
  const names = placeholdersIn(request).map(([name]) => name)
  if (names.length === 0) return request
  const headers = names.reduce((rest, name) => Headers.remove(rest, name), request.headers)
  return copyOf(request, { headers: { value: headers, enumerable: true } })
}

/** Fails if the placeholder is where it cannot be removed: it must not be sent to another origin. */
export const toOtherOrigin = (
  request: HttpClientRequest.HttpClientRequest,
  url: URL | undefined
): Either.Either<HttpClientRequest.HttpClientRequest, ApiKeyError> => {
  const body = request.body._tag === "Uint8Array" ? Buffer.from(request.body.body) : undefined
  return url !== undefined && (url.href.includes(placeholder) || body?.includes(placeholder) === true)
    ? Either.left(placeholderLeaves(url.origin))
    : Either.right(request)
}

/** A copy with the same prototype. */
const copyOf = <A extends object>(self: A, properties: PropertyDescriptorMap): A =>
  Object.create(Object.getPrototypeOf(self), { ...Object.getOwnPropertyDescriptors(self), ...properties })

// --- the key

/**
 * Puts the key in requests to its origin only, also after redirects that a client below follows. A request that has left the
 * origin and comes back gets the key at its original URL only: another origin must not choose where the key goes.
 */
export const keyAtOrigin = (
  origin: string,
  authorized: HttpClientRequest.HttpClientRequest,
  keyHeaders: KeyHeaders,
  onSent: (carriesKey: boolean) => void
): ((sent: HttpClientRequest.HttpClientRequest) => void) => {
  const home = urlOf(authorized)?.href
  let hasLeft = false
  let hasStayed = false
  return (sent) => {
    const placeholders = Array.from(keyHeaders).filter(([name, value]) =>
      [value, placeholder].includes(sent.headers[name] ?? "")
    )
    // A request that a transform below makes for itself.
    if (placeholders.length === 0) return
    const url = urlOf(sent)
    const stays = url !== undefined && httpOrigin(url) === origin && (!hasLeft || url.href === home)
    onSent(stays)
    hasLeft ||= !stays
    hasStayed ||= stays
    const names = new Set([...placeholders.map(([name]) => name), ...credentialHeaders])
    // One that never stayed is sent elsewhere by a transform below, whose choice that is.
    const isCarried = (name: string): boolean => !names.has(name) && (!hasStayed || carriedHeaders.includes(name))
    replaceHeaders(
      sent,
      stays
        ? Headers.setAll(sent.headers, placeholders)
        : Headers.fromInput(Object.entries(sent.headers).filter(([name]) => isCarried(name)))
    )
  }
}
