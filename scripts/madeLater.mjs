// Keeps a module, with all that it imports, in a function of the bundle that is called when the module is first imported: a
// bundler that makes one file of a dynamic import wraps each module by itself, which costs a twentieth of the file.
import { basename, join } from "node:path"
import { root } from "./support.mjs"

/** `code` is the module's own bundle, in CommonJS. */
export const madeLater = (entry, code) => {
  const id = `\0${entry}`
  return {
    name: "made-later",
    resolveId: {
      filter: { id: new RegExp(`/${basename(entry, ".ts")}\\.js$`) },
      async handler(source, importer, options) {
        if (importer === undefined) return null
        const resolved = await this.resolve(source, importer, { ...options, skipSelf: true })
        return resolved?.id === join(root, entry) ? id : null
      }
    },
    load(asked) {
      if (asked !== id) return null
      return `import { createRequire } from "node:module"
const exports = {}
const make = (require, module) => {${code}}
make(createRequire(import.meta.url), { exports })
export const { open } = exports
`
    }
  }
}
