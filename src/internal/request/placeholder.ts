/** The placeholder for the key in a request that a library makes: where it is, and how it is removed. */

import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"
import { httpOrigin } from "../model/provider.js"
import { type Fetch, type Fields, without } from "./headers.js"
import { requestTo } from "./replay.js"

// --- the target of a request

export interface RequestTarget {
  readonly text: string
  readonly url: URL
  readonly origin: string
  /** The URL without the placeholder. */
  readonly cleaned: URL
}

/** Keeps the last URL parsed, because libraries request the same one repeatedly. */
export const makeTargetReader = (): ((given: string | URL) => RequestTarget) => {
  let last: RequestTarget | undefined
  return (given) => {
    const text = String(given)
    if (last?.text === text) return last
    const url = new URL(text)
    last = { text, url, origin: httpOrigin(url), cleaned: withoutPlaceholderIn(url) }
    return last
  }
}

/** For libraries that require a key. */
export const placeholder = "effect-apikey-placeholder"

// --- the placeholder in headers

export type PlaceholderHeaders = ReadonlyArray<readonly [name: string, value: string]>

const noPlaceholders: PlaceholderHeaders = []

const noNames: ReadonlyArray<string> = []

export const placeholderHeadersIn = (fields: Fields): PlaceholderHeaders => {
  let placeholders = noPlaceholders
  for (const [name, value] of fields instanceof Headers ? fields : Object.entries(fields)) {
    if (value.includes(placeholder)) placeholders = [...placeholders, [name.toLowerCase(), value.trim()]]
  }
  return placeholders
}

export const namesOf = (placeholders: PlaceholderHeaders): ReadonlyArray<string> =>
  placeholders.length === 0 ? noNames : placeholders.map(([name]) => name)

export const isSame = (placeholders: PlaceholderHeaders, other: PlaceholderHeaders): boolean =>
  placeholders === other ||
  (placeholders.length === other.length &&
    placeholders.every(([name, value], i) => other[i]?.[0] === name && other[i]?.[1] === value))

/** Removes query parameters that hold the placeholder. A key in a URL would appear in logs. */
export const withoutPlaceholderIn = (url: URL): URL => {
  if (url.search === "" || !url.search.includes(placeholder)) return url
  const result = new URL(url)
  for (const [name, value] of url.searchParams) if (value.includes(placeholder)) result.searchParams.delete(name)
  return result
}

/** A request to another origin has the placeholder where it cannot be removed. */
export const placeholderLeaves = (origin: string): ConfigInvalid =>
  inCode(
    `a request to ${origin} contains the placeholder of a key for another origin`,
    "Pass the same base URL to the SDK and to effect-apikey."
  )

/** The request for another origin, without the placeholder. Throws if it cannot be removed. */
export const withoutPlaceholder = (
  input: Parameters<Fetch>[0],
  init: RequestInit | undefined,
  { cleaned, origin, url }: RequestTarget,
  headers: Fields,
  placeholders: PlaceholderHeaders
): Parameters<Fetch> => {
  const body = init?.body
  if (
    cleaned.href.includes(placeholder) ||
    ((typeof body === "string" || body instanceof URLSearchParams) && String(body).includes(placeholder))
  ) {
    throw placeholderLeaves(origin)
  }
  if (cleaned === url && placeholders.length === 0) return init === undefined ? [input] : [input, init]
  return [
    input instanceof Request ? requestTo(cleaned, input) : cleaned.href,
    { ...init, headers: without(headers, namesOf(placeholders)) }
  ]
}
