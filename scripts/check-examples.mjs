// Compiles every ```ts block in a docstring or a Markdown page, as a user would: against the names the package exports.
// A block whose fence says ```ts no-check is a sketch and left alone.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { publicModules } from "./publicModules.mjs"
import { repositoryFiles, root } from "./support.mjs"

const FENCE =
  /^(?<indent>[ \t]*(?:\*[ \t])?[ \t]*)```(?:ts|typescript)(?<flags>[^\n`]*)\n(?<body>[\s\S]*?)^\s*(?:\*\s*)?```\s*$/gm
const MARGIN = /^[ \t]*\*[ \t]?/gm

const isDocumented = (file) => file.endsWith(".md") || /^src\/.*\.ts$/.test(file)

/** Blocks keep their line numbers, so that a diagnostic points into the file it came from. */
const blocksOf = (file) => {
  const text = readFileSync(join(root, file), "utf8")
  return [...text.matchAll(FENCE)]
    .filter(({ groups }) => !groups.flags.includes("no-check"))
    .filter(({ groups }) => file.endsWith(".md") || groups.indent.includes("*"))
    .map(({ index, groups }) => {
      const line = text.slice(0, index).split("\n").length
      const body = file.endsWith(".md") ? groups.body : groups.body.replace(MARGIN, "")
      return { name: join(root, `${file}.L${line}.ts`), file, text: "\n".repeat(line) + body }
    })
}

const blocks = new Map(
  (await repositoryFiles())
    .filter(isDocumented)
    .flatMap(blocksOf)
    .map((block) => [block.name, block])
)

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson(
  {
    ...config.compilerOptions,
    ...{ noEmit: true, noUnusedLocals: false, noUnusedParameters: false, plugins: [] },
    paths: Object.fromEntries(publicModules.map(({ specifier, source }) => [specifier, [`./${source}`]]))
  },
  root
)

const host = ts.createCompilerHost(options)
const { fileExists, readFile, getSourceFile } = host
host.fileExists = (name) => blocks.has(name) || fileExists(name)
host.readFile = (name) => blocks.get(name)?.text ?? readFile(name)
host.getSourceFile = (name, target, ...rest) =>
  blocks.has(name) ? ts.createSourceFile(name, blocks.get(name).text, target) : getSourceFile(name, target, ...rest)

const program = ts.createProgram([...blocks.keys()], options, host)
const problems = [...blocks.keys()].flatMap((name) => {
  const source = program.getSourceFile(name)
  return [...program.getSyntacticDiagnostics(source), ...program.getSemanticDiagnostics(source)].map((diagnostic) => {
    const { line, character } = source.getLineAndCharacterOfPosition(diagnostic.start ?? 0)
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, "\n")
    return `${blocks.get(name).file}:${line + 1}:${character + 1} TS${diagnostic.code}: ${text}`
  })
})

for (const problem of problems) console.log(problem)
console.log(`${blocks.size} blocks, ${problems.length} problems`)
process.exitCode = problems.length === 0 && blocks.size > 0 ? 0 : 1
