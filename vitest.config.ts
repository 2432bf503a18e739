import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { slowestFiles } from "./test/support/slowestFiles.js"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

/** Programs are started there, with environments of their own; and files that replace a module (vi.mock). */
const isolated = ["test/integration/**/*.test.ts", "test/**/*.isolated.test.ts"]

export default defineConfig({
  plugins: [slowestFiles],
  resolve: {
    alias: [
      { find: /^effect-apikey$/, replacement: source("index.ts") },
      { find: /^effect-apikey\/opencode\/(AuthJson|Config)$/, replacement: source("Opencode$1.ts") },
      { find: /^effect-apikey\/promise$/, replacement: source("Promise.ts") },
      { find: /^effect-apikey\/(?!package\.json)(.*)$/, replacement: source("$1.ts") }
    ]
  },
  test: {
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Every core: by itself vitest leaves one for watching.
    maxWorkers: "100%",
    minWorkers: 1,
    // Loading Effect takes a second of each process, so files share processes. Isolated ones have modules of ours to themselves.
    isolate: false,
    projects: [
      { extends: true, test: { name: "shared", include: ["test/**/*.test.ts"], exclude: isolated } },
      { extends: true, test: { name: "isolated", include: isolated, isolate: true } }
    ]
  }
})
