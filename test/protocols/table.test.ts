import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Schema from "effect/Schema"
import * as ApiKey from "effect-apikey/ApiKey"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as Table from "effect-apikey/formats/table"
import * as Lookup from "effect-apikey/internal/format/lookup"
import { describe, expect, it } from "vitest"
import { decode, plain } from "./support.js"

describe("the public module", () => {
  it("exports what decodes, what encodes and the names, and nothing of the table", () => {
    expect(Object.keys(CredentialFormat).sort()).toEqual(["decode", "encode", "names"])
  })
})

describe("FormatSpec", () => {
  const isSpec = Schema.is(Table.FormatSpec)

  it("takes every name", () => {
    expect(CredentialFormat.names.filter((name) => !isSpec(name))).toEqual([])
  })

  it.each<[string, unknown]>([
    ["json without a field", "json"],
    ["json as an object without a field", { name: "json" }],
    ["a name that does not exist", "yaml"],
    ["an object of such a name", { name: "yaml" }],
    ["a URL that is none", { name: "git-credential", url: "example.com" }],
    ["a URL with a line end", { name: "git-credential", url: "https://example.com\nhost=evil.test" }],
    ["a URL whose user name holds one", { name: "git-credential", url: "https://a%0ahost=evil.test@example.com" }],
    ["a URL whose path holds one", { name: "git-credential", url: "https://example.com/a%0Ahost=evil.test" }],
    ["a URL with a broken escape", { name: "git-credential", url: "https://a%zz@example.com" }],
    ["a URL without a host", { name: "git-credential", url: "mailto:a@example.com" }],
    ["a server with a line end", { name: "docker-credential", serverUrl: "https://a\nb" }],
    ["a variable that no shell has", { name: "env", variable: "A B" }],
    ["null", null]
  ])("refuses %s, and resolve says so as ConfigInvalid", (_, format) => {
    expect(isSpec(format)).toBe(false)
    expect(Either.flip(Reflect.apply(Lookup.resolve, undefined, [format]))).toMatchObject({
      right: { _tag: "ConfigInvalid" }
    })
  })

  it("has a JSON Schema", () => {
    expect(JSON.stringify(JSONSchema.make(Table.FormatSpec))).toContain("git-credential")
  })

  it("takes a format of one's own", () => {
    const own: CredentialFormat.CredentialFormat = {
      name: "mine",
      decode: (text) => Either.right(ApiKey.make({ value: text.trim().toUpperCase() })),
      encode: Lookup.get("text").encode
    }
    expect(Either.map(decode(own, "abc"), plain)).toEqual(Either.right({ value: "ABC" }))
    expect(Lookup.resolve(own)).toEqual(Either.right(own))
  })
})
