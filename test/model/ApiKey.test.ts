import { inspect } from "node:util"
import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
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
})
