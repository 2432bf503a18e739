// Writes the pages of docs/reference from what the code knows: schemas, errors, formats, the catalog, the command line, metrics.
// Without an argument it writes them; with --check it fails if a page is not what it would write. Both fail if docs/data lacks an entry.
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { register } from "tsx/esm/api"
import { isFile, root } from "./support.mjs"

register()

/** Each module makes its page and says what docs/data lacks. */
const pages = {
  "configuration.md": await import("./reference/configuration.mjs"),
  "errors.md": await import("./reference/errors.mjs"),
  "formats.md": await import("./reference/formats.mjs"),
  "known-helpers.md": await import("./reference/knownHelpers.mjs"),
  "command-line.md": await import("./reference/commandLine.mjs"),
  "environment-variables.md": await import("./reference/environmentVariables.mjs"),
  "metrics-and-spans.md": await import("./reference/metricsAndSpans.mjs")
}

const folder = join(root, "docs", "reference")
const isCheck = process.argv.includes("--check")
const problems = []
if (!isCheck) mkdirSync(folder, { recursive: true })
for (const [file, { make, problems: missing }] of Object.entries(pages)) {
  problems.push(...(await missing()))
  const text = await make()
  const path = join(folder, file)
  if (!isCheck) writeFileSync(path, text)
  else if (!isFile(path) || readFileSync(path, "utf8") !== text) {
    problems.push(`docs/reference/${file} is not what the code says: run node scripts/reference-doc.mjs`)
  }
}
for (const file of readdirSync(folder)) {
  if (!Object.hasOwn(pages, file)) problems.push(`docs/reference/${file} is written by no script`)
}

for (const problem of problems) console.error(problem)
process.exitCode = problems.length === 0 ? 0 : 1
