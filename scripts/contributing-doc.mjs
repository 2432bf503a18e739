// The map of the rooms in CONTRIBUTING.md, from scripts/rooms.mjs. Without an argument it writes the map between its two markers; with
// --check it fails where the page has another.
import { readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { rooms, seam } from "./rooms.mjs"
import { root } from "./support.mjs"

const ROOMS_A_LINE = 8

const begin = "<!-- rooms: written by scripts/contributing-doc.mjs -->"
const end = "<!-- end of rooms -->"

const names = rooms.map(({ name }) => name)
const lines = names.flatMap((_, at) =>
  at % ROOMS_A_LINE === 0 ? [names.slice(at, at + ROOMS_A_LINE).join(" ◀─ ")] : []
)
const picture = lines.map((line, at) => (at === 0 ? `   ${line}` : `◀─ ${line}`)).join("\n")

const code = (text) => `\`${text}\``
const listed = (paths) => paths.map(code).join(" ") || "–"
const isPrivate = (path) => path.endsWith("/")
const rows = [
  ["room", "modules", "directories of `src/`", "what it holds"],
  ...rooms.map(({ name, files, holds }) => [
    code(name),
    listed(files.filter((path) => !isPrivate(path))),
    listed(files.filter(isPrivate)),
    holds
  ])
]

/** With columns of one width each, as Biome formats Markdown. */
const widths = rows[0].map((_, column) => Math.max(...rows.map((cells) => cells[column].length)))
const lineOf = (cells, filler) => `| ${cells.map((cell, column) => cell.padEnd(widths[column], filler)).join(" | ")} |`
const [head, ...body] = rows
const table = [
  lineOf(head, " "),
  lineOf(
    head.map(() => ""),
    "-"
  ),
  ...body.map((cells) => lineOf(cells, " "))
].join("\n")

const map = `${begin}

\`\`\`text
${picture}
\`\`\`

${table}

These SDK modules import only from \`util\`, \`model\` and each other: ${listed(seam.files.filter((path) => !isPrivate(path)))} and
\`internal/request/\`. A program that uses one of them loads no code for helpers, caches or configuration.

${end}`

const path = join(root, "CONTRIBUTING.md")
const current = readFileSync(path, "utf8")
const at = current.indexOf(begin)
const to = current.indexOf(end)
if (at < 0 || to < at) throw new Error(`CONTRIBUTING.md lacks "${begin}" or "${end}"`)
const page = current.slice(0, at) + map + current.slice(to + end.length)

if (!process.argv.includes("--check")) writeFileSync(path, page)
else if (current !== page) {
  console.error("CONTRIBUTING.md does not show the rooms of scripts/rooms.mjs: run node scripts/contributing-doc.mjs")
  process.exitCode = 1
}
