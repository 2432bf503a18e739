/**
 * HashiCorp Vault's and OpenBao's `-format=json`: a secret of the key-value store (version 2 in `data.data`, version 1 in `data`), a
 * leased secret, or a log-in (`auth.client_token`).
 *
 * Durations count from the start of the run; 0 means none, and without a lease it is only version 1's hint. A wrapping
 * token is no key.
 *
 * Protocol: https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#sample-response-1
 */

import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { after, lifetime, Seconds } from "../internal/format/instant.js"
import {
  AnyObject,
  AnyText,
  anObject,
  fromJson,
  type Mismatch,
  maybe,
  mismatch,
  objectOf,
  Text
} from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("vault"),
  field: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: "The field of the secret that is the key. Not needed if the secret has only one."
    })
  )
})

const Answer = Schema.Struct({
  lease_id: maybe(AnyText),
  lease_duration: maybe(Seconds),
  data: maybe(AnyObject),
  wrap_info: maybe(Schema.Unknown),
  auth: maybe(Schema.Struct({ client_token: Text, lease_duration: maybe(Seconds) }).annotations(anObject))
})

const read = fromJson(Answer)

interface Secret {
  readonly path: string
  readonly fields: Readonly<Record<string, unknown>>
}

/** Version 2 wraps the fields: `data` beside `metadata`. */
const secretIn = (data: Readonly<Record<string, unknown>>): Either.Either<Secret, Mismatch> => {
  if (!("data" in data) || Option.isNone(objectOf(data["metadata"])))
    return Either.right({ path: "data", fields: data })
  return Option.match(objectOf(data["data"]), {
    onNone: () =>
      mismatch(
        "data.data",
        "an object",
        data["data"] === null ? "That version of the secret is deleted; vault kv undelete brings it back." : undefined
      ),
    onSome: (fields) => Either.right({ path: "data.data", fields })
  })
}

const valueOf = (
  { fields, path }: Secret,
  field: string | undefined
): Either.Either<readonly [path: string, value: string], Mismatch> => {
  const strings = Object.entries(fields).filter(
    (entry): entry is [string, string] => typeof entry[1] === "string" && (field === undefined || entry[0] === field)
  )
  const [only] = strings
  return only !== undefined && strings.length === 1
    ? Either.right([`${path}.${field ?? "*"}`, only[1]])
    : mismatch(
        field === undefined ? path : `${path}.${field}`,
        field === undefined ? "one field that is a string" : "a string",
        { text: "Name the field that holds the key", option: "format", example: { name: "vault", field: "…" } }
      )
}

const isWrapped = (wrapInfo: unknown): boolean =>
  Option.exists(objectOf(wrapInfo), (own) => "token" in own && "ttl" in own)

/** No duration, or none of it: no end that is known. */
const endOf = (
  startedAt: number,
  seconds: Option.Option<number>,
  path: string
): Either.Either<Option.Option<DateTime.Utc>, Mismatch> =>
  Option.match(
    Option.filter(seconds, (value) => value !== 0),
    {
      onNone: () => Either.right(Option.none()),
      onSome: (value) =>
        Option.match(after(startedAt, value), {
          onNone: () => mismatch(path, lifetime("seconds")),
          onSome: (at) => Either.right(Option.some(at))
        })
    }
  )

export const vault = ({ field }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "vault",
    // The samples of its manual have no request_id, and the one of version 2 no lease either.
    recognizes: ({ object }) =>
      ("lease_id" in object && "lease_duration" in object && ("data" in object || "auth" in object)) ||
      Option.exists(
        objectOf(object["data"]),
        ({ data, metadata }) => Option.isSome(objectOf(metadata)) && (data === null || Option.isSome(objectOf(data)))
      ) ||
      isWrapped(object["wrap_info"]) ||
      Option.exists(objectOf(object["auth"]), (auth) => "client_token" in auth && "lease_duration" in auth),
    read: (text, { startedAt }) =>
      Either.gen(function* () {
        const { auth, data, lease_duration, lease_id, wrap_info } = yield* read(text)
        if (Option.isSome(wrap_info)) {
          return yield* mismatch("wrap_info", "an unwrapped answer", "Unwrap it first: vault unwrap -format=json")
        }
        if (Option.isSome(auth)) {
          const { client_token, lease_duration: lifetime } = auth.value
          const expiresAt = yield* endOf(startedAt, lifetime, "auth.lease_duration")
          return yield* tokenKey("auth.client_token", client_token, expiresAt)
        }
        if (Option.isNone(data)) return yield* mismatch("data", "an object")
        const [path, value] = yield* Either.flatMap(secretIn(data.value), (secret) => valueOf(secret, field))
        const isLeased = Option.exists(lease_id, (id) => id !== "")
        const lease = isLeased ? lease_duration : Option.none<number>()
        return yield* tokenKey(path, value, yield* endOf(startedAt, lease, "lease_duration"))
      }),
    write: (key) =>
      Either.map(onlyValue(key), (value) =>
        jsonLine({
          request_id: "",
          lease_id: "",
          lease_duration: 0,
          renewable: false,
          data: { data: { [field ?? "value"]: value }, metadata: {} },
          warnings: null
        })
      )
  })
