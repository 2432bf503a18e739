// Writes `exports` of package.json and `paths` of tsconfig.json from scripts/publicModules.mjs. With --check it writes nothing, and
// fails if one of them is another.
import { writeFileSync } from "node:fs"
import { join } from "node:path"
import { exports, paths } from "./publicModules.mjs"
import { readJson, root, runBin } from "./support.mjs"

const tsconfig = readJson(join(root, "tsconfig.json"))
const wanted = {
  "package.json": { ...readJson(join(root, "package.json")), exports },
  "tsconfig.json": { ...tsconfig, compilerOptions: { ...tsconfig.compilerOptions, paths } }
}

// The order of conditions and of patterns has a meaning, so it counts.
const stale = Object.entries(wanted).filter(
  ([file, value]) => JSON.stringify(value) !== JSON.stringify(readJson(join(root, file)))
)

if (process.argv.includes("--check")) {
  for (const [file] of stale)
    console.log(`${file} is not what scripts/publicModules.mjs says: run node scripts/exports.mjs`)
  process.exitCode = stale.length === 0 ? 0 : 1
} else {
  for (const [file, value] of stale) {
    writeFileSync(join(root, file), `${JSON.stringify(value, null, 2)}\n`)
    const { ok, output } = await runBin("@biomejs/biome", "biome", ["format", "--write", file])
    if (!ok) throw new Error(output)
  }
}
