// No page has a long sentence or a long table cell. What is generated, and code, is exempt.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { lengthProblems } from "./prose.mjs"
import { repositoryFiles, root } from "./support.mjs"

const PAGE = /^(?:docs\/.*|README|CONTRIBUTING|CHANGELOG)\.md$/
/** Its sentences are those of the code that it is made from. */
const GENERATED = /^docs\/(?:reference\/|formats\.md$)/

const pages = (await repositoryFiles()).filter((file) => PAGE.test(file) && !GENERATED.test(file))
const problems = pages.flatMap((file) =>
  lengthProblems(readFileSync(join(root, file), "utf8")).map(({ line, problem }) => `${file}:${line} ${problem}`)
)

for (const problem of problems) console.log(problem)
console.log(`${pages.length} pages, ${problems.length} problems`)
process.exitCode = problems.length === 0 && pages.length > 0 ? 0 : 1
