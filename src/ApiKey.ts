/**
 * An API key: a redacted secret, its expiry, and what else a request needs.
 *
 * @since 0.1.0
 */
import * as DateTime from "effect/DateTime"
import * as Equal from "effect/Equal"
import { dual } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Inspectable from "effect/Inspectable"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as EffectSchema from "effect/Schema"
import { digestOf } from "./internal/util/digest.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-apikey/ApiKey")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

/**
 * What a key consists of. Secrets are `Redacted`, absence is `Option`.
 *
 * @since 0.1.0
 * @category models
 */
export interface Fields {
  /** The secret. For a pair (git, docker, AWS) the password or secret access key. */
  readonly value: Redacted.Redacted<string>
  /** When the key expires. None means never. */
  readonly expiresAt: Option.Option<DateTime.Utc>
  /** The public half of a pair: a user name (git, docker) or an access key id (AWS). */
  readonly username: Option.Option<string>
  /** AWS's session token. */
  readonly sessionToken: Option.Option<Redacted.Redacted<string>>
  /** Headers to send instead of the scheme's own (Bazel, Claude Desktop, git's authtype). */
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
}

/**
 * An API key or token. Two keys are equal if their secrets have the same SHA-256 digest. The expiry does not count, so a
 * key that a helper prints again is recognised. JSON and `inspect` hide the secret and the user name.
 *
 * @since 0.1.0
 * @category models
 */
export class ApiKey extends Inspectable.Class implements Fields, Equal.Equal {
  readonly [TypeId]: TypeId = TypeId
  readonly value: Redacted.Redacted<string>
  readonly expiresAt: Option.Option<DateTime.Utc>
  readonly username: Option.Option<string>
  readonly sessionToken: Option.Option<Redacted.Redacted<string>>
  readonly headers: Readonly<Record<string, Redacted.Redacted<string>>>
  #digest: string | undefined = undefined

  constructor(fields: Pick<Fields, "value"> & Partial<Fields>) {
    super()
    this.value = fields.value
    this.expiresAt = fields.expiresAt ?? Option.none()
    this.username = fields.username ?? Option.none()
    this.sessionToken = fields.sessionToken ?? Option.none()
    this.headers = fields.headers ?? {}
  }

  /** SHA-256 in hex of all secrets in the key, computed on first use. */
  get digest(): string {
    if (this.#digest === undefined) {
      const headers = Object.entries(this.headers)
        .map(([name, value]) => [name.toLowerCase(), Redacted.value(value)] as const)
        .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      this.#digest = digestOf([
        Redacted.value(this.value),
        Option.getOrNull(this.username),
        Option.getOrNull(Option.map(this.sessionToken, Redacted.value)),
        headers
      ])
    }
    return this.#digest
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return this === that || (isApiKey(that) && this.digest === that.digest)
  }

  [Hash.symbol](): number {
    return Hash.string(this.digest)
  }

  toJSON(): unknown {
    return {
      _id: "effect-apikey/ApiKey",
      value: "<redacted>",
      ...Option.match(this.expiresAt, { onNone: () => ({}), onSome: (at) => ({ expiresAt: DateTime.formatIso(at) }) }),
      ...(Option.isSome(this.username) ? { username: "<redacted>" } : {}),
      ...(Option.isSome(this.sessionToken) ? { sessionToken: "<redacted>" } : {}),
      ...(Object.keys(this.headers).length > 0 ? { headers: Object.keys(this.headers) } : {})
    }
  }
}

/**
 * @since 0.1.0
 * @category guards
 */
export const isApiKey = (u: unknown): u is ApiKey => hasProperty(u, TypeId)

/**
 * The input of `make`. Plain strings are redacted; absent fields become `None`.
 *
 * @since 0.1.0
 * @category models
 */
export interface MakeOptions {
  readonly value: string | Redacted.Redacted<string>
  readonly expiresAt?: DateTime.Utc | undefined
  readonly username?: string | undefined
  readonly sessionToken?: string | Redacted.Redacted<string> | undefined
  readonly headers?: Readonly<Record<string, string | Redacted.Redacted<string>>> | undefined
}

const redact = (secret: string | Redacted.Redacted<string>): Redacted.Redacted<string> =>
  typeof secret === "string" ? Redacted.make(secret) : secret

