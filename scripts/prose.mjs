// What `check-prose.mjs` looks for in one Markdown page: sentences and table cells that are too long, and links that lead nowhere.
import { posix } from "node:path"
import GithubSlugger from "github-slugger"
import { fromMarkdown } from "mdast-util-from-markdown"
import { gfmFromMarkdown } from "mdast-util-gfm"
import { gfm } from "micromark-extension-gfm"

const LONGEST_SENTENCE = 35
const LONGEST_CELL = 20

const parse = (text) => fromMarkdown(text, { extensions: [gfm()], mdastExtensions: [gfmFromMarkdown()] })

const nodesOf = (node) => [node, ...(node.children ?? []).flatMap(nodesOf)]

/** A piece of code counts as one word, whatever it holds. */
const textOf = ({ alt, children = [], type, value = "" }) => {
  if (type === "inlineCode") return "CODE"
  if (type === "html") return ""
  if (type === "break") return " "
  return alt ?? (type === "text" ? value : children.map(textOf).join(""))
}

/** The text as it shows, code included: a heading's name is made of it. */
const shownText = (node) =>
  nodesOf(node)
    .map(({ value = "" }) => value)
    .join("")

const wordsIn = (text) => text.split(/\s+/).filter((word) => /[\p{L}\p{N}]/u.test(word)).length

/** A full stop, with what closes a quotation or a parenthesis, and not one of an abbreviation. */
const END_OF_SENTENCE = /(?<=[.!?]["')\]]*)(?<!\b(?:e\.g|i\.e|etc|vs)\.)\s+/

const startOf = (text) => text.replace(/\s+/g, " ").slice(0, 60)

/** A table cell has its own limit. A paragraph is also what a list item and a block quote hold. */
export const lengthProblems = (text) =>
  nodesOf(parse(text)).flatMap((node) => {
    const { line } = node.position.start
    if (node.type === "tableCell") {
      const words = wordsIn(textOf(node))
      if (words <= LONGEST_CELL) return []
      return [{ line, problem: `a table cell of ${words} words, at most ${LONGEST_CELL}: "${startOf(textOf(node))}…"` }]
    }
    if (node.type !== "paragraph" && node.type !== "heading") return []
    return textOf(node)
      .split(END_OF_SENTENCE)
      .filter((sentence) => wordsIn(sentence) > LONGEST_SENTENCE)
      .map((sentence) => ({
        line,
        problem: `a sentence of ${wordsIn(sentence)} words, at most ${LONGEST_SENTENCE}: "${startOf(sentence)}…"`
      }))
  })

/** The names that `#name` in a link may have: GitHub's for each heading, and each `id` that is written as HTML. */
const anchorsOf = (text) => {
  const slugger = new GithubSlugger()
  return nodesOf(parse(text)).flatMap((node) => {
    if (node.type === "heading") return [slugger.slug(shownText(node))]
    return node.type === "html" ? [...node.value.matchAll(/\b(?:id|name)="([^"]+)"/g)].map(([, id]) => id) : []
  })
}

/** The path from the root of the repository, or `undefined` for a link that leaves it. */
const pathOf = (file, url, repositoryUrl) => {
  if (url.startsWith(repositoryUrl)) return url.slice(repositoryUrl.length)
  if (/^[a-z][a-z+.-]*:|^\/\//i.test(url)) return undefined
  return url === "" ? file : posix.join(posix.dirname(file), url)
}

/**
 * Each link and image of a page to this repository: relative, or by an address that begins with `repositoryUrl`. `isThere` says
 * whether a path exists, `read` gives a page's text.
 */
export const linkProblems = (file, text, { isThere, read, repositoryUrl }) =>
  nodesOf(parse(text))
    .filter(({ type, url }) => url !== undefined && ["link", "image", "definition"].includes(type))
    .flatMap(({ position, url }) => {
      const { line } = position.start
      const [target, anchor] = url.split("#", 2)
      const path = pathOf(file, target, repositoryUrl)
      if (path === undefined) return []
      if (!isThere(path)) return [{ line, problem: `nothing is at ${url}` }]
      if (anchor === undefined || !path.endsWith(".md")) return []
      return anchorsOf(path === file ? text : read(path)).includes(decodeURIComponent(anchor))
        ? []
        : [{ line, problem: `${path} has no heading #${anchor}` }]
    })
