// Searches code and prose for the words and phrases of words.json, and says what to write instead.
// `node scripts/check-words.mjs PATH…` searches only these; `--count` prints the number of findings a directory.
import { readFileSync } from "node:fs"
import { dirname, join } from "node:path"
import ts from "typescript"
import { readJson, repositoryFiles, root } from "./support.mjs"

const SEARCHED = /^(?:src|docs|scripts)\/.*\.(?:ts|mjs|md|sh)$|^(?:README|CONTRIBUTING|CHANGELOG)\.md$/
/** Text that is not ours: messages that tools print, quoted as evidence. */
const QUOTED = /^docs\/data\//

const words = readJson(join(root, "scripts", "words.json")).map(({ pattern, flags = "", use }) => ({
  pattern: new RegExp(pattern, `g${flags}`),
  use
}))

/** Comments, strings and templates of a module, everything else blanked: an identifier may be called what its API calls it. */
const proseOf = (text) => {
  const source = ts.createSourceFile("x.ts", text, ts.ScriptTarget.Latest, true)
  const kept = new Uint8Array(text.length)
  const keep = (start, end) => kept.fill(1, start, end)
  const keepComments = (position) => {
    for (const { pos, end } of ts.getLeadingCommentRanges(text, position) ?? []) keep(pos, end)
    for (const { pos, end } of ts.getTrailingCommentRanges(text, position) ?? []) keep(pos, end)
  }
  const visit = (node) => {
    if (ts.isImportDeclaration(node)) return
    const isText = ts.isStringLiteralLike(node) || ts.isTemplateHead(node) || ts.isTemplateMiddleOrTemplateTail(node)
    if (isText) keep(node.getStart(source), node.end)
    if (node.getChildCount(source) === 0) {
      keepComments(node.pos)
      keepComments(node.end)
    }
    for (const child of node.getChildren(source)) visit(child)
  }
  visit(source)
  return text.replace(/[^\n]/g, (char, at) => (kept[at] === 1 ? char : " "))
}

const findingsOf = (file) => {
  const text = readFileSync(join(root, file), "utf8")
  const searched = /\.(?:ts|mjs)$/.test(file) ? proseOf(text) : text
  return searched
    .split("\n")
    .flatMap((line, index) =>
      words.flatMap(({ pattern, use }) =>
        Array.from(line.matchAll(pattern), ([found]) => ({ file, line: index + 1, found, use }))
      )
    )
}

const args = process.argv.slice(2)
const paths = args.filter((arg) => arg !== "--count")
const isWanted = (file) =>
  SEARCHED.test(file) &&
  !QUOTED.test(file) &&
  (paths.length === 0 || paths.some((path) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`)))
const findings = (await repositoryFiles()).filter(isWanted).flatMap(findingsOf)

if (args.includes("--count")) {
  const counts = new Map()
  for (const { file } of findings) counts.set(dirname(file), (counts.get(dirname(file)) ?? 0) + 1)
  for (const [directory, length] of [...counts].sort()) console.log(`${String(length).padStart(5)} ${directory}`)
} else for (const { file, line, found, use } of findings) console.log(`${file}:${line} "${found.trim()}": write ${use}`)
console.log(`${findings.length} findings`)
process.exitCode = findings.length === 0 ? 0 : 1
