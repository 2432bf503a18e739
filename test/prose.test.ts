/** That the step `prose` of `npm run check` finds what it looks for, and passes over what is exempt. */
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { assert, describe, it } from "@effect/vitest"

interface Problem {
  readonly line: number
  readonly problem: string
}
interface Prose {
  readonly lengthProblems: (text: string) => ReadonlyArray<Problem>
}

const script = pathToFileURL(join(import.meta.dirname, "../scripts/prose.mjs")).href
const { lengthProblems }: Prose = await import(script)

const words = (count: number): string => Array.from({ length: count }, (_, index) => `word${index}`).join(" ")
const linesOf = (problems: ReadonlyArray<Problem>): ReadonlyArray<number> => problems.map(({ line }) => line)

describe("the lengths of a page", () => {
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
