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

const reporter = (vitest: Vitest): Reporter => ({
  onTestRunEnd: (files) => {
    const slowest = files.toSorted((a, b) => millisOf(b) - millisOf(a)).slice(0, count)
    const lines = slowest.map(
      (file) =>
        `${(millisOf(file) / 1000).toFixed(1).padStart(8)} s  ${relative(vitest.config.root, file.moduleId)} (${testsOf(file)})`
    )
    vitest.logger.log(["", " Slowest files (tests)", ...lines].join("\n"))
  }
})

/** A plugin, because reporters that the command line names take the place of the configuration's. */
export const slowestFiles: Vite.Plugin = {
  name: "slowest-files",
  configureVitest: ({ vitest }) => {
    vitest.config.reporters.push(reporter(vitest))
  }
}
