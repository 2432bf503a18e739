// Builds dist/: tsc for the modules that users import, then self-contained files for each program that is run.
import { spawnSync } from "node:child_process"
import { existsSync, mkdirSync, readdirSync, readFileSync, renameSync, rmSync, writeFileSync } from "node:fs"
import { dirname, join, relative, sep } from "node:path"
import { bundle, programs } from "./bundle.mjs"
import { bin, root } from "./support.mjs"

const dist = join(root, "dist")

const LICENSE_FILE = "THIRD-PARTY-LICENSES.txt"

const files = (folder) =>
  existsSync(folder)
    ? readdirSync(folder, { recursive: true, withFileTypes: true })
        .filter((entry) => entry.isFile())
        .map((entry) => relative(folder, join(entry.parentPath ?? entry.path, entry.name)))
    : []

/** tsc removes nothing: a module that was renamed would stay in the package. */
const removeStale = (bundled) => {
  const kept = new Set([LICENSE_FILE, ".tsbuildinfo", ...bundled])
  for (const file of files(dist)) {
    const source = join(root, "src", file.replace(/\.(js|d\.ts)(\.map)?$/, ".ts"))
    if (!kept.has(file) && !existsSync(source)) rmSync(join(dist, file))
  }
}

const compile = () => {
  const { status } = spawnSync(process.execPath, [bin("typescript", "tsc"), "-p", "tsconfig.build.json"], {
    cwd: root,
    stdio: "inherit"
  })
  if (status !== 0) process.exit(status ?? 1)
}

/** Written beside its place and moved there, so that a program that is being started never meets half a file. */
const replaceFile = (path, text, mode) => {
  mkdirSync(dirname(path), { recursive: true })
  writeFileSync(`${path}.${process.pid}`, text, { mode })
  renameSync(`${path}.${process.pid}`, path)
}

const bundleInto = async (program) => {
  const { files, moduleIds } = await bundle(program)
  // The program's own file last: it imports the others.
  for (const { name, code, executable } of files.toReversed()) {
    replaceFile(join(dist, name), code, executable ? 0o755 : 0o644)
    console.log(`build: dist/${name}, ${Math.round(Buffer.byteLength(code) / 1024)} KiB`)
  }
  return { names: files.map(({ name }) => name), moduleIds }
}

/** The packages that stand inside the bundles, from the paths of their modules. */
const packageFolders = (moduleIds) => {
  const marker = `${sep}node_modules${sep}`
  const folders = moduleIds.flatMap((id) => {
    const at = id.lastIndexOf(marker)
    if (at < 0) return []
    const parts = id.slice(at + marker.length).split(sep)
    return [id.slice(0, at + marker.length) + parts.slice(0, parts[0].startsWith("@") ? 2 : 1).join(sep)]
  })
  return [...new Set(folders)].sort()
}

/** Inlined packages ask that their license goes with every copy. */
const writeLicenses = (moduleIds) => {
  const notices = packageFolders(moduleIds).map((folder) => {
    const { name, version, license } = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
    const file = readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry))
    const text = file === undefined ? "" : `\n\n${readFileSync(join(folder, file), "utf8").trim()}`
    return `${name} ${version} (${license})${text}\n`
  })
  if (notices.length > 0) replaceFile(join(dist, LICENSE_FILE), notices.join(`\n${"-".repeat(80)}\n\n`), 0o644)
}

compile()
const bundles = []
for (const program of Object.values(programs)) bundles.push(await bundleInto(program))
removeStale(bundles.flatMap(({ names }) => names))
writeLicenses(bundles.flatMap(({ moduleIds }) => moduleIds))