/**
 * Makes a key from plain values.
 *
 * @example
 * ```ts
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as Redacted from "effect/Redacted"
 *
 * const key = ApiKey.make({ value: "sk-123" })
 *
 * console.log(Redacted.value(key.value)) // sk-123
 * console.log(JSON.stringify(key)) // {"_id":"effect-apikey/ApiKey","value":"<redacted>"}
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (options: MakeOptions): ApiKey =>
  new ApiKey({
    value: redact(options.value),
    expiresAt: Option.fromNullable(options.expiresAt),
    username: Option.fromNullable(options.username),
    sessionToken: Option.map(Option.fromNullable(options.sessionToken), redact),
    headers: Object.fromEntries(Object.entries(options.headers ?? {}).map(([name, value]) => [name, redact(value)]))
  })

/**
 * Returns the same key with the earlier of two expiries: its own and the given one.
 *
 * @since 0.1.0
 * @category combinators
 */
export const expiringBy: {
  (at: DateTime.Utc): (self: ApiKey) => ApiKey
  (self: ApiKey, at: DateTime.Utc): ApiKey
} = dual(
  2,
  (self: ApiKey, at: DateTime.Utc): ApiKey =>
    Option.isSome(self.expiresAt) && DateTime.lessThanOrEqualTo(self.expiresAt.value, at)
      ? self
      : new ApiKey({ ...fieldsOf(self), expiresAt: Option.some(at) })
)

/**
 * Whether the key has expired at the given instant.
 *
 * @since 0.1.0
 * @category getters
 */
export const isExpired: {
  (now: DateTime.DateTime): (self: ApiKey) => boolean
  (self: ApiKey, now: DateTime.DateTime): boolean
} = dual(2, (self: ApiKey, now: DateTime.DateTime): boolean =>
  Option.exists(self.expiresAt, (at) => DateTime.lessThanOrEqualTo(at, now))
)

const fieldsOf = (self: ApiKey): Fields => ({
  value: self.value,
  expiresAt: self.expiresAt,
  username: self.username,
  sessionToken: self.sessionToken,
  headers: self.headers
})

/**
 * The encoded form of a key. It is plain JSON and contains the secrets.
 *
 * @since 0.1.0
 * @category models
 */
export interface Encoded {
  readonly value: string
  /** ISO 8601. */
  readonly expiresAt?: string | null | undefined
  readonly username?: string | null | undefined
  readonly sessionToken?: string | null | undefined
  readonly headers?: { readonly [name: string]: string } | undefined
}

const optional = <A, I>(schema: EffectSchema.Schema<A, I>) =>
  EffectSchema.optionalWith(schema, { as: "Option", nullable: true })

const secret = EffectSchema.Redacted(EffectSchema.String)

const EncodedFields = EffectSchema.Struct({
  value: secret,
  expiresAt: optional(EffectSchema.DateTimeUtc),
  username: optional(EffectSchema.String),
  sessionToken: optional(secret),
  headers: EffectSchema.optionalWith(EffectSchema.Record({ key: EffectSchema.String, value: secret }), {
    default: () => ({})
  })
})

/**
 * The Schema of a key, for RPC, a workflow or a persisted cache. The encoded form contains the secrets in plain text: encrypt
 * what you store, and do not log it. The message of a decoding error quotes no value.
 *
 * @example
 * ```ts
 * import * as ApiKey from "effect-apikey/ApiKey"
 * import * as Schema from "effect/Schema"
 *
 * const key = Schema.decodeSync(ApiKey.Schema)({ value: "sk-123", expiresAt: "2027-01-01T00:00:00Z" })
 *
 * console.log(key.expiresAt) // Some(DateTime.Utc(2027-01-01T00:00:00.000Z))
 * console.log(Schema.encodeSync(ApiKey.Schema)(key)) // { value: "sk-123", expiresAt: "2027-01-01T00:00:00.000Z", headers: {} }
 * ```
 *
 * @since 0.1.0
 * @category schemas
 */
export const Schema: EffectSchema.Schema<ApiKey, Encoded> = EffectSchema.transform(
  EncodedFields,
  EffectSchema.declare(isApiKey, { identifier: "ApiKey", description: "an API key" }),
  { strict: true, decode: (fields) => new ApiKey(fields), encode: fieldsOf }
).annotations({
  identifier: "ApiKey",
  // An issue quotes its input, which may be a secret. This message replaces those of all parts.
  message: () => ({ message: "Expected the fields of an API key", override: true })
})
