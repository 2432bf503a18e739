import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import type * as Table from "effect-apikey/formats/table"
import { describe, expect, it } from "vitest"
import { decode, plain, shown } from "./support.js"

type Spec = Table.FormatSpec

const secret = "S3CR3Tvalue"

const refusal = (format: Spec, answer: string | Uint8Array) => {
  const error = Either.getOrThrow(Either.flip(decode(format, answer)))
  expect(shown(error)).not.toContain(secret)
  return error
}

const key = (format: Spec, answer: string) => Either.getOrThrowWith(Either.map(decode(format, answer), plain), shown)

describe("a field named like a prototype's", () => {
  it.each<[Spec, string]>([
    ["oauth", `{"__proto__":{"access_token":"${secret}"}}`],
    ["auto", `{"__proto__":{"access_token":"${secret}"}}`],
    ["vault", `{"__proto__":{"data":{"k":"${secret}"}}}`],
    ["vault", `{"data":{"__proto__":{"data":{"k":"${secret}"},"metadata":{}}}}`],
    ["bazel", `{"__proto__":{"headers":{"Authorization":["Bearer ${secret}"]}}}`],
    ["claude-desktop", `{"token":"t","headers":{"__proto__":{"a":"${secret}"}}}`],
    ["aws-credential-process", `{"Version":1,"__proto__":{"AccessKeyId":"a","SecretAccessKey":"${secret}"}}`],
    ["exec-credential", `{"kind":"ExecCredential","__proto__":{"status":{"token":"${secret}"}}}`],
    [{ name: "json", field: "constructor.name" }, "{}"],
    [{ name: "json", field: "toString" }, "{}"],
    [{ name: "json", field: "length" }, `"${secret}"`]
  ])("gives nothing that the answer does not have itself: %j %s", (format, answer) => {
    expect(refusal(format, answer)._tag).toBe("InvalidOutput")
  })

  it("is a field as any other where it is asked for", () => {
    expect(key({ name: "json", field: "__proto__.key" }, '{"__proto__":{"key":"v"}}')).toEqual({ value: "v" })
    expect(key({ name: "env", variable: "__proto__" }, "__proto__=v")).toEqual({ value: "v" })
    expect(key({ name: "op", field: "constructor" }, '{"fields":[{"id":"constructor","value":"v"}]}')).toEqual({
      value: "v"
    })
    expect(
      key({ name: "secrets-manager", field: "__proto__" }, '{"ARN":"x","SecretString":"{\\"__proto__\\":\\"v\\"}"}')
    ).toEqual({ value: "v" })
  })

  it("does not disturb its neighbours, and changes no prototype", () => {
    expect(key("git-credential", "__proto__=x\nconstructor=y\npassword=p\n")).toEqual({ value: "p" })
    expect(key("bazel", '{"headers":{"__proto__":["x"],"Authorization":["Bearer y"]}}').value).toBe("y")
    expect(key("oauth", '{"__proto__":{"expires_in":1},"access_token":"v"}')).toEqual({ value: "v" })
    expect(Object.keys(Object.prototype)).toEqual([])
  })

  it.each(["__proto__", "constructor", "toString", "hasOwnProperty"])(
    "is a failure's code that means nothing: %s",
    (code) => {
      for (const [format, answer] of [
        ["google-executable", JSON.stringify({ version: 1, success: false, code, message: "m" })],
        ["cargo", `{"v":[1]}\n{"Err":{"kind":"${code}"}}\n`]
      ] as const) {
        expect(refusal(format, answer)).toMatchObject({ _tag: "NonZeroExit", reason: "Unknown" })
      }
      expect(refusal("oauth", JSON.stringify({ error: code }))).toMatchObject({ path: "access_token" })
    }
  )
})

describe("a field that is there twice", () => {
  it.each<[Spec, string]>([
    ["oauth", '{"access_token":"one","access_token":"two"}'],
    ["git-credential", "password=one\npassword=two\n"],
    [{ name: "env", variable: "A" }, "A=one\nA=two\n"]
  ])("counts as it stands last, as its own readers have it: %j", (format, answer) => {
    expect(key(format, answer).value).toBe("two")
  })
})

