/** `npm run bench`: all benchmarks, one after the other; `npm run bench -- NAME` runs these. Each is bench/NAME.ts. */
import { readdirSync } from "node:fs"
import { basename } from "node:path"

const names = readdirSync(new URL(".", import.meta.url))
  .map((file) => basename(file, ".ts"))
  .filter((name) => name !== "main")
const wanted = process.argv.slice(2)

for (const name of wanted.length > 0 ? wanted : names) {
  if (!names.includes(name)) {
    console.error(`bench: there is no ${name}; there are ${names.join(", ")}`)
    process.exit(64)
  }
  console.log(`# ${name}`)
  const { main }: { readonly main: () => Promise<void> } = await import(`./${name}.ts`)
  await main()
}
