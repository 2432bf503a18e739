// Links and addresses. A link in a page leads to a file of the repository, its fragment to a heading there. Each address of this project
// is below the one that package.json gives as `repository`. Pages in the package link by address: npm's own page would resolve a
// relative link by `repository`, but editors, mirrors and node_modules do not, and docs/ is not in the package.
import { readFileSync } from "node:fs"
import { dirname, join, normalize } from "node:path/posix"
import GithubSlugger from "github-slugger"
import MarkdownIt from "markdown-it"
import { packageJson, repositoryFiles, root } from "./support.mjs"

const repository = packageJson.repository.url.replace(/^git\+|\.git$/g, "")
const files = await repositoryFiles()
const read = (file) => readFileSync(join(root, file), "utf8")
const isThere = (path) => files.some((file) => file === path || file.startsWith(`${path.replace(/\/$/, "")}/`))

const textOf = ({ children }) =>
  children
    .filter(({ type }) => type === "text" || type === "code_inline")
    .map(({ content }) => content)
    .join("")

/** The links of a page, and the names by which its headings are reached on GitHub and on the site. */
const parse = (text) => {
  const slugger = new GithubSlugger()
  const links = []
  const anchors = []
  let line = 1
  const tokens = new MarkdownIt({ html: true }).parse(text, {})
  for (const [at, token] of tokens.entries()) {
    // A cell of a table has no line of its own; its row has.
    if (token.map !== null) line = token.map[0] + 1
    if (token.type === "heading_open") anchors.push(slugger.slug(textOf(tokens[at + 1])))
    for (const child of token.children ?? []) {
      const target = child.attrGet("href") ?? child.attrGet("src")
      if (target !== null) links.push({ line, target })
    }
  }
  return { links, anchors }
}

const pages = new Map(files.filter((file) => file.endsWith(".md")).map((file) => [file, parse(read(file))]))
const isPacked = (page) => !page.includes("/") && ["README.md", ...packageJson.files].includes(page)

const problemWithPath = (path, fragment) => {
  if (!isThere(path)) return `nothing is at ${path}`
  const anchors = pages.get(path)?.anchors
  return fragment === "" || anchors === undefined || anchors.includes(fragment)
    ? undefined
    : `${path} has no heading #${fragment}`
}

const problemWith = (page, target) => {
  const [path, fragment = ""] = target.split("#")
  const inRepository = /^\/(?:blob|tree)\/main\/(.+)$/.exec(
    path.startsWith(repository) ? path.slice(repository.length) : ""
  )
  if (inRepository !== null) return problemWithPath(inRepository[1], fragment)
  if (/^[a-z][a-z0-9+.-]*:/.test(target)) return undefined
  if (isPacked(page)) return `a page of the package needs an address: ${repository}/blob/main/${target}`
  return problemWithPath(path === "" ? page : normalize(join(dirname(page), decodeURI(path))), fragment)
}

const links = [...pages].flatMap(([page, { links }]) => links.map((link) => ({ page, ...link })))
const broken = links.flatMap(({ page, line, target }) => {
  const problem = problemWith(page, target)
  return problem === undefined ? [] : [`${page}:${line} ${target}: ${problem}`]
})

/** Hosts of examples are no addresses, nor is what a user's own machine serves. */
const ADDRESS =
  /\bhttps?:\/\/(?![\w.-]*(?:\.test|example|localhost|127\.0\.0\.1)\b)[^\s"'`<>()\]]*effect-apikey[^\s"'`<>()\]]*/g
const elsewhere = files.flatMap((file) =>
  read(file)
    .split("\n")
    .flatMap((line, at) =>
      [...line.matchAll(ADDRESS)]
        .filter(([address]) => !/^(?:\.git)?(?:[/#].*)?$/.test(address.replace(repository, "")))
        .map(([address]) => `${file}:${at + 1} ${address} is not below ${repository}`)
    )
)

const problems = [...broken, ...elsewhere]
for (const problem of problems) console.log(problem)
console.log(`${pages.size} pages, ${links.length} links, ${problems.length} problems`)
process.exitCode = problems.length === 0 && links.length > 0 ? 0 : 1
