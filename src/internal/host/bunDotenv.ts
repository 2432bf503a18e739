/** Bun reads `.env` files of the working directory into `process.env` before any program runs. A project may have written them. */

import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Option from "effect/Option"

const textOf = Option.liftThrowable((file: string) => readFileSync(file, "utf8"))

/** The names of the variables that this process was started with. None where the system does not tell. */
const startedWith = (): Option.Option<ReadonlySet<string>> =>
  Option.map(
    textOf("/proc/self/environ"),
    (text) => new Set(text.split("\0").map((entry) => entry.slice(0, entry.indexOf("="))))
  )

/** https://bun.sh/docs/runtime/env */
const dotenvFiles = (mode: string): ReadonlyArray<string> => [
  ".env",
  `.env.${mode}`,
  ".env.local",
  `.env.${mode}.local`
]

/**
 * Whether Bun may have taken a variable from a `.env` file of the working directory. Where the system does not tell what the
 * process was started with, a variable that stands in both counts as the file's. Under Node it is always false.
 */
export const isFromDotenv = (name: string, cwd: string, env: Readonly<Record<string, string | undefined>>): boolean => {
  if (process.versions["bun"] === undefined) return false
  if (Option.exists(startedWith(), (names) => names.has(name))) return false
  const line = new RegExp(`^\\s*(?:export\\s+)?${name}\\s*=`, "m")
  const modes = [env["NODE_ENV"] ?? "development", "development", "production", "test"]
  return modes.flatMap(dotenvFiles).some((file) => Option.exists(textOf(join(cwd, file)), (text) => line.test(text)))
}
