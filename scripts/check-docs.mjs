// Every public export says since when it exists and under which heading it stands. Pages by docgen, in .tmp/docgen/docs.
import {
  copyFileSync,
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync
} from "node:fs"
import { join } from "node:path"
import { bin, packageJson, root, run } from "./support.mjs"

const folder = join(root, ".tmp", "docgen")
const modules = join(folder, "docs", "modules")

/** docgen wants a package.json with a homepage in the folder that it works in; this one is made for it. */
const prepare = () => {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  writeFileSync(join(folder, "package.json"), JSON.stringify({ name: packageJson.name, homepage: "about:blank" }))
  copyFileSync(join(root, "docgen.json"), join(folder, "docgen.json"))
  symlinkSync(join(root, "src"), join(folder, "src"), "junction")
}

const CODE = /^```[\s\S]*?^```/gm
const SECTION = /^(?=#{1,2} )/m

/**
 * docgen itself would demand `@since` of every member of a class too, and files an export without `@category` under
 * "utils" and says nothing: so its pages are read, `# category` over `## name`.
 */
const problemsOf = (file) => {
  const module = `src/${file.replace(/\.md$/, "")}`
  const problems = []
  let category = ""
  for (const section of readFileSync(join(modules, file), "utf8").replace(CODE, "").split(SECTION).slice(1)) {
    const [, marks, title] = /^(#+) (.*)/.exec(section)
    if (marks === "#") category = title
    else {
      if (!/^Added in v/m.test(section)) problems.push(`${module}: ${title} has no @since`)
      if (category === "utils") problems.push(`${module}: ${title} has no @category`)
    }
  }
  return problems
}

const pages = () =>
  existsSync(modules) ? readdirSync(modules, { recursive: true }).filter((file) => file.endsWith(".ts.md")) : []

prepare()
// Examples are compiled by check-examples.mjs, against the names that users import; docgen would also run them.
const docgen = await run(process.execPath, [bin("@effect/docgen", "docgen")], {
  cwd: folder,
  env: { DOCGEN_RUN_EXAMPLES: "false" }
})
const problems = docgen.ok ? pages().flatMap(problemsOf) : [docgen.output]
for (const problem of problems) console.log(problem)
process.exitCode = problems.length === 0 ? 0 : 1
