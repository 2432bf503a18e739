// What `check-prose.mjs` looks for in one Markdown page: sentences and table cells that are too long.
import MarkdownIt from "markdown-it"

const LONGEST_SENTENCE = 35
const LONGEST_CELL = 20

/** A full stop, with what closes a quotation or a parenthesis, and not one of an abbreviation. */
const END_OF_SENTENCE = /(?<=[.!?]["')\]]*)(?<!\b(?:e\.g|i\.e|etc|vs)\.)\s+/

/** A piece of code counts as one word, whatever it holds. */
const shown = { text: ({ content }) => content, code_inline: () => "CODE", image: ({ content }) => content }
const textOf = ({ children }) =>
  children.map((token) => shown[token.type]?.(token) ?? (token.type.endsWith("break") ? " " : "")).join("")

const wordsIn = (text) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length

const tooLong = (line, what, text, most) => {
  const words = wordsIn(text)
  const start = text.replace(/\s+/g, " ").slice(0, 60)
  return words <= most ? [] : [{ line, problem: `${what} of ${words} words, at most ${most}: "${start}…"` }]
}

/** Code blocks and HTML have no inline text, so they are exempt. */
export const lengthProblems = (page) => {
  let line = 1
  let isCell = false
  return new MarkdownIt({ html: true }).parse(page, {}).flatMap((token) => {
    // A cell of a table has no line of its own; its row has.
    if (token.map !== null) line = token.map[0] + 1
    if (/^t[dh]_/.test(token.type)) isCell = token.nesting === 1
    if (token.type !== "inline") return []
    const text = textOf(token)
    return isCell
      ? tooLong(line, "a table cell", text, LONGEST_CELL)
      : text.split(END_OF_SENTENCE).flatMap((sentence) => tooLong(line, "a sentence", sentence, LONGEST_SENTENCE))
  })
}
