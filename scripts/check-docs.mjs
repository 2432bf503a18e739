// Every public export has a docstring with `@since` and `@category`, also where a public module re-exports it from a room.
import { join, relative } from "node:path"
import ts from "typescript"
import { publicModules } from "./publicModules.mjs"
import { root } from "./support.mjs"

const { config } = ts.readConfigFile(join(root, "tsconfig.json"), ts.sys.readFile)
const { options } = ts.convertCompilerOptionsFromJson({ ...config.compilerOptions, plugins: [] }, root)
const program = ts.createProgram(
  publicModules.map(({ source }) => join(root, source)),
  options
)
const checker = program.getTypeChecker()

const tagsOf = (declaration) => {
  const isInner = ts.isVariableDeclaration(declaration) || ts.isNamespaceExport(declaration)
  const named = ts.isVariableDeclaration(declaration)
    ? declaration.parent.parent
    : isInner
      ? declaration.parent
      : declaration
  return ts.getJSDocTags(named).map(({ tagName }) => tagName.text)
}

/** The declaration behind a re-export; the re-export itself where it names a whole module. */
const declarationsOf = (symbol) => {
  const behind = symbol.flags & ts.SymbolFlags.Alias ? checker.getAliasedSymbol(symbol) : symbol
  const declarations = behind.declarations ?? []
  return declarations.every(ts.isSourceFile) ? symbol.declarations : declarations
}

const problemsOf = ({ source }) => {
  const module = checker.getSymbolAtLocation(program.getSourceFile(join(root, source)))
  if (module === undefined) return [`${source}: exports nothing`]
  return checker.getExportsOfModule(module).flatMap((symbol) => {
    const declarations = declarationsOf(symbol).filter(
      (each) => !each.getSourceFile().fileName.includes("node_modules")
    )
    const tags = declarations.flatMap(tagsOf)
    const needed = declarations.some(ts.isNamespaceExport) ? ["since"] : ["since", "category"]
    if (declarations.length === 0) return []
    const file = relative(root, declarations[0].getSourceFile().fileName)
    return [
      ...needed.filter((tag) => !tags.includes(tag)).map((tag) => `${file}: ${symbol.name} has no @${tag}`),
      ...(tags.includes("internal") ? [`${source}: exports ${symbol.name}, which is @internal`] : [])
    ]
  })
}

const problems = [...new Set(publicModules.flatMap(problemsOf))]
for (const problem of problems) console.log(problem)
console.log(`${publicModules.length} modules, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
