/** Real tools in a home of their own: where they are, how a provider asks them, and that nothing of them is left. */
import { type SpawnSyncReturns, spawnSync } from "node:child_process"
import { accessSync, constants, mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { delimiter, join } from "node:path"
import { inspect } from "node:util"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import type * as ApiKey from "effect-apikey/ApiKey"
import type { ApiKeyError } from "effect-apikey/ApiKeyError"
import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as HelperExecutor from "effect-apikey/HelperExecutor"
import { afterAll, describe, expect, it } from "vitest"

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Every program of that name on PATH, in its order. */
export const whichAll = (program: string): ReadonlyArray<string> =>
  (process.env["PATH"] ?? "")
    .split(delimiter)
    .filter((folder) => folder !== "")
    .map((folder) => join(folder, program))
    .filter(isExecutable)

const toolsAreRequired = process.env["REQUIRE_TOOLS"] === "1"

/** The tests of a tool: skipped with the reason where it is missing, failed there with REQUIRE_TOOLS=1. */
export const describeTool = (name: string, programs: ReadonlyArray<string>, tests: () => void): void => {
  const missing = programs.filter((program) => whichAll(program).length === 0)
  if (missing.length === 0) {
    describe(name, tests)
    return
  }
  const reason = `${name}: not installed: ${missing.join(", ")} (scripts/install-credential-tools.sh installs them)`
  describe(name, () => {
    if (toolsAreRequired) it(reason, () => expect(missing).toEqual([]))
    else it.skip(reason, () => undefined)
  })
}

/** A folder that is removed after the tests of the file. Short: the path of gpg-agent's socket may have about 100 characters. */
export const temporaryFolder = (): string => {
  const folder = mkdtempSync(join(tmpdir(), "ak-"))
  afterAll(() => rmSync(folder, { recursive: true, force: true }))
  return folder
}

const setUpLimitMillis = 60_000

/** Prepares what a test needs with the tool itself. */
export const runTool = (
  command: ReadonlyArray<string>,
  options: { readonly env?: Record<string, string>; readonly cwd?: string; readonly input?: string } = {}
): SpawnSyncReturns<string> => {
  const [program = "", ...args] = command
  return spawnSync(program, args, {
    encoding: "utf8",
    timeout: setUpLimitMillis,
    cwd: options.cwd,
    input: options.input ?? "",
    env: { ...process.env, ...options.env }
  })
}

/** The same where it must succeed. */
export const setUp = (...parameters: Parameters<typeof runTool>): string => {
  const { error, status, stderr, stdout } = runTool(...parameters)
  if (status !== 0) throw new Error(`${parameters[0].join(" ")}: ${status} ${error?.message ?? ""} ${stderr} ${stdout}`)
  return stdout
}

/** What a provider of that command answers. */
export const ask = (options: ApiKeyProvider.CommandOptions): Effect.Effect<Either.Either<ApiKey.ApiKey, ApiKeyError>> =>
  Effect.gen(function* () {
    const provider = yield* ApiKeyProvider.fromCommand(options)
    return yield* Effect.either(provider.get)
  }).pipe(Effect.scoped, Effect.provide(HelperExecutor.layer))

/** The error, which must show nothing of the secrets. */
export const failure = (
  answer: Either.Either<ApiKey.ApiKey, ApiKeyError>,
  secrets: ReadonlyArray<string>
): ApiKeyError => {
  const error = Either.getOrThrowWith(Either.flip(answer), () => new Error("a key, where an error was expected"))
  const shown = [error.message, error.hint, JSON.stringify(error), inspect(error, { depth: 10 })].join("\n")
  for (const secret of secrets) expect(shown).not.toContain(secret)
  return error
}

export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
    return true
  } catch {
    return false
  }
}
