/** That the step `prose` of `npm run check` finds what it looks for, and passes over what is exempt. */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"

interface Problem {
  readonly line: number
  readonly problem: string
}
interface Repository {
  readonly isThere: (path: string) => boolean
  readonly read: (path: string) => string
  readonly repositoryUrl: string
}
interface Prose {
  readonly lengthProblems: (text: string) => ReadonlyArray<Problem>
  readonly linkProblems: (file: string, text: string, repository: Repository) => ReadonlyArray<Problem>
}

const script = pathToFileURL(join(import.meta.dirname, "../scripts/prose.mjs")).href
const { lengthProblems, linkProblems }: Prose = await import(script)

const words = (count: number): string => Array.from({ length: count }, (_, index) => `word${index}`).join(" ")
const linesOf = (problems: ReadonlyArray<Problem>): ReadonlyArray<number> => problems.map(({ line }) => line)

describe("lengths", () => {
  it("finds a sentence over 35 words, in a paragraph, a list, a quotation and a heading", () => {
    const page = [words(36), `- ${words(36)}`, `> ${words(36)}`, `## ${words(36)}`, `Short. ${words(36)}. Short.`]
    assert.deepStrictEqual(linesOf(lengthProblems(page.join("\n\n"))), [1, 3, 5, 7, 9])
    assert.include(lengthProblems(words(36))[0]?.problem, "36 words, at most 35")
  })

  it("passes sentences of 35 words, whatever ends them", () => {
    assert.deepStrictEqual(lengthProblems(`${words(35)}. ${words(35)}!\n${words(35)}? (${words(35)}.)`), [])
  })

  it("counts on after an abbreviation", () => {
    assert.strictEqual(lengthProblems(`${words(20)}, e.g. ${words(20)}`).length, 1)
  })

  it("finds a table cell over 20 words", () => {
    const table = (cell: string) => `| a | b |\n| --- | --- |\n| ${cell} | short |`
    assert.deepStrictEqual(linesOf(lengthProblems(table(words(21)))), [3])
    assert.deepStrictEqual(lengthProblems(table(words(20))), [])
  })

  it("counts a piece of code as one word, and no code block", () => {
    const page = `${words(34)} \`${words(50)}\`\n\n\`\`\`text\n${words(50)}\n\`\`\`\n\n<!-- ${words(50)} -->`
    assert.deepStrictEqual(lengthProblems(page), [])
  })

  it("counts the text of a link, and the words beside an inline tag", () => {
    assert.strictEqual(lengthProblems(`[${words(30)}](a.md) ${words(3)} <br> ${words(3)}`).length, 1)
  })
})

describe("links", () => {
  const pages: Readonly<Record<string, string>> = {
    "README.md": "# Top",
    "docs/guides/a.md": '# A page\n\n## `get` and *more*\n\n## Twice\n\n## Twice\n\n<a id="by-hand"></a>'
  }
  const problemsOf = (file: string, text: string) =>
    linkProblems(file, text, {
      isThere: (path) => path in pages,
      read: (path) => pages[path] ?? "",
      repositoryUrl: "https://example.com/blob/main/"
    }).map(({ problem }) => problem)

  it("finds a missing file: relative, by the repository's address, as an image and as a reference", () => {
    const page = "[x](b.md) [x](https://example.com/blob/main/b.md) ![x](b.png) [x][ref]\n\n[ref]: ../b.md"
    assert.deepStrictEqual(problemsOf("docs/guides/a.md", page), [
      "nothing is at b.md",
      "nothing is at https://example.com/blob/main/b.md",
      "nothing is at b.png",
      "nothing is at ../b.md"
    ])
  })

  it("finds a missing heading, in another page and in the page itself", () => {
    assert.deepStrictEqual(problemsOf("README.md", "# Top\n\n[x](docs/guides/a.md#b) [x](#c)"), [
      "docs/guides/a.md has no heading #b",
      "README.md has no heading #c"
    ])
  })

  it("passes what is there", () => {
    const anchors = ["get-and-more", "twice", "twice-1", "by-hand", "a-page"].map(
      (name) => `[x](docs/guides/a.md#${name})`
    )
    assert.deepStrictEqual(problemsOf("README.md", `# Top\n\n[x](#top) ${anchors.join(" ")}`), [])
    assert.deepStrictEqual(problemsOf("docs/guides/b.md", "[x](a.md) [x](../../README.md#top)"), [])
  })

  it("leaves other sites and what stands in code alone", () => {
    const page = "[x](https://example.org/nothing) [x](mailto:a@example.org) `[x](b.md)`\n\n```md\n[x](b.md)\n```"
    assert.deepStrictEqual(problemsOf("README.md", page), [])
  })
})
