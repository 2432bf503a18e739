import { readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { defineConfig } from "vitest/config"
import { slowestFiles } from "./test/support/slowestFiles.js"

/** The names that users import stand for files of ours, as `paths` says in tsconfig.json. */
const { compilerOptions }: { compilerOptions: { paths: Record<string, [string]> } } = JSON.parse(
  readFileSync(new URL("tsconfig.json", import.meta.url), "utf8")
)
const aliases = Object.entries(compilerOptions.paths).map(([name, [file]]) => ({
  find: new RegExp(`^${name.replace("*", "(?!package\\.json)(.*)")}$`),
  replacement: fileURLToPath(new URL(file, import.meta.url)).replace("*", "$1")
}))

/** Programs are started there, with environments of their own; and files that replace a module (vi.mock). */
const isolated = ["test/integration/**/*.test.ts", "test/**/*.isolated.test.ts"]

export default defineConfig({
  plugins: [slowestFiles],
  resolve: { alias: aliases },
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
