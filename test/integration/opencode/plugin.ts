/** The plugin as it is shipped, and one around it that notes what it does in opencode. */
import { existsSync, readFileSync } from "node:fs"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import { beforeAll } from "vitest"
import { packed } from "../../support/artifacts.js"
import type { Place } from "./harness.js"

export const userConfig = "home/.config/opencode/opencode.json"

/** Filled in when the tests begin. */
export const builtPlugin = (limit: number): { readonly url: string } => {
  const plugin = { url: "" }
  beforeAll(async () => {
    plugin.url = pathToFileURL((await packed()).plugin).href
  }, limit)
  return plugin
}

/**
 * Another plugin, around ours: for each request to a provider it notes what comes first in opencode itself, our answer or the end
 * of so many seconds.
 */
export const noting = (
  at: Pick<Place, "root" | "write">,
  latestSeconds: Readonly<Record<string, number>>
): { readonly url: string; readonly of: (id: string) => ReadonlyArray<string> } => {
  const notes = (id: string): string => join(at.root, `notes-${id}`)
  const file = at.write(
    "noting.js",
    `import { appendFileSync } from "node:fs"
    export default { id: "noting", server: async () => ({ config: async (config) => {
      for (const [id, seconds] of Object.entries(${JSON.stringify(latestSeconds)})) {
        const note = (what) => appendFileSync("${notes("")}" + id, what + "\\n")
        const { options } = config.provider[id]
        const { fetch } = options
        options.fetch = async (url, init) => {
          note("asked")
          const timer = setTimeout(note, seconds * 1000, "late")
          try {
            return await fetch(url, init)
          } finally {
            clearTimeout(timer)
            note("answered")
          }
        }
      }
    } }) }`
  )
  return {
    url: pathToFileURL(file).href,
    of: (id) => (existsSync(notes(id)) ? readFileSync(notes(id), "utf8").trim().split("\n") : [])
  }
}
