/** Tools that a test needs and a machine may lack: then it is skipped and says why; with REQUIRE_TOOLS=1 it fails. */
import { spawnSync } from "node:child_process"
import { it } from "vitest"

const has = (tool: string): boolean => spawnSync("sh", ["-c", `command -v ${tool}`]).status === 0

/** `it` where the tools are there. */
export const itWith = (...tools: ReadonlyArray<string>): typeof it | typeof it.skip => {
  const missing = tools.filter((tool) => !has(tool))
  if (missing.length === 0) return it
  if (process.env["REQUIRE_TOOLS"] === "1") throw new Error(`these tools are required: ${missing.join(", ")}`)
  console.warn(`skipped: no ${missing.join(", ")} on this machine`)
  return it.skip
}
