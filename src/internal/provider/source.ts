/** Makes a provider from an `ApiKeySource`: a literal, a variable, a file, auth.json, a command, or the first of several. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type * as ApiKeySource from "../../ApiKeySource.js"
import type { Output } from "../format/format.js"
import type { Requirements } from "../helper/options.js"
import type { Interactive } from "../model/options.js"
import { defaultProvider, make, type Provider } from "../model/provider.js"
import type { RefusedWhen } from "../model/refusal.js"
import { type Readable, readSource } from "../source/read.js"
import type { RunOptions, Single } from "../source/schema.js"
import { fromResolvedCommand, type Guard, type Open } from "./command.js"
import { fromFirstOf } from "./firstOf.js"
import { type CommandOptions, resolveCommand } from "./resolvedCommand.js"

/**
 * Options of a provider that is made from a source.
 *
 * @since 0.1.0
 * @category models
 */
export interface SourceOptions {
  /** The name in errors and status. Default `"default"`. */
  readonly provider?: string | undefined
  /** Whether commands that do not set it may prompt the user on the terminal. Default `"never"`. */
  readonly interactive?: Interactive | undefined
  /** Which responses, beside the known ones, mean that the server rejected the key. The SDK modules go by it. */
  readonly refusedWhen?: RefusedWhen | undefined
  /**
   * Runs before each read and each run. It fails to deny it, or succeeds with options of the run to change.
   *
   * @internal
   */
  readonly guard?: ((source: Single) => Guard) | undefined
  /**
   * Makes the provider of a command. Set if commands are shared.
   *
   * @internal
   */
  readonly open?: Open | undefined
  /**
   * Called with the output of each run.
   *
   * @internal
   */
  readonly observe?: ((output: Output) => void) | undefined
}

/**
 * Makes a provider from a source. It lives as long as its scope. Environment, files and `auth.json` are read at each `get`, so a
 * replaced secret is used at once. With several sources, each `get` begins with the first one.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromSource = (
  source: ApiKeySource.ApiKeySource,
  options?: SourceOptions
): Effect.Effect<Provider, never, Requirements | Scope.Scope> =>
  Effect.map(fromSourceAlone(source, options), (provider) =>
    options?.refusedWhen === undefined ? provider : { ...provider, refusedWhen: options.refusedWhen }
  )

const fromSourceAlone = (
  source: ApiKeySource.ApiKeySource,
  options: SourceOptions | undefined
): Effect.Effect<Provider, never, Requirements | Scope.Scope> => {
  const provider = options?.provider ?? defaultProvider
  switch (source._tag) {
    case "Command": {
      const command = { interactive: options?.interactive, ...commandOptions(source.command), provider }
      const guard = options?.guard?.(source)
      return options?.open === undefined
        ? fromResolvedCommand(resolveCommand(command), { guard, observe: options?.observe })
        : options.open(command, guard ?? Effect.succeed({}))
    }
    case "FirstOf":
      return Effect.map(
        Effect.forEach(source.firstOf, (each) => fromSource(each, options)),
        (providers) => fromFirstOf(providers, { provider, onFailure: source.onFailure })
      )
    default:
      return fromReadable(source, options)
  }
}

const fromReadable = (
  source: Readable,
  options: SourceOptions | undefined
): Effect.Effect<Provider, never, FileSystem.FileSystem | Path.Path> =>
  Effect.map(Effect.context<FileSystem.FileSystem | Path.Path>(), (context) => {
    const provider = options?.provider ?? defaultProvider
    const guarded = options?.guard === undefined ? Effect.void : options.guard(source)
    return make({ provider, get: Effect.provide(Effect.zipRight(guarded, readSource(source, provider)), context) })
  })

/**
 * The options of a provider for a configured command.
 *
 * @internal
 */
export const commandOptions = ({ retries, env, ...run }: RunOptions): CommandOptions => ({
  ...run,
  retry: retries === undefined ? undefined : retrying(retries),
  env: env && Object.fromEntries(Object.entries(env).map(([name, value]) => [name, value ?? undefined]))
})

/** The default delays with this number of retries. One schedule per number, so that equal commands stay equal. */
const retrying = (times: number): Schedule.Schedule<unknown, ApiKeyError> => {
  const known = schedules.get(times)
  if (known !== undefined) return known
  const made = Schedule.exponential("200 millis").pipe(Schedule.jittered, Schedule.intersect(Schedule.recurs(times)))
  schedules.set(times, made)
  return made
}

const schedules = new Map<number, Schedule.Schedule<unknown, ApiKeyError>>()
