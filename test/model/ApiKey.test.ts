import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import { pipe } from "effect/Function"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as fc from "fast-check"
import * as ApiKey from "../../src/ApiKey.js"
import { arbitraryKey, arbitrarySecret } from "../support/arbitrary.js"

const at = (millis: number): DateTime.Utc => DateTime.unsafeMake(millis)

describe("ApiKey", () => {
  it.prop("is equal to another with the same secret, whatever their expiry", [arbitrarySecret], ([secret]) => {
    const one = ApiKey.make({ value: secret, expiresAt: at(1) })
    const other = ApiKey.make({ value: secret, expiresAt: at(2) })
    assert.isTrue(Equal.equals(one, other))
    assert.strictEqual(Hash.hash(one), Hash.hash(other))
  })

  it.prop("is equal to another with equal headers, a record though they are", [arbitrarySecret], ([secret]) => {
    const make = () => ApiKey.make({ value: secret, headers: { authorization: `Token ${secret}` } })
    assert.isTrue(Equal.equals(make(), make()))
  })

  it.prop("differs when any secret in it differs", [arbitrarySecret, arbitrarySecret], ([one, other]) => {
    fc.pre(one !== other)
    const key = ApiKey.make({ value: one })
    assert.isFalse(Equal.equals(key, ApiKey.make({ value: other })))
    assert.isFalse(Equal.equals(key, ApiKey.make({ value: one, sessionToken: other })))
    assert.isFalse(Equal.equals(key, ApiKey.make({ value: one, username: other })))
    assert.isFalse(Equal.equals(key, ApiKey.make({ value: one, headers: { "x-key": other } })))
  })

  it.prop("shows no secret in JSON, inspect or a string", [arbitraryKey], ([{ key, secrets }]) => {
    const shown = [JSON.stringify(key), inspect(key, { depth: null, showHidden: true }), String(key)].join("\n")
    for (const secret of secrets) assert.notInclude(shown, secret)
  })

  it("holds what it was made of", () => {
    const key = ApiKey.make({ value: "v", username: "u", sessionToken: "s", headers: { a: "b" }, expiresAt: at(5) })
    assert.strictEqual(Redacted.value(key.value), "v")
    assert.deepStrictEqual(key.username, Option.some("u"))
    assert.deepStrictEqual(Option.map(key.sessionToken, Redacted.value), Option.some("s"))
    assert.deepStrictEqual(
      Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value)]),
      [["a", "b"]]
    )
    assert.isTrue(ApiKey.isApiKey(key))
  })

  it("has expired from its expiry on", () => {
    const key = ApiKey.make({ value: "v", expiresAt: at(1000) })
    assert.isFalse(ApiKey.isExpired(key, at(999)))
    assert.isTrue(ApiKey.isExpired(key, at(1000)))
    assert.isFalse(ApiKey.isExpired(ApiKey.make({ value: "v" }), at(Number.MAX_SAFE_INTEGER / 2)))
  })

  it("takes the earlier of two expiries", () => {
    const key = ApiKey.make({ value: "v", expiresAt: at(1000) })
    assert.deepStrictEqual(ApiKey.expiringBy(key, at(2000)).expiresAt, Option.some(at(1000)))
    assert.deepStrictEqual(ApiKey.expiringBy(key, at(500)).expiresAt, Option.some(at(500)))
    assert.deepStrictEqual(ApiKey.expiringBy(ApiKey.make({ value: "v" }), at(500)).expiresAt, Option.some(at(500)))
  })

  it("has its combinators data-last, too", () => {
    const key = ApiKey.make({ value: "v", expiresAt: at(1000) })
    assert.deepStrictEqual(pipe(key, ApiKey.expiringBy(at(500))).expiresAt, Option.some(at(500)))
    assert.isTrue(pipe(key, ApiKey.isExpired(at(1000))))
    assert.isFalse(pipe(key, ApiKey.isExpired(at(999))))
  })
})

describe("ApiKey.Schema", () => {
  const decode = Schema.decodeUnknownEither(ApiKey.Schema)
  const lastInstant = 8.64e15
  const errorOf = (result: Either.Either<unknown, ParseResult.ParseError>) => Either.getOrThrow(Either.flip(result))

  it.prop(
    "gives the same key after JSON, its expiry included",
    [arbitraryKey, fc.option(fc.integer({ min: 0, max: lastInstant }), { nil: undefined })],
    ([{ key: timeless }, millis]) => {
      const key = millis === undefined ? timeless : ApiKey.expiringBy(timeless, at(millis))
      const json = JSON.stringify(Schema.encodeSync(ApiKey.Schema)(key))
      const back = Either.getOrThrow(decode(JSON.parse(json)))
      assert.isTrue(ApiKey.isApiKey(back))
      assert.isTrue(Equal.equals(back, key))
      assert.deepStrictEqual(back.expiresAt, key.expiresAt)
      assert.deepStrictEqual(back.username, key.username)
      assert.deepStrictEqual(Object.keys(back.headers), Object.keys(key.headers))
    }
  )

  it.prop("encodes the secrets themselves", [arbitraryKey], ([{ key, secrets }]) => {
    const { value, username, sessionToken, headers } = Schema.encodeSync(ApiKey.Schema)(key)
    const encoded = [value, username, sessionToken, ...Object.values(headers ?? {})].filter(
      (part) => part !== undefined
    )
    assert.sameMembers(encoded, secrets)
  })

  it("takes null, undefined and nothing for what is absent", () => {
    const absent = { expiresAt: null, username: undefined, sessionToken: null }
    const key = Either.getOrThrow(decode({ value: "v", ...absent }))
    assert.deepStrictEqual(
      [key.expiresAt, key.username, key.sessionToken],
      [Option.none(), Option.none(), Option.none()]
    )
    assert.deepStrictEqual(key.headers, {})
    assert.isTrue(Equal.equals(key, ApiKey.make({ value: "v" })))
  })

  it.prop("quotes no value in a decoding error, at any depth", [arbitrarySecret], ([secret]) => {
    // The platform reads many texts as a date.
    fc.pre(Number.isNaN(Date.parse(secret)))
    const wrong: ReadonlyArray<unknown> = [
      secret,
      [secret],
      { secret },
      { value: [secret] },
      { value: { [secret]: secret } },
      { value: "v", expiresAt: secret },
      { value: "v", username: [secret] },
      { value: "v", sessionToken: { secret } },
      { value: "v", headers: secret },
      { value: "v", headers: { authorization: [secret] } }
    ]
    const nested = Schema.decodeUnknownEither(Schema.Struct({ keys: Schema.Array(ApiKey.Schema) }))
    for (const input of wrong) {
      for (const error of [decode(input), nested({ keys: [input] })].map(errorOf)) {
        const shown = [
          ...[error.message, String(error), JSON.stringify(error), inspect(error, { depth: null })],
          ParseResult.TreeFormatter.formatErrorSync(error),
          JSON.stringify(ParseResult.ArrayFormatter.formatErrorSync(error).map(({ message }) => message))
        ].join("\n")
        assert.notInclude(shown, secret)
      }
    }
  })
})
