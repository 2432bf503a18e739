import { assert, describe, it } from "@effect/vitest"
import * as Either from "effect/Either"
import type { Node } from "jsonc-parser"
import { entriesOf } from "../../src/internal/config/file.js"
import * as Document from "../../src/internal/source/jsonc.js"
import * as Tree from "../../src/opencode/config/mergedTree.js"
import * as Placeholder from "../../src/opencode/config/placeholder.js"

/** From now on each node that is come by through its parent is counted. */
const counting = (root: Node): { visits: number } => {
  const counter = { visits: 0 }
  const watch = (node: Node): void => {
    const { children } = node
    if (children === undefined) return
    for (const child of children) watch(child)
    Object.defineProperty(node, "children", {
      get: () => {
        counter.visits += children.length
        return children
      }
    })
  }
  watch(root)
  return counter
}

const parsed = (text: string): Document.Document => Either.getOrThrow(Document.parse("f.jsonc", text))

const fileOf = (count: number, entry: string): string =>
  `{ "providers": {\n${Array.from({ length: count }, (_, at) => `"p${at}": ${entry}`).join(",\n")}\n} }`

const small = 200
const large = 4 * small

describe("what a large configuration costs grows as it does, not as its square", () => {
  const entries = {
    "a good entry": `{ "key": { "env": "A" }, "baseUrl": "https://a.example" }`,
    "a list of sources": `{ "key": { "firstOf": [{ "env": "A" }, { "file": "f" }, { "command": ["op", "read"] }] } }`,
    "a shell string": `{ "key": { "command": "op read x" } }`,
    "an unknown name": `{ "kee": { "env": "A" } }`,
    "a wrong value": `{ "key": { "command": { "argv": ["op"], "timeout": "-1 s" } } }`,
    "what is no object": `3`
  }
  for (const [name, entry] of Object.entries(entries)) {
    it(`effect-apikey.jsonc: ${name}`, () => {
      const visits = (count: number): number => {
        const document = parsed(fileOf(count, entry))
        const counter = counting(document.root)
        const found = Either.getOrThrow(entriesOf(document, "user"))
        assert.strictEqual(found.size, count)
        // The last of them still knows its line.
        const last = found.get(`p${count - 1}`)
        assert(last !== undefined)
        const line = Either.match(last, {
          onLeft: (error) => error.line,
          onRight: ({ key }) => (key._tag === "Some" ? key.value.at.line : 0)
        })
        assert.strictEqual(line, count + 1)
        return counter.visits
      }
      assert.isAtMost(visits(large) / visits(small), 4.1)
    })
  }

  it("opencode.json: only `provider` is walked, once", () => {
    const visits = (others: number, providers: number): number => {
      const text = `{ "other": [${"{},".repeat(others)}], "provider": {${Array.from({ length: providers }, (_, at) => `"p${at}": {"options": {"apiKey": "x"}}`).join(",")}} }`
      const { root } = parsed(text)
      const counter = counting(root)
      assert.isDefined(Tree.memberOf(root, "provider", text, "origin", (key) => key))
      return counter.visits
    }
    assert.strictEqual(visits(large, small), visits(small, small))
    assert.isAtMost(visits(small, large) / visits(small, small), 4.1)
  })

  it("opencode.json: as many placeholders without quotes as fit into it, each where it stands", () => {
    const count = 60_000
    const line = "{env:A},\n"
    const document = Either.getOrThrow(Placeholder.parse("f.json", `[${line.repeat(count)}{env:B}]`))
    const values = Document.valueOf(document.root)
    assert(Array.isArray(values))
    assert.strictEqual(values.length, count + 1)
    assert.deepStrictEqual([values[0], values[count - 1], values[count]], ["{env:A}", "{env:A}", "{env:B}"])
    assert.deepStrictEqual(Document.positionOf(document, [count]), { line: count + 1, column: 1 })
  })
})
