/** A key as plain values, for callers that do not use Effect. Each key has one such object. */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Model from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"

/**
 * A key. JSON and `inspect` show no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKey {
  readonly value: string
  readonly expiresAt: Date | undefined
  /** The public half of a pair (git, docker, AWS). */
  readonly username: string | undefined
  readonly sessionToken: string | undefined
  /** The helper's own headers, which are sent instead of the scheme's. */
  readonly headers: Readonly<Record<string, string>>
}

const plains = new WeakMap<Model.ApiKey, Plain>()

class Plain implements ApiKey {
  readonly #model: Model.ApiKey
  /** Of a hit, so that it makes nothing. */
  readonly promise: Promise<ApiKey>

  constructor(model: Model.ApiKey) {
    this.#model = model
    this.promise = Promise.resolve(this)
    Object.defineProperty(this, "promise", { enumerable: false })
  }

  static modelOf(key: Plain): Model.ApiKey {
    return key.#model
  }

  get value(): string {
    return Redacted.value(this.#model.value)
  }
  get expiresAt(): Date | undefined {
    return Option.getOrUndefined(Option.map(this.#model.expiresAt, ({ epochMillis }) => new Date(epochMillis)))
  }
  get username(): string | undefined {
    return Option.getOrUndefined(this.#model.username)
  }
  get sessionToken(): string | undefined {
    return Option.getOrUndefined(Option.map(this.#model.sessionToken, Redacted.value))
  }
  get headers(): Readonly<Record<string, string>> {
    return Object.fromEntries(Object.entries(this.#model.headers).map(([name, value]) => [name, Redacted.value(value)]))
  }

  toJSON(): unknown {
    return this.#model.toJSON()
  }

  [Symbol.for("nodejs.util.inspect.custom")](): unknown {
    return this.toJSON()
  }
}

export const plainOf = (model: Model.ApiKey): Plain => {
  const known = plains.get(model)
  if (known !== undefined) return known
  const made = new Plain(model)
  plains.set(model, made)
  return made
}

export const promiseOf = (model: Model.ApiKey): Promise<ApiKey> => plainOf(model).promise

/** A copy by spread has no fields, because they are getters. */
export const modelOf = (key: ApiKey | undefined): Either.Either<Model.ApiKey, ApiKeyError> => {
  if (key instanceof Plain) return Either.right(Plain.modelOf(key))
  if (typeof key?.value !== "string") {
    return Either.left(inCode("`reject` was given no key", "Pass the key object that `get` returned, not a copy."))
  }
  const { headers, sessionToken, username, value } = key
  return Either.right(Model.make({ value, username, sessionToken, headers }))
}
