// `npm run check`: everything that can be said of the code without running it. All steps run, also when one fails.
// `npm run check -- types lint` runs only these.
import { availableParallelism } from "node:os"
import { join } from "node:path"
import { root, run, runBin } from "./support.mjs"

const script = (name) => () => run(process.execPath, [join(root, "scripts", name)])

const steps = [
  ["types", "tsc", () => runBin("typescript", "tsc", ["--noEmit", "--pretty", "false"])],
  [
    "effect",
    "Effect language service",
    () =>
      runBin("@effect/language-service", "effect-language-service", [
        ...["diagnostics", "--project", "tsconfig.json"],
        ...["--strict", "--severity", "error,warning", "--format", "text"]
      ])
  ],
  [
    "lint",
    "Biome: format, imports, lint",
    () => runBin("@biomejs/biome", "biome", ["ci", "--colors=off", "--max-diagnostics=200", "."])
  ],
  [
    "layers",
    "dependency-cruiser: rooms import only leftwards, no circles",
    () => runBin("dependency-cruiser", "depcruise", ["src", "--config", ".dependency-cruiser.mjs"])
  ],
  [
    "unused",
    "knip: files, exports, dependencies",
    () => runBin("knip", "knip", ["--no-progress", "--treat-config-hints-as-errors"])
  ],
  ["paths", "each path that is written down leads to a file", script("check-paths.mjs")],
  ["size", "functions of at most 80 lines, files of at most 400", script("check-size.mjs")],
  ["docs", "public exports have @since and @category", script("check-docs.mjs")],
  ["examples", "code in docstrings and Markdown compiles", script("check-examples.mjs")],
  [
    "reference",
    "docs/reference is what the code says",
    () => run(process.execPath, [join(root, "scripts", "reference-doc.mjs"), "--check"])
  ],
  [
    "map",
    "CONTRIBUTING.md shows the rooms",
    () => run(process.execPath, [join(root, "scripts", "contributing-doc.mjs"), "--check"])
  ],
  ["prose", "no sentence over 35 words, no table cell over 20", script("check-prose.mjs")],
  ["words", "no word or phrase of scripts/words.json", script("check-words.mjs")],
  ["hygiene", "no machine's paths, no registries", script("check-hygiene.mjs")],
  [
    "exports",
    "package.json and tsconfig.json name the public modules",
    () => run(process.execPath, [join(root, "scripts", "exports.mjs"), "--check"])
  ],
  ["links", "links of pages lead somewhere, all to one repository", script("check-links.mjs")],
  ["package", "contents, publint, are the types wrong", script("check-package.mjs")]
]

const wanted = process.argv.slice(2)
const unknown = wanted.filter((name) => !steps.some(([step]) => step === name))
if (unknown.length > 0) {
  console.error(`check: no step ${unknown.join(", ")}; there are ${steps.map(([name]) => name).join(", ")}`)
  process.exit(64)
}

const queue = steps.filter(([name]) => wanted.length === 0 || wanted.includes(name))
const failed = []
const worker = async () => {
  for (let step = queue.shift(); step !== undefined; step = queue.shift()) {
    const [name, what, check] = step
    const start = performance.now()
    const { ok, output } = await check().catch((error) => ({ ok: false, output: error.message }))
    const seconds = ((performance.now() - start) / 1000).toFixed(1)
    console.log(`${ok ? "ok  " : "FAIL"} ${name.padEnd(9)} ${seconds.padStart(5)} s  ${what}`)
    if (ok) continue
    failed.push(name)
    console.log(`${output.trim() || "(it printed nothing)"}\n`)
  }
}
await Promise.all(Array.from({ length: Math.min(2, availableParallelism()) }, worker))

if (failed.length > 0) {
  console.log(`check: ${failed.join(", ")} failed`)
  process.exitCode = 1
}
