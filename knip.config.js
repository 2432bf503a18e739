import { isFile, publicModules } from "./scripts/support.mjs"

// What a user, npm or a test runner starts from: exports of these are public, everything else must be used by somebody.
export default {
  entry: [
    ...publicModules.map(({ source }) => source),
    "src/bin.ts",
    "src/opencode/Plugin.ts",
    "test/**/*.test.ts",
    "bench/*.ts",
    "examples/**/main.ts",
    "scripts/*.mjs"
  ].filter((entry) => entry.includes("*") || isFile(entry)),
  project: ["src/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts", "scripts/**/*.mjs"],
  // Tools of a Unix machine, not of npm.
  ignoreBinaries: ["prlimit", "mkfifo", "script"],
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs that scripts/check.mjs starts by their file, which knip cannot see.
  ignoreDependencies: [
    "@arethetypeswrong/cli",
    "@biomejs/biome",
    "@effect/docgen",
    // What the next SDKs' tests and the benchmarks will use.
    "@ai-sdk/anthropic",
    "@ai-sdk/openai",
    "@ai-sdk/openai-compatible",
    "@anthropic-ai/sdk",
    "@effect/ai-anthropic",
    "@effect/opentelemetry",
    "ai",
    "jsonc-parser",
    "tinybench"
  ]
}
