// Leaves a format's `about` (its title, source and example, which only the documentation shows) out of the bundled programs.

const formatModule = /[\\/]src[\\/]formats[\\/].*\.ts$/

const childrenOf = (node) =>
  Object.values(node)
    .flat()
    .filter((child) => typeof child?.type === "string")

const aboutsIn = (node) =>
  node.type === "Property" && node.key.name === "about" ? [node] : childrenOf(node).flatMap(aboutsIn)

export const withoutAbout = {
  name: "without-about",
  transform: {
    filter: { id: formatModule },
    handler(code) {
      const abouts = aboutsIn(this.parse(code, { lang: "ts" }))
      if (abouts.length === 0) return null
      // `undefined` rather than nothing: no comma has to be looked for.
      return {
        code: abouts.reduceRight(
          (text, { start, end }) => `${text.slice(0, start)}about: undefined${text.slice(end)}`,
          code
        ),
        map: null
      }
    }
  }
}
