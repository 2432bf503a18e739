/** From configuration files and the environment to what a provider's key comes from and where it goes, in the order of precedence. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import type { ApiKey } from "../../ApiKey.js"
import { type ApiKeyError, ConfigInvalid, KeyNotConfigured } from "../../ApiKeyError.js"
import * as ApiKeyProvider from "../../ApiKeyProvider.js"
import * as ApiKeySource from "../../ApiKeySource.js"
import { type Contribution, type Demand, HelperPolicy } from "../../HelperPolicy.js"
import { Surroundings } from "../host/HostEnvironment.js"
import { isInside, isSomebodyElses, realPathOf, weakSpot } from "../host/ownership.js"
import { fileName, userFile, userFolder } from "../host/paths.js"
import { Hand } from "../policy/provenance.js"
import { openToOthers } from "../policy/rules.js"
import type { Sharer } from "../provider/shared.js"
import * as Document from "../source/jsonc.js"
import { shellWord } from "../util/shell.js"
import * as ConfigFile from "./file.js"

type Needs = FileSystem.FileSystem | Path.Path

/** One place that may say where a key comes from. */
export interface Candidate {
  readonly hand: Hand
  readonly source: Either.Either<ApiKeySource.ApiKeySource | Template, ApiKeyError>
}

/** A key that is put together from others: the policy is asked about each before any is read. */
export interface Template {
  readonly _tag: "Template"
  readonly label: string
  readonly singles: ReadonlyArray<ApiKeySource.Single>
  readonly read: Effect.Effect<ApiKey, ApiKeyError, Needs>
}

export interface Resolved {
  readonly provider: string
  /** In the order in which they are asked. */
  readonly candidates: ReadonlyArray<Candidate>
  /** What was looked at beside, for `KeyNotConfigured`. */
  readonly silent: ReadonlyArray<string>
  readonly goesTo: Demand["goesTo"]
  readonly contributions: ReadonlyArray<Contribution>
  /** What a person should know, one line each. */
  readonly notes: ReadonlyArray<string>
}

export interface Configuration {
  readonly ids: ReadonlyArray<string>
  /** What is wrong with whole files. */
  readonly problems: ReadonlyArray<ApiKeyError>
  readonly resolve: (id: string) => Effect.Effect<Resolved>
}

interface LoadedFile {
  readonly file: string
  readonly origin: "user" | "project"
  readonly root: string
  readonly entries: Either.Either<ConfigFile.Entries, ApiKeyError>
}

// --- finding

export const exists = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  // What is there but cannot be looked at is reported when it is read.
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => true))

/** The folders from one upwards: up to the root of its repository, never the home directory or above it. */
const upwards = (from: string): Effect.Effect<ReadonlyArray<string>, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { home: namedHome } = yield* Surroundings
    // The working directory comes with its links followed, so the home directory does too.
    const realHome = yield* realPathOf(namedHome)
    const isAbove = (folder: string) => [namedHome, realHome].some((home) => isInside(folder, home, path))
    const folders: Array<string> = []
    for (let folder = from; !isAbove(folder); folder = path.dirname(folder)) {
      folders.push(folder)
      if (yield* exists(path.join(folder, ".git"))) break
      if (path.dirname(folder) === folder) break
    }
    return folders
  })

/** The folder that a project's file speaks for: its repository, or the folder it is in. */
const projectRoot = (file: string): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const folder = path.dirname(file)
    for (const candidate of yield* upwards(folder)) {
      if (yield* exists(path.join(candidate, ".git"))) return candidate
    }
    return folder
  })

interface Project {
  readonly file: Option.Option<string>
  /** What others put above us. */
  readonly passedOver: ReadonlyArray<string>
}

const findProject: Effect.Effect<Project, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { cwd } = yield* Surroundings
  const passedOver: Array<string> = []
  for (const folder of yield* upwards(cwd)) {
    const file = path.join(folder, fileName)
    if (!(yield* Document.isThere(file))) continue
    if (!isSomebodyElses(file, cwd)) return { file: Option.some(file), passedOver }
    passedOver.push(file)
  }
  return { file: Option.none(), passedOver }
})

export const projectFile: Effect.Effect<Option.Option<string>, never, Needs> = Effect.map(
  findProject,
  ({ file }) => file
)

const passedOverNote = (file: string): string =>
  `${file} is somebody else's and not used. If you want it: --config ${shellWord(file)}`

// --- loading

