// No function of src has more than 80 lines, no file more than 400, comments and blank lines counted. What is over it for a good
// reason is in the list below, with that reason.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import ts from "typescript"
import { repositoryFiles, root } from "./support.mjs"

const FUNCTION_LINES = 80
const FILE_LINES = 400

/** From a file, or a file and the name of a function in it, to the reason why it is longer. An entry that is not needed fails. */
const exceptions = {
  "src/ApiKeyError.ts": "the list of all errors: one small class after another of the same shape, with their messages"
}

const linesOf = (source, node) => {
  const lineAt = (position) => source.getLineAndCharacterOfPosition(position).line
  return lineAt(node.getEnd()) - lineAt(node.getStart(source)) + 1
}

/** A function's own name, or that of what it is assigned to. */
const nameOf = (node, source) => {
  if (node.name !== undefined) return node.name.getText(source)
  for (let each = node.parent; each !== undefined; each = each.parent) {
    if (ts.isVariableDeclaration(each) || ts.isPropertyAssignment(each)) return each.name.getText(source)
  }
  return "default"
}

/** The outermost ones: what is in a function counts to it. */
const longFunctions = (source, node = source) => {
  if (ts.isFunctionLike(node) && node.body !== undefined) {
    const lines = linesOf(source, node)
    return lines > FUNCTION_LINES ? [{ name: nameOf(node, source), lines }] : []
  }
  const found = []
  ts.forEachChild(node, (child) => {
    found.push(...longFunctions(source, child))
  })
  return found
}

const tooLong = (await repositoryFiles("src/**/*.ts")).flatMap((file) => {
  const text = readFileSync(join(root, file), "utf8")
  const source = ts.createSourceFile(file, text, ts.ScriptTarget.Latest, true)
  const lines = text.split("\n").length - 1
  return [
    ...(lines > FILE_LINES ? [{ what: file, lines, most: FILE_LINES }] : []),
    ...longFunctions(source).map(({ name, lines }) => ({ what: `${file} ${name}`, lines, most: FUNCTION_LINES }))
  ]
})

const problems = [
  ...tooLong
    .filter(({ what }) => exceptions[what] === undefined)
    .map(({ what, lines, most }) => `${what}: ${lines} lines; at most ${most}`),
  ...Object.keys(exceptions)
    .filter((what) => !tooLong.some((each) => each.what === what))
    .map((what) => `${what}: is not too long; take it out of the exceptions in scripts/check-size.mjs`)
]
for (const problem of problems) console.log(problem)
console.log(`${tooLong.length} over the limits, ${problems.length} problems`)
process.exitCode = problems.length === 0 ? 0 : 1
