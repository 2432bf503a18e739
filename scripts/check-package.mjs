// Packs what `npm publish` would send and looks at it: its contents, publint, are-the-types-wrong.
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { root, run, runBin } from "./support.mjs"

const ALLOWED = /^(package\.json|README\.md|LICENSE|CHANGELOG\.md|dist\/.+|src\/.+|schema\/.+)$/
const REQUIRED = [
  "package.json",
  "README.md",
  "LICENSE",
  "CHANGELOG.md",
  "dist/bin.js",
  "dist/index.js",
  "dist/index.d.ts"
]
const FORBIDDEN = /(^|\/)(\.npmrc|\.env[^/]*|.*\.tsbuildinfo|.*\.test\.[^/]*)$/

const must = ({ ok, output }) => {
  if (ok) return output
  console.log(output)
  process.exit(1)
}

const folder = mkdtempSync(join(tmpdir(), "effect-apikey-pack-"))
process.on("exit", () => rmSync(folder, { recursive: true, force: true }))

must(await run(process.execPath, [join(root, "scripts", "build.mjs")]))
const packed = must(await run("npm", ["pack", "--ignore-scripts", "--json", "--silent", "--pack-destination", folder]))
const [{ filename, files }] = JSON.parse(packed)
const paths = files.map(({ path }) => path)

const problems = [
  ...paths
    .filter((path) => !ALLOWED.test(path) || FORBIDDEN.test(path))
    .map((path) => `${path} must not be in the package`),
  ...REQUIRED.filter((path) => !paths.includes(path)).map((path) => `${path} is missing in the package`)
]
for (const problem of problems) console.log(problem)

const tarball = join(folder, filename)
const checks = [
  ["publint", "publint", ["run", tarball, "--strict"]],
  ["@arethetypeswrong/cli", "attw", [tarball, "--profile", "esm-only", "--no-emoji", "--no-color"]]
]
for (const [packageName, program, args] of checks) must(await runBin(packageName, program, args))
process.exitCode = problems.length === 0 ? 0 : 1
