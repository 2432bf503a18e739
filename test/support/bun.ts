/** Bun as a runtime for tests: opencode's binary is one, and with BUN_BE_BUN it is nothing else. */
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { it } from "vitest"

const file = fileURLToPath(
  new URL(`../../node_modules/opencode-${process.platform}-${process.arch}/bin/opencode`, import.meta.url)
)

/** The environment that makes a Bun of it. */
export const asBun = { BUN_BE_BUN: "1" } as const

/** The argv that runs a program of ours under Bun. */
export const bun = (script: string, ...args: ReadonlyArray<string>): ReadonlyArray<string> => [file, script, ...args]

/** `it` where Bun is there. */
export const itUnderBun: typeof it | typeof it.skip = (() => {
  if (existsSync(file)) return it
  if (process.env["REQUIRE_TOOLS"] === "1")
    throw new Error("REQUIRE_TOOLS=1, but opencode-ai's binary is not installed")
  console.warn(`skipped: opencode-ai has no binary for ${process.platform} ${process.arch} in node_modules`)
  return it.skip
})()
