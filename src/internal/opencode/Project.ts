/** One project that opencode has open: which of its providers have a command, and what is put into their options for it. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import { type ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import * as ApiKeyProvider from "../../ApiKeyProvider.js"
import type { RunOptions } from "../../ApiKeySource.js"
import type { HelperPolicy } from "../../HelperPolicy.js"
import * as OpencodeConfig from "../../opencode/Config.js"
import { placeholder } from "../authorization.js"
import type { Candidate, Resolved } from "../config/resolve.js"
import { Surroundings } from "../config/Surroundings.js"
import * as Fetch from "./fetch.js"
import type { Host, HostConfig, HostProvider } from "./host.js"
import * as Keeper from "./Keeper.js"
import { plainMessage } from "./message.js"
import type { SharedKeys } from "./SharedKeys.js"
import { say, type Teller } from "./Teller.js"

export interface Project {
  /** Changes the merged configuration in place. */
  readonly configure: (config: HostConfig) => Effect.Effect<void>
  readonly userSpoke: Effect.Effect<void>
}

type Needs = FileSystem.FileSystem | Path.Path

export const make = (
  host: Host,
  teller: Teller
): Effect.Effect<Project, never, HelperPolicy | SharedKeys | Needs | Scope.Scope> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<HelperPolicy | SharedKeys | Needs | Scope.Scope>()
    const runtime = yield* Effect.runtime<never>()
    const keepers: Array<Keeper.Keeper> = []

    const configure = (config: HostConfig) =>
      Effect.gen(function* () {
        const wanting = Object.entries(config.provider ?? {}).flatMap(([id, entry]) =>
          entry?.options !== undefined && commandKey in entry.options ? [{ id, entry, options: entry.options }] : []
        )
        if (wanting.length === 0) return
        const { env, home } = yield* Surroundings
        const read = yield* Effect.provideService(OpencodeConfig.load, Surroundings, { env, home, cwd: host.directory })
        for (const { id, entry, options } of wanting) {
          // The arguments may hold secrets, and `GET /config` shows all options.
          delete options[commandKey]
          const resolved = yield* read.resolve(id)
          const choice = choose(entry, resolved, env)
          if (choice._tag === "OpencodesOwn") yield* say(teller, "info", `${id}: ${choice.because}, so the command is not run`)
          else if (choice._tag === "Unsupported") yield* say(teller, "warn", `${id}: ${choice.because}`)
          else {
            const provider =
              choice._tag === "Failed" ? failing(id, choice.error) : yield* keep(id, resolved, choice.candidate, choice.command)
            install(id, entry, options, provider)
          }
        }
      }).pipe(Effect.provide(context))

    const keep = (id: string, resolved: Resolved, { hand }: Candidate, command: RunOptions) =>
      Effect.gen(function* () {
        const demand = {
          provider: id,
          source: { _tag: "Command", command } as const,
          hand,
          goesTo: resolved.goesTo,
          contributions: resolved.contributions
        }
        const keeper = yield* Keeper.make(id, demand, {
          // What a desktop program does not see, the user's log-in shell does.
          path: "login-shell",
          ...ApiKeyProvider.commandOptions(command),
          provider: id
        })
        keepers.push(keeper)
        return keeper.provider
      })

    const install = (
      id: string,
      entry: HostProvider,
      options: Record<string, unknown>,
      provider: ApiKeyProvider.Provider
    ): void => {
      const { fetch } = options
      options["apiKey"] = placeholder
      options["fetch"] = Fetch.make({
        id,
        provider,
        origins: originsOf(entry, options),
        inner: isFetch(fetch) ? fetch : undefined,
        runtime,
        onFailure: (error) => teller.failed(id, plainMessage(id, error)),
        onSuccess: () => teller.recovered(id)
      })
    }

    return {
      configure,
      userSpoke: Effect.sync(() => {
        for (const keeper of keepers) keeper.userSpoke()
      })
    }
  })

const commandKey = "apiKeyCommand"
