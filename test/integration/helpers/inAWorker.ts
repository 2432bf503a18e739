/** onePlainRun.ts in a thread of its own, where no signal is heard. */
import { Worker } from "node:worker_threads"

const file = JSON.stringify(new URL("./onePlainRun.ts", import.meta.url).href)
const tsx = JSON.stringify(import.meta.resolve("tsx/esm/api"))
// tsx does not come along into another thread by itself; Bun needs none.
const code =
  process.versions["bun"] === undefined
    ? `import(${tsx}).then(({ register }) => (register(), import(${file})))`
    : `import(${file})`

new Worker(code, { eval: true, argv: process.argv.slice(2) })
