/** The command line in this process: its exit status and what it prints, with an environment and a directory of its own. */
import * as Effect from "effect/Effect"
import { vi } from "vitest"
import { run } from "../../src/cli/main.js"
import { setEnv } from "./environment.js"
import type { Finished } from "./processes.js"

interface Host {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly cwd: string
}

const version = "0.0.0-test"

/** One at a time: environment, directory and console are the process's. */
export const commandLine = (host: Host, ...args: ReadonlyArray<string>): Effect.Effect<Finished> =>
  Effect.acquireUseRelease(
    Effect.sync(() => {
      const before = { env: { ...process.env }, cwd: process.cwd() }
      const printed = { stdout: "", stderr: "" }
      setEnv(host.env)
      process.chdir(host.cwd)
      const toStdout = (text: string): void => {
        printed.stdout += text
      }
      const toStderr = (text: string): void => {
        printed.stderr += text
      }
      vi.spyOn(console, "log").mockImplementation((line) => toStdout(`${line}\n`))
      vi.spyOn(console, "error").mockImplementation((line) => toStderr(`${line}\n`))
      vi.spyOn(process.stderr, "write").mockImplementation((text) => {
        toStderr(String(text))
        return true
      })
      return { before, printed }
    }),
    ({ printed }) =>
      Effect.promise((signal) =>
        Effect.runPromise(run([process.execPath, "effect-apikey", ...args], version), { signal })
      ).pipe(Effect.map((status): Finished => ({ status, ...printed }))),
    ({ before }) =>
      Effect.sync(() => {
        vi.restoreAllMocks()
        process.chdir(before.cwd)
        setEnv(before.env)
      })
  )