/** Whose a file is goes by where it really is, not by how it was found: only what stands in the user's configuration folder is the user's, not what was cloned below it. */
const loadFile = (named: string): Effect.Effect<LoadedFile, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const file = yield* realPathOf(named)
    const folder = yield* userFolder
    const realFolder = yield* realPathOf(folder)
    const origin = path.dirname(file) === realFolder ? "user" : "project"
    const root = yield* projectRoot(file)
    const entries = Effect.gen(function* () {
      // What was judged, not where a link leads by now.
      const document = yield* Document.read(file)
      const weak = origin === "user" ? yield* weakSpot(named) : Option.none()
      if (Option.isSome(weak)) return yield* openToOthers(file, weak.value)
      return yield* ConfigFile.entriesOf(document, origin)
    })
    return { file, origin, root, entries: yield* Effect.either(entries) } as const
  })

export interface LoadOptions {
  /** The one file that counts (`--config`). */
  readonly config?: string | undefined
  /** What is taken for the project's file, instead of looking for one. */
  readonly project?: string | undefined
}

/** Reads the files once. What is wrong in them comes out where it is used. */
export const load = (options: LoadOptions = {}): Effect.Effect<Configuration, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { cwd, home } = yield* Surroundings
    const user = yield* userFile
    const named = Option.map(Option.fromNullable(options.config), (file) => path.resolve(cwd, file))
    const { file: project, passedOver } =
      options.project === undefined && Option.isNone(named)
        ? yield* findProject
        : { file: Option.map(Option.fromNullable(options.project), (file) => path.resolve(cwd, file)), passedOver: [] }
    const notes = passedOver.map(passedOverNote)
    yield* Effect.forEach(notes, (note) => Effect.logWarning(note), { discard: true })
    const inFiles = Option.isSome(named)
      ? [named.value]
      : [...Option.toArray(project), ...((yield* Document.isThere(user)) ? [user] : [])]
    const files = yield* Effect.forEach(inFiles, loadFile)
    const ids = new Set(
      files.flatMap(({ entries }) =>
        Either.match(entries, { onLeft: () => [], onRight: (known) => Array.from(known.keys()) })
      )
    )
    const absent = Option.isSome(named) ? [] : Option.isNone(project) ? [`an ${fileName} of the project's`] : []
    const noUser = Option.isSome(named) || inFiles.includes(user) ? [] : [user]
    return {
      ids: Array.from(ids),
      problems: files.flatMap(({ entries }) => Option.toArray(Either.getLeft(entries))),
      resolve: (id) =>
        Effect.map(fromEnvironment(id), (environment) => {
          const fromFiles = files.map((file) => resolveIn(file, id, { home, path }))
          const silent = fromFiles.flatMap(({ silent: label }) => label)
          // --config is said last, so it goes first.
          const candidates = Option.isSome(named)
            ? [...fromFiles.flatMap((each) => each.candidates), ...environment.candidates]
            : [...environment.candidates, ...fromFiles.flatMap((each) => each.candidates)]
          return {
            provider: id,
            candidates,
            silent: [...environment.silent, ...absent, ...silent, ...noUser],
            goesTo: Option.firstSomeOf(fromFiles.map(({ goesTo }) => goesTo)),
            contributions: fromFiles.flatMap(({ contributions }) => contributions),
            notes
          }
        })
    }
  })

interface Part extends Pick<Resolved, "candidates" | "silent" | "goesTo" | "contributions"> {}

const resolveIn = (
  { file, origin, root, entries }: LoadedFile,
  id: string,
  places: { readonly home: string; readonly path: Path.Path }
): Part => {
  const handAt = (position: Document.Position): Hand =>
    origin === "user" ? Hand.User({ file, ...position }) : Hand.Project({ file, root, ...position })
  const entry = Either.flatMap(entries, (known) => known.get(id) ?? Either.right(undefined))
  if (Either.isLeft(entry)) {
    const { line, column } = entry.left._tag === "ConfigInvalid" ? entry.left : { line: 0, column: 0 }
    const candidate: Candidate = { hand: handAt({ line, column }), source: Either.left(entry.left) }
    return { candidates: [candidate], silent: [], goesTo: Option.none(), contributions: [] }
  }
  if (entry.right === undefined) return { candidates: [], silent: [file], goesTo: Option.none(), contributions: [] }
  const { key, baseUrl, says } = entry.right
  const sources = Option.toArray(
    Option.map(key, ({ source, at }) => ({
      hand: handAt(at),
      source: ConfigFile.located(source, places.path.dirname(file), places)
    }))
  )
  const contribution: Contribution = {
    file,
    root,
    provider: id,
    says,
    commands: sources.flatMap(({ source }) =>
      ApiKeySource.singles(source).flatMap((single) => (single._tag === "Command" ? [single.command] : []))
    )
  }
  return {
    candidates: sources.map(({ hand, source }) => ({ hand, source: Either.right(source) })),
    silent: Option.isNone(key) ? [file] : [],
    goesTo: Option.map(baseUrl, ({ url, at }) => ({ origin: url.origin, hand: handAt(at) })),
    contributions: origin === "project" ? [contribution] : []
  }
}

