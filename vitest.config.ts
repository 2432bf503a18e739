import { defineConfig } from "vitest/config"

const fast = process.env["CI"] === undefined ? {} : { maxWorkers: 2, minWorkers: 1 }

export default defineConfig({
  test: {
    include: ["test/**/*.test.ts"],
    testTimeout: 30_000,
    hookTimeout: 60_000,
    ...fast
  }
})
