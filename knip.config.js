import { publicModules } from "./scripts/publicModules.mjs"

// What a user, npm or a test runner starts from: exports of these are public, everything else must be used by somebody.
export default {
  entry: [
    ...publicModules.map(({ source }) => source),
    "src/bin.ts",
    "test/**/*.test.ts",
    // Programs that tests compile by name (test/support/artifacts.ts).
    "test/integration/helpers/{inAWorker,manyRuns,onePlainRun}.ts",
    "bench/*.ts",
    "examples/**/main.ts",
    "scripts/*.mjs"
  ],
  project: ["src/**/*.ts", "test/**/*.ts", "bench/**/*.ts", "examples/**/*.ts", "docs/data/*.ts", "scripts/**/*.mjs"],
  // Tools of a Unix machine, not of npm.
  ignoreBinaries: ["dbus-daemon", "prlimit", "mkfifo", "mount", "script", "umount"],
  ignoreExportsUsedInFile: { interface: true, type: true },
  // Programs that scripts/check.mjs starts by their file, which knip cannot see.
  ignoreDependencies: [
    "@arethetypeswrong/cli",
    "@biomejs/biome",
    // Its binary is run by the tests of its configuration.
    "opencode-ai",
    // scripts/site.mjs names it to typedoc.
    "typedoc-plugin-markdown"
  ]
}
