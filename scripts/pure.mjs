// Lets the bundler leave out what Effect does not use of itself: a constant or a class whose value comes from a call stays
// in a bundle, used or not, unless the call is marked as pure. Effect says that it has no side effects (`sideEffects` in its
// package.json) and marks most of its calls, but not all; and rolldown overlooks the mark behind `extends` without brackets.

const effectModule = /[\\/]node_modules[\\/](?:effect|@effect[\\/][^\\/]+)[\\/].*\.js$/

/** What runs later, not when the module is loaded. */
const runsLater = (node) => /Function/.test(node.type) || (node.type === "PropertyDefinition" && !node.static)

const childrenOf = (node) =>
  Object.values(node)
    .flat()
    .filter((child) => typeof child?.type === "string")

const callsIn = (node) => {
  if (runsLater(node)) return []
  const inside = childrenOf(node).flatMap(callsIn)
  return node.type === "CallExpression" || node.type === "NewExpression" ? [node, ...inside] : inside
}

/** Only declarations: a statement that is a call is there for what it does. */
const declarationsIn = ({ body }) =>
  body
    .map((statement) => (statement.type === "ExportNamedDeclaration" ? statement.declaration : statement))
    .filter((node) => node?.type === "VariableDeclaration" || node?.type === "ClassDeclaration")

const marked = (code, calls) => {
  // Where two meet, a call that ends closes before the next begins, and an outer one opens before an inner one.
  const edits = calls
    .flatMap(({ start, end }) => [
      { at: start, text: "(/* @__PURE__ */ ", order: 1 },
      { at: end, text: ")", order: 0 }
    ])
    .sort((a, b) => a.at - b.at || a.order - b.order)
  let at = 0
  let result = ""
  for (const edit of edits) {
    result += code.slice(at, edit.at) + edit.text
    at = edit.at
  }
  return result + code.slice(at)
}

export const pureEffect = {
  name: "pure-effect",
  transform: {
    filter: { id: effectModule },
    handler(code) {
      const calls = declarationsIn(this.parse(code)).flatMap(callsIn)
      return calls.length === 0 ? null : { code: marked(code, calls), map: null }
    }
  }
}