const fromEnvironment = (id: string): Effect.Effect<Pick<Part, "candidates" | "silent">> => {
  const names = Object.values(ApiKeySource.variablesFor(id))
  const found = (source: Candidate["source"]) => ({ candidates: [{ hand: Hand.Environment(), source }], silent: [] })
  return Effect.match(ApiKeySource.config(id), {
    onSuccess: (source) => found(Either.right(source)),
    onFailure: (error) =>
      ConfigError.isMissingDataOnly(error)
        ? { candidates: [], silent: names.map((name) => `environment variable ${name}`) }
        : found(Either.left(environmentInvalid(error)))
  })
}

const environmentInvalid = (error: ConfigError.ConfigError): ConfigInvalid => {
  const isInvalid = error._op === "InvalidData"
  const [name, problem, remedy] = isInvalid
    ? [error.path.join("."), ...splitRemedy(error.message)]
    : ["environment", "it cannot be read", "Set the variable, or remove it."]
  return new ConfigInvalid({ file: `environment variable ${name}`, line: 0, column: 0, problem, remedy })
}

const splitRemedy = (message: string): readonly [string, string] => {
  const at = message.indexOf(". ")
  return at < 0 ? [message, "Correct it, or unset the variable."] : [message.slice(0, at), message.slice(at + 2)]
}

// --- from what was resolved to a provider

/** Of whose commands one can be shared with another: how a project's program is found goes by the project. */
const realmOf = (hand: Hand): string => (hand._tag === "Project" ? hand.root : "")

/** What a provider may come to ask, for those who share commands. */
export const sharersOf = ({ candidates, provider }: Resolved): ReadonlyArray<Sharer> =>
  candidates.flatMap(({ hand, source }) =>
    Either.isRight(source) && source.right._tag !== "Template"
      ? [{ id: provider, realm: realmOf(hand), source: source.right }]
      : []
  )

/** Every reading and every run asks the policy first, at the time when it happens. */
export const toProvider = (
  resolved: Resolved,
  options?: Pick<ApiKeyProvider.SourceOptions, "interactive"> & {
    readonly share?: (realm: string) => ApiKeyProvider.Open
  }
): Effect.Effect<ApiKeyProvider.Provider, never, ApiKeyProvider.Requirements | HelperPolicy | Scope.Scope> =>
  Effect.gen(function* () {
    const policy = yield* HelperPolicy
    const { provider, goesTo, contributions } = resolved
    const asking = (hand: Hand) => (source: ApiKeySource.Single) =>
      Effect.map(policy.authorize({ provider, source, hand, goesTo, contributions }), (permit) => permit.options)
    const context = yield* Effect.context<Needs>()
    const providers = yield* Effect.forEach(resolved.candidates, ({ hand, source }) => {
      if (Either.isLeft(source)) {
        return Effect.succeed(ApiKeyProvider.make({ provider, get: Effect.fail(source.left) }))
      }
      if (source.right._tag !== "Template") {
        return ApiKeyProvider.fromSource(source.right, {
          interactive: options?.interactive,
          provider,
          guard: asking(hand),
          open: options?.share?.(realmOf(hand))
        })
      }
      const { singles, read } = source.right
      const get = Effect.zipRight(Effect.forEach(singles, asking(hand), { discard: true }), read)
      return Effect.succeed(ApiKeyProvider.make({ provider, get: Effect.provide(get, context) }))
    })
    const nothing = ApiKeyProvider.make({
      provider,
      get: Effect.fail(new KeyNotConfigured({ provider, tried: resolved.silent }))
    })
    return ApiKeyProvider.fromFirstOf([...providers, nothing], { provider })
  })
