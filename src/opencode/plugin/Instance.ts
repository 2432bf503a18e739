/** One project that opencode has open: which of its providers have a command, and what is put into their options for it. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import * as ApiKeyProvider from "../../ApiKeyProvider.js"
import type { Candidate, Resolved } from "../../internal/config/model.js"
import { HostEnvironment } from "../../internal/host/HostEnvironment.js"
import type { Provider } from "../../internal/model/provider.js"
import type { HelperPolicy } from "../../internal/policy/model.js"
import { commandOptions } from "../../internal/provider/source.js"
import { escaped } from "../../internal/redact/terminal.js"
import { placeholder } from "../../internal/request/scheme.js"
import type { RunOptions } from "../../internal/source/schema.js"
import { type Loaded, loadAll } from "../config/load.js"
import * as Fetch from "./fetch.js"
import * as Keeper from "./GuardedProvider.js"
import { asksForCommand, copyOf, type Host, type HostConfig, type HostProvider, isRecord, modelsOf } from "./host.js"
import { configInvalid, plainMessage } from "./message.js"
import type { Teller } from "./Notifier.js"
import type { SharedKeys } from "./SharedKeys.js"
import { strangeIn } from "./verify.js"

export interface Project {
  /** Puts its own `provider` into the merged configuration. */
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
        const copies = Object.entries(config.provider ?? {}).flatMap(([id, entry]) =>
          entry !== undefined && asksForCommand(entry) ? [{ id, ...copyOf(entry) }] : []
        )
        if (copies.length === 0) return
        config.provider = {
          ...config.provider,
          ...Object.fromEntries(copies.map(({ id, entry }) => [id, entry]))
        }
        const { env, home } = yield* HostEnvironment
        const read = yield* Effect.provideService(loadAll, HostEnvironment, {
          env,
          home,
          cwd: host.directory
        })
        for (const { id, entry, options, isMisplaced } of copies) {
          const resolved = yield* read.resolve(id)
          const chosen = isMisplaced ? failed(misplaced) : choose(id, entry, options, resolved, env)
          const choice = chosen._tag === "Command" ? yield* compared(entry, read.written(id), chosen) : chosen
          switch (choice._tag) {
            case "OpencodesOwn":
              teller.log("info", `${id}: ${choice.because}, so its command is not run`)
              break
            case "Unsupported":
              teller.failed(id, `${id}: ${choice.because}`)
              break
            case "Failed":
              install(id, entry, options, ApiKeyProvider.make({ provider: id, get: Effect.fail(choice.error) }))
              break
            case "Command":
              install(id, entry, options, yield* keep(id, resolved, choice))
              break
          }
        }
      }).pipe(Effect.provide(context))

    const keep = (id: string, resolved: Resolved, { hand, command }: Command) =>
      Effect.gen(function* () {
        const demand = {
          provider: id,
          source: { _tag: "Command", command } as const,
          hand,
          goesTo: resolved.destination,
          contributions: resolved.contributions
        }
        const keeper = yield* Keeper.make(id, demand, {
          // What a desktop program does not see, the user's log-in shell does.
          path: "login-shell",
          ...commandOptions(command),
          provider: id
        })
        keepers.push(keeper)
        return keeper.provider
      })

    const install = (id: string, entry: HostProvider, options: Record<string, unknown>, provider: Provider): void => {
      const { fetch } = options
      options["apiKey"] = placeholder
      options["fetch"] = Fetch.make({
        id,
        provider,
        origins: [...ownOrigins(entry, options), ...originsOfModels(entry)],
        isOpen: ownOrigins(entry, options).length === 0,
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

const isFetch = (u: unknown): u is typeof globalThis.fetch => typeof u === "function"

// --- what the key comes from

interface Command {
  readonly hand: Candidate["provenance"]
  readonly command: RunOptions
}

type Choice =
  | ({ readonly _tag: "Command" } & Command)
  | { readonly _tag: "OpencodesOwn"; readonly because: string }
  | { readonly _tag: "Unsupported"; readonly because: string }
  | { readonly _tag: "Failed"; readonly error: ApiKeyError }

const own = (because: string): Choice => ({ _tag: "OpencodesOwn", because })
const failed = (error: ApiKeyError): Choice => ({ _tag: "Failed", error })

/** The order is that of docs/configuration.md: what opencode has a key from, then the command. */
const choose = (
  id: string,
  entry: HostProvider,
  options: Readonly<Record<string, unknown>>,
  { candidates }: Resolved,
  env: Readonly<Record<string, string | undefined>>
): Choice => {
  const { apiKey } = options
  if (typeof apiKey === "string" && apiKey.trim() !== "" && apiKey !== placeholder) return own("options.apiKey is set")
  if (isVertex(id, entry)) {
    return { _tag: "Unsupported", because: `apiKeyCommand is not supported for ${id}, which has no API key` }
  }
  for (const { provenance: hand, source } of candidates) {
    if (Either.isLeft(source)) return failed(source.left)
    switch (source.right._tag) {
      case "Env":
        if ((env[source.right.env] ?? "").trim() !== "") return own(`environment variable ${source.right.env} is set`)
        break
      case "Auth":
        return own("auth.json has a key")
      case "Command":
        return { _tag: "Command", hand, command: source.right.command }
    }
  }
  return failed(unseen("its apiKeyCommand stands in none of the configuration files here"))
}

/** The policy is asked about what stands in the files: only what stands there is taken. */
const compared = (
  entry: HostProvider,
  written: ReturnType<Loaded["written"]>,
  command: Choice
): Effect.Effect<Choice, never, Needs> =>
  Effect.match(written, {
    onFailure: failed,
    onSuccess: (said) =>
      Option.match(strangeIn(entry, said), {
        onNone: () => command,
        onSome: (path) =>
          failed(unseen(`its ${escaped(path.join("."))} is set by something else than the configuration files here`))
      })
  })

/** opencode takes `fetch` out of the one's options, the other's package asks Google before it: nothing could put the key in. */
const isVertex = (id: string, { npm }: HostProvider): boolean =>
  id === "google-vertex"
    ? !String(npm ?? "").includes("@ai-sdk/openai-compatible")
    : id === "google-vertex-anthropic"
      ? npm === undefined || npm === vertexAnthropic
      : npm === vertexAnthropic

const vertexAnthropic = "@ai-sdk/google-vertex/anthropic"

/** Whose hand wrote it cannot be told, so it is taken for nobody's. */
const unseen = (problem: string): ConfigInvalid =>
  configInvalid(
    problem,
    "Write it into your own opencode.json, remove it where it is set, or start opencode anew if you have just changed it."
  )

const misplaced = configInvalid(
  "apiKeyCommand stands in a model's options, where it would be sent to the server",
  "Write it into the provider's own options."
)

// --- where it goes

/** What has a variable of opencode's own (`https://${NAME}.example`) names none. */
const originIn = (url: unknown): ReadonlyArray<string> =>
  typeof url === "string" && URL.canParse(url) ? [new URL(url).origin].filter((origin) => !origin.includes("${")) : []

/** Every place from which opencode takes a base URL. */
const ownOrigins = (entry: HostProvider, { baseURL }: Readonly<Record<string, unknown>>): ReadonlyArray<string> =>
  [baseURL, entry.api].flatMap(originIn)

const originsOfModels = (entry: HostProvider): ReadonlyArray<string> =>
  modelsOf(entry).flatMap(([, model]) =>
    isRecord(model) && isRecord(model["provider"]) ? originIn(model["provider"]["api"]) : []
  )
