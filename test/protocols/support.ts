/** What the tests of formats share: a run's output from a text, and what an error shows of itself. */
import { inspect } from "node:util"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Struct from "effect/Struct"
import type * as ApiKey from "effect-apikey/ApiKey"
import type { ApiKeyError } from "effect-apikey/ApiKeyError"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as Table from "effect-apikey/formats/table"
import * as Lookup from "effect-apikey/internal/format/lookup"
import * as fc from "fast-check"
import { formats } from "../../docs/data/formats.js"
import { withoutSecrets } from "../../src/internal/redact/redact.js"

/** Before every expiry in the protocols' own examples. */
export const longAgo = DateTime.unsafeMake("2000-01-01T00:00:00Z")

const command = "helper"

export interface Moment {
  readonly now?: DateTime.Utc
  readonly startedAt?: DateTime.Utc
}

export const decode = (
  format: CredentialFormat.Format,
  output: string | Uint8Array,
  { now = longAgo, startedAt = now }: Moment = {}
): Either.Either<ApiKey.ApiKey, ApiKeyError> =>
  CredentialFormat.decode(
    format,
    {
      command,
      stdout: Redacted.make(typeof output === "string" ? new TextEncoder().encode(output) : output),
      stderr: () => "",
      redact: (text) => withoutSecrets(text, []),
      startedAt: startedAt.epochMillis
    },
    now
  )

/** Formats that a test has no rows of its own for, as the documentation shows them: with its parameters, and the key of its example. */
export const documentedBeyond = (tested: ReadonlyArray<Table.FormatSpec>) => {
  const names = new Set(tested.map((format) => (typeof format === "string" ? format : format.name)))
  return Struct.keys(formats)
    .filter((name) => name !== "auto" && !names.has(name))
    .map((name) => {
      const { example, parameters, source } = formats[name]
      const format: Table.FormatSpec = Either.getOrThrow(
        Schema.decodeUnknownEither(Table.FormatSpec)(parameters === undefined ? name : { name, ...parameters })
      )
      const isRecognized = Lookup.get(format).recognizes !== undefined
      return { format, name, source, example, isRecognized, key: Either.getOrThrow(decode(format, example)) }
    })
}

/** A key in the clear, for comparison. */
export const plain = (key: ApiKey.ApiKey) => ({
  value: Redacted.value(key.value),
  ...Option.match(key.expiresAt, { onNone: () => ({}), onSome: (at) => ({ expiresAt: DateTime.formatIso(at) }) }),
  ...Option.match(key.username, { onNone: () => ({}), onSome: (username) => ({ username }) }),
  ...Option.match(key.sessionToken, {
    onNone: () => ({}),
    onSome: (token) => ({ sessionToken: Redacted.value(token) })
  }),
  ...(Object.keys(key.headers).length === 0
    ? {}
    : {
        headers: Object.fromEntries(Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value)]))
      })
})

/** Everything that an error may be shown as. */
export const shown = (error: ApiKeyError): string =>
  [error.message, error.hint, String(error), JSON.stringify(error), inspect(error, { depth: 10 }), error.stack].join(
    "\n"
  )

/** A secret that nothing else can look like, in part or as a whole. */
export const markerStart = "S3CR3T"
export const marker = fc.stringMatching(/^[a-z0-9]{16}$/).map((tail) => `${markerStart}${tail}`)
