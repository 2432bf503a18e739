import { assert, describe, it } from "@effect/vitest"
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as fc from "fast-check"
import { UnsecuredJWT } from "jose"
import type * as ApiKey from "../../src/ApiKey.js"
import type { ApiKeyError } from "../../src/ApiKeyError.js"
import * as CredentialFormat from "../../src/CredentialFormat.js"
import * as Lookup from "../../src/internal/format/lookup.js"
import { withoutSecrets } from "../../src/internal/redact/redact.js"
import { arbitrarySecret } from "../support/arbitrary.js"

const startedAt = Date.UTC(2026, 0, 1)
const now = DateTime.unsafeMake(startedAt)

const decode = (
  output: string | Uint8Array,
  format: CredentialFormat.Format = "auto",
  command = "get-token"
): Either.Either<ApiKey.ApiKey, ApiKeyError> =>
  CredentialFormat.decode(
    format,
    {
      command,
      startedAt,
      stderr: () => "",
      redact: (text) => withoutSecrets(text, []),
      stdout: Redacted.make(typeof output === "string" ? new TextEncoder().encode(output) : output)
    },
    now
  )

const keyOf = (...args: Parameters<typeof decode>): ApiKey.ApiKey => Either.getOrThrowWith(decode(...args), (e) => e)
const valueOf = (...args: Parameters<typeof decode>): string => Redacted.value(keyOf(...args).value)
const errorOf = (...args: Parameters<typeof decode>): ApiKeyError =>
  Either.getOrThrowWith(Either.flip(decode(...args)), () => new Error("decoded"))

const jwt = (exp: number): string => new UnsecuredJWT({}).setExpirationTime(exp).encode()

describe("plain text becomes a key", () => {
  it.prop(
    "without BOM and surrounding white space",
    [arbitrarySecret, fc.stringOf(fc.constantFrom(" ", "\t", "\n", "\r\n")), fc.boolean()],
    ([secret, space, bom]) => {
      assert.strictEqual(valueOf(`${bom ? "\uFEFF" : ""}${space}${secret}${space}`), secret)
    }
  )

  const refused: ReadonlyArray<readonly [name: string, output: string | Uint8Array, expected: RegExp]> = [
    ["two lines", "one\ntwo", /one line/],
    ["a space in it", "sk 123", /visible ASCII/],
    ["a letter beyond ASCII", "sk-schlüssel", /visible ASCII/],
    ["a colour", "\u001B[32msk-123\u001B[0m", /visible ASCII/],
    ["jq's word for nothing", "null\n", /word for nothing/],
    ["JavaScript's word for nothing", "undefined", /word for nothing/],
    ["a value that was not decrypted", "encrypted:BGx1cnk", /decrypted/],
    ["invalid UTF-8", Uint8Array.of(0x73, 0x6b, 0xff, 0xfe), /UTF-8/],
    ["UTF-16", Uint8Array.of(0xff, 0xfe, 0x73, 0, 0x6b, 0), /UTF-8/],
    ["NUL bytes", "sk-123\0", /UTF-8/]
  ]
  for (const [name, output, expected] of refused) {
    it(`but not ${name}`, () => {
      const error = errorOf(output)
      assert(error._tag === "InvalidOutput")
      assert.match(error.expected, expected)
    })
  }

  it("nothing but white space is EmptyOutput", () => {
    for (const output of ["", " \n", "\uFEFF"]) assert.strictEqual(errorOf(output)._tag, "EmptyOutput")
  })

  it("the first line is enough for pass and gopass, and for who asks for it", () => {
    const output = "sk-123\nurl: https://example.com\n"
    assert.strictEqual(valueOf(output, "auto", "pass"), "sk-123")
    assert.strictEqual(valueOf(output, "auto", "gopass"), "sk-123")
    assert.strictEqual(valueOf(output, "first-line"), "sk-123")
  })

  it("a JWT gives its exp", () => {
    const exp = startedAt / 1000 + 600
    assert.deepStrictEqual(keyOf(jwt(exp)).expiresAt, Option.some(DateTime.unsafeMake(exp * 1000)))
  })

  it("a JWT that has expired is ExpiredOnArrival", () => {
    assert.strictEqual(errorOf(jwt(startedAt / 1000))._tag, "ExpiredOnArrival")
  })

  it("what only looks like a JWT has no expiry", () => {
    assert.deepStrictEqual(keyOf("eyJnonsense.eyJ.x").expiresAt, Option.none())
  })
})

