import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { slowestFiles } from "./test/support/slowestFiles.js"

const source = (path: string) => fileURLToPath(new URL(`./src/${path}`, import.meta.url))

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
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    // Every core: by itself vitest leaves one for watching.
    maxWorkers: "100%",
    minWorkers: 1
  }
})
