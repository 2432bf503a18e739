/** onePlainRun.ts in a thread of its own, where no signal is heard. Both are compiled into one folder. */
import { Worker } from "node:worker_threads"

new Worker(new URL("./onePlainRun.mjs", import.meta.url), { argv: process.argv.slice(2) })
