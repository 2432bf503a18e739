import * as NodeFileSystem from "@effect/platform-node-shared/NodeFileSystem"
import * as NodePath from "@effect/platform-node-shared/NodePath"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as fc from "fast-check"
import { ConfigInvalid } from "../../src/ApiKeyError.js"
import * as Document from "../../src/internal/source/jsonc.js"
import * as OpencodeConfig from "../../src/OpencodeConfig.js"
import * as Placeholder from "../../src/opencode/config/placeholder.js"
import { sandbox, within } from "../support/sandbox.js"

const bad = (path: string) => new ConfigInvalid({ file: "x", line: 1, column: 1, problem: path })

const fill = (text: string, variables: Readonly<Record<string, string>>) =>
  Effect.runPromise(
    Placeholder.fill(text, { variable: (name) => variables[name], folder: "/", home: "/" }, bad).pipe(
      Effect.provide(NodeFileSystem.layer),
      Effect.provide(NodePath.layer)
    )
  )

/** Objects by their keys' number, lists by their length: what is left of JSON without its values. */
const shape = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(shape)
  return typeof value === "object" && value !== null ? Object.values(value).map(shape) : "value"
}

const placeholder = fc.constantFrom(
  "{env:A}",
  "{env:QUOTE}",
  "x{env:A}y",
  "{env:MISSING}",
  "{file:{env:A}}",
  "{env:A}{env:QUOTE}"
)
const nasty = fc.oneof(
  fc.string({ unit: "binary" }),
  fc.constantFrom(
    `", "apiKey": "stolen`,
    `"}}`,
    "\n",
    "\\",
    "{file:/etc/hostname}",
    "// x",
    "*/",
    "[",
    "]",
    `{"a":`,
    "\uE0000\uE001"
  )
)

describe("placeholders", () => {
  it("never change the JSON's structure, in whatever position and whatever they stand for", () =>
    fc.assert(
      fc.property(fc.json({ maxDepth: 4 }), fc.array(placeholder, { maxLength: 6 }), fc.nat(), (json, some, seed) => {
        const value: unknown = JSON.parse(json)
        let at = seed
        const put = (each: unknown): string => {
          const chosen = some[at++ % Math.max(1, some.length + 1)]
          if (Array.isArray(each)) return `[${each.map(put).join(",")}]`
          if (typeof each === "object" && each !== null) {
            const members = Object.entries(each).map(
              ([key, inner], index) => `${JSON.stringify(`${index}${key}`)}:${put(inner)}`
            )
            return `{${chosen === undefined ? "" : `/* ${chosen} */`}${members.join(",")}}`
          }
          if (chosen === undefined) return JSON.stringify(each)
          // Bare where a value is due, or inside a string.
          return at % 2 === 0 && /^\{env:[A-Z]+\}$/.test(chosen) ? chosen : JSON.stringify(chosen)
        }
        const text = put(value)
        const parsed = Either.getOrThrow(Placeholder.parse("x", text))
        assert.deepStrictEqual(shape(Document.valueOf(parsed.root)), shape(withNumbers(value)))
      }),
      { numRuns: 300 }
    ))

  it("of a whole file: the options are what was written, whatever the variables and files hold", () =>
    fc.assert(
      fc.asyncProperty(nasty, nasty, async (a, b) => {
        const options = await Effect.runPromise(
          Effect.gen(function* () {
            const self = yield* sandbox
            self.env["A"] = a
            self.write("home/.config/opencode/b", `x${b}x`)
            self.write(
              "home/.config/opencode/opencode.json",
              `{ // {env:A} {file:./gone}
                "provider": { "p": { "options": {
                  "apiKey": "k", "bare": {env:A}, "file": {file:./b}, "list": ["{env:A}", 1, {env:A}],
                  "deep": { "{env:NAME}": { "text": "<{env:A}|{file:./b}>" } }, "after": true
                } } } }`
            )
            self.env["NAME"] = "name"
            return yield* Effect.flatMap(OpencodeConfig.load, (configuration) => configuration.options("p")).pipe(
              within(self)
            )
          }).pipe(Effect.scoped)
        )
        // As the file system gives it back: a lone surrogate is none there.
        const file = Buffer.from(`x${b}x`).toString("utf8")
        assert.deepStrictEqual(options, {
          bare: a,
          file,
          list: [a, 1, a],
          deep: { name: { text: `<${a}|${file}>` } },
          after: true
        })
      }),
      { numRuns: 100 }
    ))

  it("stand for the variable's very value, which is not looked at again", () =>
    fc.assert(
      fc.asyncProperty(nasty, nasty, async (a, b) => {
        assert.strictEqual(await fill("1{env:A}2{env:B}3", { A: a, B: b }), `1${a}2${b}3`)
      }),
      { numRuns: 300 }
    ))

  it("an unset variable is empty, a missing file an error that names it as it was written", async () => {
    assert.strictEqual(await fill("[{env:NO}]", {}), "[]")
    const error = await fill("{file:/no/{env:A}/file}", { A: "sk-secret" }).catch((failure: unknown) => failure)
    assert.include(String(error), "/no/{env:A}/file")
    assert.notInclude(String(error), "sk-secret")
  })

  it("that are begun a hundred thousand times and never ended are text", async () => {
    // Each looked through to the end would take minutes.
    for (const begun of ["{env:", "{file:"]) {
      const text = begun.repeat(100_000)
      assert.strictEqual(await fill(text, {}), text)
      assert.isFalse(Placeholder.isIn(text))
      assert.strictEqual(Placeholder.hideAllElse(text, "<hidden>"), "<hidden>")
      assert.isTrue(Either.isLeft(Placeholder.parse("x", `{ "a": ${text}`)))
    }
  })

  it("an empty file is an empty object, as opencode has it", () => {
    assert.deepStrictEqual(Document.valueOf(Either.getOrThrow(Placeholder.parse("x", " \n")).root), {})
  })

  it("in comments are not there", () => {
    const text = `{ // {file:/no/such/file} {env:A}\n /* {env:A} */ "a": {env:A}, "b": "{env:B}", }`
    const { root } = Either.getOrThrow(Placeholder.parse("x", text))
    assert.deepStrictEqual(Document.valueOf(root), { a: "{env:A}", b: "{env:B}" })
  })

  it("that are bare leave positions as they are", () => {
    const failure = Either.flip(Placeholder.parse("x", `{ "a": {env:LONG_NAME}, oops }`))
    assert.strictEqual(Either.getOrThrow(failure).column, 25)
  })
})

/** Keys are numbered in the text, so that two that are equal do not fall together. */
const withNumbers = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withNumbers)
  return typeof value === "object" && value !== null
    ? Object.fromEntries(Object.entries(value).map(([key, inner], index) => [`${index}${key}`, withNumbers(inner)]))
    : value
}
