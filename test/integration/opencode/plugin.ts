/** The plugin as it is shipped. */
import { pathToFileURL } from "node:url"
import { beforeAll } from "vitest"
import { packed } from "../../support/artifacts.js"

export const userConfig = "home/.config/opencode/opencode.json"

/** Filled in when the tests begin. */
export const builtPlugin = (limit: number): { readonly url: string } => {
  const plugin = { url: "" }
  beforeAll(async () => {
    plugin.url = pathToFileURL((await packed()).plugin).href
  }, limit)
  return plugin
}