describe("the answer of a token endpoint becomes a key", () => {
  it("that expires `expires_in` seconds after the start of the run, a quoted number too", () => {
    for (const lifetime of [600, "600"]) {
      const key = keyOf(JSON.stringify({ access_token: "t0ken", token_type: "Bearer", expires_in: lifetime }))
      assert.strictEqual(Redacted.value(key.value), "t0ken")
      assert.deepStrictEqual(key.expiresAt, Option.some(DateTime.unsafeMake(startedAt + 600_000)))
    }
  })

  it("that expires at `expires_at`, in epoch seconds or RFC 3339", () => {
    const at = startedAt + 600_000
    for (const expires_at of [at / 1000, new Date(at).toISOString(), "2026-01-01T01:10:00+01:00"]) {
      assert.deepStrictEqual(
        keyOf(JSON.stringify({ access_token: "t", expires_at })).expiresAt,
        Option.some(DateTime.unsafeMake(at))
      )
    }
  })

  it("that never expires if it does not say", () => {
    assert.deepStrictEqual(keyOf(`{"access_token":"t"}`).expiresAt, Option.none())
  })

  it("whose JWT counts when it expires earlier", () => {
    const exp = startedAt / 1000 + 60
    const key = keyOf(JSON.stringify({ access_token: jwt(exp), expires_in: 600 }))
    assert.deepStrictEqual(key.expiresAt, Option.some(DateTime.unsafeMake(exp * 1000)))
  })

  it("but names the field that is wrong, and never what stood there", () => {
    const wrong: ReadonlyArray<readonly [path: string, answer: object]> = [
      ["access_token", { access_token: "" }],
      ["access_token", { access_token: 5 }],
      ["expires_in", { access_token: "s3cret-token", expires_in: "soon-ish" }],
      ["expires_at", { access_token: "s3cret-token", expires_at: "2026-01-01 00:00" }]
    ]
    for (const [path, answer] of wrong) {
      const error = errorOf(JSON.stringify(answer), "oauth")
      assert(error._tag === "InvalidOutput")
      assert.strictEqual(error.path, path)
      assert.notMatch(`${JSON.stringify(error)}${error.message}${error.hint}`, /s3cret|soon-ish|00:00/)
    }
  })
})

describe("a format that no compiler has checked", () => {
  const misspelt = [
    { name: "json", field: "k", expiresat: "e" },
    { name: "git-credential", uri: "https://example.com" },
    { name: "docker-credential", serverURL: "https://index.docker.io/v1/" },
    { name: "vault", fields: "k" }
  ] as const
  for (const format of misspelt) {
    it(`is ConfigInvalid where a parameter is misspelt: ${JSON.stringify(format)}`, () => {
      const result = Lookup.resolve(format)
      assert.isTrue(Either.isLeft(result) && result.left._tag === "ConfigInvalid")
    })
  }
})

describe("auto", () => {
  it("refuses JSON that it does not know, a quoted string too, with the list of formats", () => {
    for (const output of [`{"key":"s3cret-value"}`, `["s3cret-value"]`, `"s3cret-value"`, `{"access_token":`]) {
      const error = errorOf(output)
      assert(error._tag === "InvalidOutput")
      assert.include(error.hint, "oauth")
      assert.notInclude(JSON.stringify(error), "s3cret")
    }
  })

  it.prop(
    "never throws and never quotes what it read",
    [fc.uint8Array({ minLength: 1, maxLength: 200 })],
    ([bytes]) => {
      const result = decode(bytes)
      if (Either.isLeft(result)) assert.isTrue(["InvalidOutput", "EmptyOutput"].includes(result.left._tag))
      else assert.match(Redacted.value(result.right.value), /^[\x21-\x7E]+$/)
    }
  )
})
