/** Runs the benchmarks beside it, or those named: `npm run bench -- cache load`. */
import { readdirSync } from "node:fs"
import { fileURLToPath } from "node:url"

const here = fileURLToPath(new URL(".", import.meta.url))
const all = readdirSync(here)
  .filter((name) => name.endsWith(".ts") && name !== "main.ts")
  .map((name) => name.slice(0, -".ts".length))
const named = process.argv.slice(2)
const unknown = named.filter((name) => !all.includes(name))

if (unknown.length > 0) {
  console.error(`No benchmark is called ${unknown.join(", ")}; there are: ${all.join(", ")}`)
  process.exitCode = 64
} else {
  for (const name of named.length > 0 ? named : all) {
    const { main } = await import(new URL(`./${name}.ts`, import.meta.url).href)
    await main()
  }
}
