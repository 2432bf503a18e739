// Each path that a configuration file, a script or a page names leads to a file. A tool passes over a pattern that matches nothing
// and says nothing of it: after a move it would check less. (knip's patterns are checked by knip itself, in the step `unused`.)
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { publicModules } from "./publicModules.mjs"
import { rooms, seam } from "./rooms.mjs"
import { packageJson, readJson, repositoryFiles, root } from "./support.mjs"

const files = await repositoryFiles()
const sources = files.filter((file) => file.startsWith("src/"))

const configOf = (file) => {
  const { config, error } = ts.readConfigFile(join(root, file), ts.sys.readFile)
  if (error !== undefined) throw new Error(`${file}: ${ts.flattenDiagnosticMessageText(error.messageText, "\n")}`)
  return config
}

const typescriptPatterns = (file) => {
  const { compilerOptions, include = [], exclude = [] } = configOf(file)
  return [...include, ...exclude, ...Object.values(compilerOptions.paths ?? {}).flat()]
}

const biome = readJson(join(root, "biome.json"))
const { outDir } = configOf("tsconfig.build.json").compilerOptions

/** What each file names as a glob or a folder. An exclusion must match too: it protects something, or it is stale. */
const patterns = [
  ...["tsconfig.json", "tsconfig.build.json"].flatMap((file) =>
    typescriptPatterns(file).map((pattern) => [file, pattern])
  ),
  ...[biome, ...biome.overrides]
    .flatMap(({ files, includes = files?.includes ?? [] }) => includes)
    .map((pattern) => ["biome.json", pattern.replace(/^!/, "")]),
  ...packageJson.files
    .filter((pattern) => pattern !== outDir && !pattern.startsWith("!"))
    .map((pattern) => ["package.json", pattern]),
  ...publicModules.map(({ source }) => ["scripts/publicModules.mjs", source]),
  ...Object.values(packageJson.bin).map((file) => ["package.json", file.replace(/^dist\/(.*)\.js$/, "src/$1.ts")]),
  ...[...rooms, seam].flatMap((room) => room.files).map((path) => ["scripts/rooms.mjs", `src/${path}`])
]

const NAMES_PATHS = /^(scripts\/.*|\.ci\/.*|[^/]*\.(js|mjs|json|ts)|.*\.md)$/
const topFolders = [...new Set(files.filter((file) => file.includes("/")).map((file) => file.split("/")[0]))]
const PATH = new RegExp(
  `(?<![\\w./~*@$}:-])(?:\\./)?((?:${topFolders.join("|").replaceAll(".", "\\.")})/[\\w./*-]*[\\w*])`,
  "g"
)

/** Each path that begins with a directory of the repository, anywhere in a page, a script or a configuration file. */
const mentioned = files
  .filter((file) => NAMES_PATHS.test(file) && file !== "package-lock.json")
  .flatMap((file) => [...readFileSync(join(root, file), "utf8").matchAll(PATH)].map(([, path]) => [file, path]))

const isThere = (path) => files.some((file) => file === path || file.startsWith(path.endsWith("/") ? path : `${path}/`))

/** A module may be named without its extension, or by the one it has once it is compiled. */
const isFound = async (pattern) => {
  const path = pattern.replace(/^\.\//, "")
  return path.includes("*")
    ? (await repositoryFiles(path)).length > 0
    : [path, `${path}.ts`, path.replace(/\.js$/, ".ts")].some(isThere)
}

const distinct = [...new Map([...patterns, ...mentioned].map((each) => [each.join("\0"), each])).values()]
const missing = (
  await Promise.all(
    distinct.map(async ([file, pattern]) => ((await isFound(pattern)) ? [] : [`${file}: nothing is at ${pattern}`]))
  )
).flat()

const roomsOf = (source) =>
  rooms.filter((room) =>
    room.files.some((path) => (path.endsWith("/") ? source.startsWith(`src/${path}`) : source === `src/${path}`))
  )
const homeless = sources
  .filter((source) => roomsOf(source).length !== 1)
  .map((source) => `${source} is in ${roomsOf(source).length} rooms of scripts/rooms.mjs; it belongs to exactly one`)

const problems = [...missing, ...homeless]
for (const problem of problems) console.log(problem)
console.log(`${distinct.length} paths, ${sources.length} files of src, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
