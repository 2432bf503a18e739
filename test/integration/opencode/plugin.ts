/** The plugin as it is shipped, built before a file's tests and gone after them. */
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { buildPlugin } from "./harness.js"

export const userConfig = "home/.config/opencode/opencode.json"

/** Filled in when the tests begin. */
export const builtPlugin = (limit: number): { readonly url: string } => {
  const folder = mkdtempSync(join(tmpdir(), "effect-apikey-plugin-"))
  const plugin = { url: "" }
  beforeAll(async () => {
    Object.assign(plugin, await buildPlugin(folder))
  }, limit)
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return plugin
}
