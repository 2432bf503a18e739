/** Prints the slowest test files at the end of a run, beside whatever other reporters there are. */
import { relative } from "node:path"
import type { Reporter, TestModule, Vite, Vitest } from "vitest/node"

const count = 10

/** What a file costs: starting, importing and running it. */
const millisOf = (file: TestModule): number => {
  const { collectDuration, duration, environmentSetupDuration, prepareDuration, setupDuration } = file.diagnostic()
  return collectDuration + duration + environmentSetupDuration + prepareDuration + setupDuration
}

const testsOf = (file: TestModule): number => Array.from(file.children.allTests()).length

const slowest = (files: ReadonlyArray<TestModule>, root: string): string =>
  files
    .toSorted((a, b) => millisOf(b) - millisOf(a))
    .slice(0, count)
    .map(
      (file) =>
        `${(millisOf(file) / 1000).toFixed(1).padStart(8)} s  ${relative(root, file.moduleId)} (${testsOf(file)})`
    )
    .join("\n")

const reporterOf = (vitest: Vitest): Reporter => ({
  onTestRunEnd: (files) => vitest.logger.log(`\n Slowest files (tests)\n${slowest(files, vitest.config.root)}`)
})

const reported = new WeakSet<Vitest>()

/** A plugin, because reporters that the command line names take the place of the configuration's. Each project has it. */
export const slowestFiles: Vite.Plugin = {
  name: "slowest-files",
  configureVitest: ({ vitest }) => {
    if (reported.has(vitest)) return
    reported.add(vitest)
    vitest.config.reporters.push(reporterOf(vitest))
  }
}
