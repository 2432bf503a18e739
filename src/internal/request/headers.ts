/**
 * The headers of a request, in the kind (record or `Headers`) that the caller gave, and those that carry a key. The errors where a key
 * fits none.
 */

import { isString } from "effect/Predicate"
import { type ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"

/** A function in the options threw or rejected. */
export const callbackThrew = (name: "scheme" | "isRejection"): ConfigInvalid =>
  inCode(`the function \`${name}\` threw an error, which may hold the key`, "Call it with a test key to see the error.")

/** The key does not fit the request. Whether the helper is to blame is not known here. */
export const unsendable = (expected: string, remedy: string): InvalidOutput =>
  new InvalidOutput({ command: "effect-apikey", format: "header", path: "", expected, remedy })

export type Fetch = typeof globalThis.fetch

/** The headers that carry a key, by lower-case name. */
export type KeyHeaders = ReadonlyMap<string, string>

export const noKeyHeaders: KeyHeaders = new Map()

/** Headers that hold credentials by definition. None of them leaves with a request that a transform below sends elsewhere. */
export const credentialHeaders: ReadonlyArray<string> = [
  "authorization",
  "proxy-authorization",
  "cookie",
  "x-api-key",
  "x-goog-api-key",
  "api-key",
  "x-amz-security-token"
]

/** The headers that a redirect to another origin carries. Any other may hold a credential. */
export const carriedHeaders: ReadonlyArray<string> = [
  "accept",
  "accept-encoding",
  "accept-language",
  "content-encoding",
  "content-language",
  "content-length",
  "content-type",
  "range",
  "user-agent"
]

// --- plain objects; fetch also reads the inherited properties of others, which a spread would not copy

export const isPlain = (given: object): boolean => {
  const prototype = Object.getPrototypeOf(given)
  return prototype === Object.prototype || prototype === null
}

// --- headers of the kind that the caller gave, because making a `Headers` is the most expensive step here

export type Fields = Headers | Readonly<Record<string, string>>

const noFields: Fields = {}

export const fieldsOf = (given: RequestInit["headers"]): Fields => {
  if (given === undefined) return noFields
  if (given instanceof Headers) return given
  const record = Array.isArray(given) ? recordOf(given) : given
  return record !== undefined && isPlainRecord(record) ? record : new Headers(given)
}

/** A list of pairs as a record, if no name occurs twice. */
const recordOf = (pairs: ReadonlyArray<ReadonlyArray<string>>): Readonly<Record<string, string>> | undefined => {
  const names = new Set(pairs.map((pair) => (pair.length === 2 ? String(pair[0]).toLowerCase() : "")))
  return names.size === pairs.length && !names.has("") ? Object.fromEntries(pairs) : undefined
}

/** Whether a record is read as it is; for other objects `Headers` has rules of its own. */
const isPlainRecord = (given: object): given is Readonly<Record<string, string>> => {
  if (!isPlain(given) || Symbol.iterator in given) return false
  return !Object.hasOwn(given, "__proto__") && Object.values(given).every(isString)
}

export const without = (fields: Fields, dropped: ReadonlyArray<string>): Fields =>
  changed(fields, dropped, noKeyHeaders)

/** A copy of the same kind with the carried headers only. */
export const onlyCarried = (fields: Fields): Fields => {
  const names = fields instanceof Headers ? Array.from(fields.keys()) : Object.keys(fields)
  return without(
    fields,
    names.map((name) => name.toLowerCase()).filter((name) => !carriedHeaders.includes(name))
  )
}

/** A copy of the same kind, without the headers named (in lower case) and with those added. */
export const changed = (fields: Fields, dropped: ReadonlyArray<string>, added: KeyHeaders): Fields => {
  if (fields instanceof Headers) {
    const headers = new Headers(fields)
    for (const name of dropped) if (!added.has(name)) headers.delete(name)
    for (const [name, value] of added) headers.set(name, value)
    return headers
  }
  const record: Record<string, string> = {}
  for (const name of Object.keys(fields)) {
    const value = fields[name]
    const known = name.toLowerCase()
    if (value !== undefined && !added.has(known) && !dropped.includes(known)) record[name] = value
  }
  for (const [name, value] of added) record[name] = value
  return record
}
