// Compiles the TypeScript programs that tests start as processes into the folder that is named.
import { build } from "tsdown"
import { root } from "./support.mjs"

const [folder] = process.argv.slice(2)

await build({
  config: false,
  cwd: root,
  entry: {
    onePlainRun: "test/integration/helpers/onePlainRun.ts",
    inAWorker: "test/integration/helpers/inAWorker.ts",
    manyRuns: "test/integration/helpers/manyRuns.ts",
    "agent/main": "examples/agent/main.ts",
    "demo/main": "examples/demo/main.ts"
  },
  outDir: folder,
  format: "esm",
  platform: "node",
  target: "node20",
  deps: { alwaysBundle: [/.*/], onlyBundle: false },
  inputOptions: { resolve: { mainFields: ["module", "main"] } },
  outputOptions: { entryFileNames: "[name].mjs" },
  dts: false,
  report: false,
  logLevel: "error"
})