describe("bytes that are no text", () => {
  it.each<[string, Uint8Array]>([
    ["UTF-16 with a byte order mark", Uint8Array.of(0xff, 0xfe, 0x61, 0)],
    ["UTF-16 without one", Uint8Array.of(0x61, 0, 0x62, 0)],
    ["half a character", Uint8Array.of(0x61, 0xc3)],
    ["a surrogate in UTF-8", Uint8Array.of(0xed, 0xa0, 0x80)],
    ["a byte too many", Uint8Array.of(0x61, 0x80)],
    ["NUL", new TextEncoder().encode(`${secret}\0`)]
  ])("%s: refused in every format, raw too", (_, bytes) => {
    for (const format of ["auto", "text", "raw", "git-credential", "oauth"] as const) {
      expect(refusal(format, bytes)).toMatchObject({ _tag: "InvalidOutput", expected: "UTF-8 text" })
    }
  })

  it.each(["\u001b[32mabc\u001b[0m", "a\u00a0b", "a\u0085b", "a\u2028b", "a b", "schl\u00fcssel", "a\u200bb"])(
    "colours, other spaces and what a header cannot carry are no key: %j",
    (text) => {
      expect(refusal("text", text)).toMatchObject({ expected: "visible ASCII characters without spaces" })
    }
  )

  it.each(["\\ud800x", "a\\u0000b", "a\\nb", "a\\rb", "a\\u2028b", "a\\u0085b"])(
    "a password may be any text but what ends a line or is no character: %s",
    (escaped) => {
      expect(refusal("docker-credential", `{"Username":"u","Secret":"${escaped}"}`)).toMatchObject({ path: "Secret" })
      expect(refusal("docker-credential", `{"Username":"${escaped}","Secret":"s"}`)).toMatchObject({ path: "Username" })
    }
  )
})

describe("a time that is none", () => {
  const seconds = "an RFC 3339 time or epoch seconds before the year 10000"

  it.each([
    ["the year 10000", "10000-01-01T00:00:00Z"],
    ["the year 10000 by its zone", "9999-12-31T23:59:59-23:59"],
    ["a date alone", "2030-01-01"],
    ["no zone", "2030-01-01T00:00:00"],
    ["no such day", "2030-02-30T00:00:00Z"],
    ["no such hour", "2030-01-01T24:00:00Z"],
    ["a word", "soon"],
    ["a hexadecimal number", "0x70dbd880"],
    ["a power", "1e9"],
    ["a truth", true],
    ["a list", [1_900_000_000]]
  ])("is refused, and named by its place: %s", (_, expires_at) => {
    expect(refusal("oauth", JSON.stringify({ access_token: secret, expires_at }))).toMatchObject({
      path: "expires_at",
      expected: seconds
    })
  })

  it.each<[Spec, string, string]>([
    ["oauth", "expires_in", `{"access_token":"${secret}","expires_in":1e12}`],
    ["vault", "auth.lease_duration", `{"auth":{"client_token":"${secret}","lease_duration":1e12}}`],
    ["vault", "lease_duration", `{"lease_id":"x","lease_duration":1e300,"data":{"k":"${secret}"}}`],
    ["git-credential", "password_expiry_utc", `password=${secret}\npassword_expiry_utc=99999999999999\n`],
    [{ name: "json", field: "k", expiresAt: "e", unit: "milliseconds" }, "e", `{"k":"${secret}","e":1e15}`],
    [{ name: "json", field: "k", expiresIn: "e" }, "e", `{"k":"${secret}","e":1e12}`]
  ])("is a life past the year 9999, in every format: %j %s", (format, path, answer) => {
    expect(refusal(format, answer)).toMatchObject({
      _tag: "InvalidOutput",
      path,
      expected: expect.stringContaining("before the year 10000")
    })
  })

  it("is told to who names a place for milliseconds and not their unit, and to nobody else", () => {
    const hint = (found: string) =>
      refusal({ name: "json", field: "k", expiresAt: "e" }, `{"k":"${secret}","e":${found}}`).hint
    expect(hint("1900000000000")).toContain('unit: "milliseconds"')
    expect(hint('"soon"')).not.toContain("milliseconds")
  })

  it("is the one of a JWT that counts in milliseconds: then only the format's own counts", () => {
    const token = `eyJhbGciOiJub25lIn0.${Buffer.from('{"exp":1900000000000}').toString("base64url")}.AA`
    expect(key("text", token)).toEqual({ value: token })
  })

  it("negative, zero or past is an expiry that is over, not an error of its form", () => {
    const now = DateTime.unsafeMake("2026-01-01T00:00:00Z")
    for (const answer of [
      { access_token: secret, expires_in: -5 },
      { access_token: secret, expires_in: 0 },
      { access_token: secret, expires_at: -1 },
      { access_token: secret, expires_at: "0000-01-01T00:00:00Z" },
      { access_token: secret, expires_at: DateTime.formatIso(now) }
    ]) {
      expect(Either.flip(decode("oauth", JSON.stringify(answer), { now }))).toMatchObject({
        right: { _tag: "ExpiredOnArrival" }
      })
    }
  })
})
