import * as Either from "effect/Either"
import { isReadonlyRecord } from "effect/Predicate"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import type { Answer } from "effect-apikey/internal/format/format"
import * as Lookup from "effect-apikey/internal/format/lookup"
import { describe, expect, it } from "vitest"
import { formats } from "../../docs/data/formats.js"
import { compared, type Example, examples as written } from "./examples.js"
import { decode, documentedBeyond, plain } from "./support.js"

/** A format with a protocol of its own and no answer in examples.ts is tried with the one in its documentation. */
const examples: ReadonlyArray<Example> = [
  ...written,
  ...documentedBeyond(written.map(({ format }) => format))
    .filter(({ source }) => source.startsWith("https://"))
    .map(
      ({ example, format, isRecognized, key, source }): Example => ({
        format,
        source,
        what: "the answer of its documentation",
        origin: "composed",
        answer: example,
        key: plain(key),
        ...(isRecognized ? {} : { auto: false })
      })
    )
]

describe("answers from the protocols' own documentation and by its rules", () => {
  const documented = examples.filter(({ origin }) => origin === "documented")
  const withoutSpace = (text: string): string => text.replace(/\s+/g, "")

  it("are at least sixty different texts that stand in their source, beside those that are made by its rules", () => {
    expect(new Set(documented.map(({ answer }) => withoutSpace(answer))).size).toBeGreaterThanOrEqual(60)
    expect(examples.filter(({ source }) => !/^https:\/\//.test(source))).toEqual([])
  })

  it("say for each source of a documented answer what it was compared with, and for no other", () => {
    const page = (source: string): string => source.replace(/#.*$/, "")
    expect(new Set(documented.map(({ source }) => page(source)))).toEqual(new Set(Object.keys(compared).map(page)))
  })

  it("cover every format", () => {
    const covered = new Set(examples.map(({ format }) => (typeof format === "string" ? format : format.name)))
    const withoutProtocol = ["raw"]
    expect(CredentialFormat.names.filter((name) => !covered.has(name) && !withoutProtocol.includes(name))).toEqual([])
  })

  const answerOf = (text: string): Answer => {
    const json = Either.getOrUndefined(Either.try((): unknown => JSON.parse(text)))
    return { text, json, object: isReadonlyRecord(json) ? json : {} }
  }
  const plainText = ["auto", "text", "first-line", "gh"]

  it.each(examples)("have one owner among the formats, or none: $format: $what", ({ answer, auto, format }) => {
    const name = typeof format === "string" ? format : format.name
    const owners = CredentialFormat.names.filter((own) => Lookup.get(own).recognizes?.(answerOf(answer)))
    const possible = plainText.includes(name) ? [[]] : auto === false ? [[], [name]] : [[name]]
    expect(possible).toContainEqual(owners)
  })

  describe.each(examples)("$origin: $format: $what", ({ answer, auto, error, format, key }) => {
    const check = (as: CredentialFormat.Format): void => {
      const result = decode(as, answer)
      if (key !== undefined) expect(Either.map(result, plain)).toEqual(Either.right(key))
      else expect(Either.flip(result).pipe(Either.getOrThrow)).toMatchObject(error ?? {})
    }
    it("is read as its own format", () => check(format))
    if (auto !== false) it("is recognized by auto", () => check("auto"))
  })
})

describe("what the documentation shows as the answer of a format", () => {
  it.each(CredentialFormat.names)("%s is read, written, and read again", (name) => {
    const format = Lookup.get(name)
    const key = Either.getOrThrow(decode(format, formats[name].example))
    const again = Either.flatMap(format.encode(key), (text) => decode(format, text))
    expect(Either.map(again, plain)).toEqual(Either.right(plain(key)))
  })
})
