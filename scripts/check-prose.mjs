// The pages read well and their links lead somewhere: no long sentence or table cell, no missing file or heading.
// `node scripts/check-prose.mjs PAGE…` looks only at these.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { lengthProblems, linkProblems } from "./prose.mjs"
import { repositoryFiles, root } from "./support.mjs"

const PAGE = /^(?:docs\/.*|README|CONTRIBUTING|CHANGELOG)\.md$/
/** Its links are checked; its sentences are those of the code it is made from. */
const GENERATED = /^docs\/(?:reference\/|formats\.md$)/
/** README is also shown on npm, where a relative link leads nowhere. */
const repositoryUrl = "https://github.com/effect-apikey/effect-apikey/blob/main/"

const files = await repositoryFiles()
const read = (file) => readFileSync(join(root, file), "utf8")
const isThere = (path) => files.some((file) => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`))

const wanted = process.argv.slice(2)
const pages = files.filter((file) => PAGE.test(file) && (wanted.length === 0 || wanted.includes(file)))
const problems = pages.flatMap((file) => {
  const text = read(file)
  return [
    ...(GENERATED.test(file) ? [] : lengthProblems(text)),
    ...linkProblems(file, text, { isThere, read, repositoryUrl })
  ].map(({ line, problem }) => `${file}:${line} ${problem}`)
})

for (const problem of problems) console.log(problem)
console.log(`${pages.length} pages, ${problems.length} problems`)
process.exitCode = problems.length === 0 && pages.length > 0 ? 0 : 1
