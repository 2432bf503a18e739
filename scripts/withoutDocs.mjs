// Leaves out of the bundled programs what only the documentation shows: a format's `about` (its title, source and example),
// where the catalog's knowledge of a helper comes from, its name and what formats it can print.

/** The files by their paths, and the properties that go. */
const shownInDocs = [
  [/[\\/]src[\\/]formats[\\/].*\.ts$/, ["about"]],
  [/[\\/]src[\\/]internal[\\/]catalog[\\/].*\.ts$/, ["evidence", "name", "source", "speaks"]]
]

const namesIn = (id) => shownInDocs.find(([file]) => file.test(id))?.[1] ?? []

const childrenOf = (node) =>
  Object.values(node)
    .flat()
    .filter((child) => typeof child?.type === "string")

const propertiesIn = (node, names) =>
  node.type === "Property" && names.includes(node.key.name)
    ? [node]
    : childrenOf(node).flatMap((child) => propertiesIn(child, names))

export const withoutDocs = {
  name: "without-docs",
  transform: {
    filter: { id: shownInDocs.map(([file]) => file) },
    handler(code, id) {
      const found = propertiesIn(this.parse(code, { lang: "ts" }), namesIn(id))
      if (found.length === 0) return null
      return {
        code: found.reduceRight((text, { start, end }) => {
          const [comma] = /^\s*,?/.exec(text.slice(end))
          return text.slice(0, start) + text.slice(end + comma.length)
        }, code),
        map: null
      }
    }
  }
}
