/** Resolves configuration files and the environment to a provider's key sources and its destination, in order of precedence. */

import * as Path from "@effect/platform/Path"
import * as ConfigError from "effect/ConfigError"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import * as ApiKeySource from "../../ApiKeySource.js"
import { isFromDotenv } from "../host/bunDotenv.js"
import { HostEnvironment, type Needs, variableLabel } from "../host/HostEnvironment.js"
import { findInsecurePath } from "../host/ownership.js"
import { fileName, realPathOf, userFile, userFolder } from "../host/paths.js"
import type { ProjectDeclaration } from "../policy/model.js"
import { Provenance } from "../policy/provenance.js"
import { insecureFile } from "../policy/rules.js"
import { environmentSource } from "../source/environment.js"
import { singles } from "../source/inspect.js"
import * as Document from "../source/jsonc.js"
import { findProject, projectRoot, skippedNote } from "./discover.js"
import * as ConfigFile from "./file.js"
import type { Candidate, Configuration, Resolved } from "./model.js"

interface LoadedFile {
  readonly file: string
  readonly origin: "user" | "project"
  readonly root: string
  readonly entries: Either.Either<ConfigFile.Entries, ApiKeyError>
}

/** Loads a file. Its real path decides its owner: only files directly in the user's configuration directory are the user's. */
const loadFile = Effect.fnUntraced(function* (named: string): Effect.fn.Return<LoadedFile, never, Needs> {
  const path = yield* Path.Path
  const file = yield* realPathOf(named)
  const folder = yield* userFolder
  const realFolder = yield* realPathOf(folder)
  const origin = path.dirname(file) === realFolder ? "user" : "project"
  const root = yield* projectRoot(file)
  const entries = Effect.gen(function* () {
    // Read the path that was checked, because a symlink may have changed since.
    const document = yield* Document.read(file)
    const weak = origin === "user" ? yield* findInsecurePath(named) : Option.none()
    if (Option.isSome(weak)) return yield* insecureFile(file, weak.value)
    return yield* ConfigFile.entriesOf(document, origin)
  })
  return { file, origin, root, entries: yield* Effect.either(entries) } as const
})

export interface LoadOptions {
  /** The only file to read (`--config`). */
  readonly config?: string | undefined
  /** The project's file. Default: search for it. */
  readonly project?: string | undefined
}

/** Reads the files once. Errors in them are reported when the entry is used. */
export const load = Effect.fnUntraced(function* (
  options: LoadOptions = {}
): Effect.fn.Return<Configuration, never, Needs> {
  const path = yield* Path.Path
  const { cwd, home } = yield* HostEnvironment
  const user = yield* userFile
  const named = Option.map(Option.fromNullable(options.config), (file) => path.resolve(cwd, file))
  const { file: project, skipped } =
    options.project === undefined && Option.isNone(named)
      ? yield* findProject
      : { file: Option.map(Option.fromNullable(options.project), (file) => path.resolve(cwd, file)), skipped: [] }
  const notes = skipped.map(skippedNote)
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
      Effect.map(fromEnvironment(id, Array.from(ids)), (environment) => {
        const fromFiles = files.map((file) => resolveIn(file, id, { home, path }))
        const consulted = fromFiles.flatMap(({ consulted: label }) => label)
        // --config has the highest precedence.
        const candidates = Option.isSome(named)
          ? [...fromFiles.flatMap((each) => each.candidates), ...environment.candidates]
          : [...environment.candidates, ...fromFiles.flatMap((each) => each.candidates)]
        return {
          provider: id,
          candidates,
          isChosen: Option.isSome(named),
          consulted: [...environment.consulted, ...absent, ...consulted, ...noUser],
          destination: Option.firstSomeOf(fromFiles.map(({ destination }) => destination)),
          declarations: fromFiles.flatMap(({ declarations }) => declarations),
          refusedWhen: fromFiles.flatMap(({ refusedWhen }) => refusedWhen),
          notes
        }
      })
  }
})

interface Part extends Pick<Resolved, "candidates" | "consulted" | "destination" | "declarations" | "refusedWhen"> {}

const resolveIn = (
  { file, origin, root, entries }: LoadedFile,
  id: string,
  host: { readonly home: string; readonly path: Path.Path }
): Part => {
  const provenanceAt = (position: Document.Position): Provenance =>
    origin === "user" ? Provenance.User({ file, ...position }) : Provenance.Project({ file, root, ...position })
  const entry = Either.flatMap(entries, (known) => known.get(id) ?? Either.right(undefined))
  if (Either.isLeft(entry)) {
    const { line, column } = entry.left._tag === "ConfigInvalid" ? entry.left : { line: 0, column: 0 }
    const candidate: Candidate = { provenance: provenanceAt({ line, column }), source: Either.left(entry.left) }
    return { candidates: [candidate], consulted: [], destination: Option.none(), declarations: [], refusedWhen: [] }
  }
  if (entry.right === undefined)
    return { candidates: [], consulted: [file], destination: Option.none(), declarations: [], refusedWhen: [] }
  const { key, baseUrl, declared, refusedWhen } = entry.right
  const sources = Option.toArray(
    Option.map(key, ({ source, at }) => ({
      provenance: provenanceAt(at),
      source: ConfigFile.located(source, host.path.dirname(file), host)
    }))
  )
  const declaration: ProjectDeclaration = {
    file,
    root,
    provider: id,
    declared,
    commands: sources.flatMap(({ source }) =>
      singles(source).flatMap((single) => (single._tag === "Command" ? [single.command] : []))
    ),
    hasPlaceholders: false
  }
  return {
    candidates: sources.map(({ provenance, source }) => ({ provenance, source: Either.right(source) })),
    consulted: Option.isNone(key) ? [file] : [],
    destination: Option.orElse(
      Option.map(baseUrl, ({ url, at }) => ({ origin: url.origin, provenance: provenanceAt(at) })),
      // A project that says when a key is rejected decides about the user's key, too: that needs trust.
      () =>
        origin === "user"
          ? Option.none()
          : Option.map(refusedWhen, ({ at }) => ({ origin: "the provider's own", provenance: provenanceAt(at) }))
    ),
    declarations: origin === "project" ? [declaration] : [],
    refusedWhen: Option.match(refusedWhen, { onNone: () => [], onSome: ({ rules }) => rules })
  }
}

/** Another provider of the configuration whose variables have the same names. */
const sharesVariables = (id: string, ids: ReadonlyArray<string>): Option.Option<string> => {
  const { key } = ApiKeySource.variablesFor(id)
  return ids.includes(id)
    ? Option.fromNullable(ids.find((other) => other !== id && ApiKeySource.variablesFor(other).key === key))
    : Option.none()
}

const sharedVariable = (id: string, other: string): ConfigInvalid =>
  new ConfigInvalid({
    file: variableLabel(ApiKeySource.variablesFor(id).key),
    line: 0,
    column: 0,
    problem: `it is the variable of two providers, ${id} and ${other}`,
    remedy: "Rename one of them, or unset the variable and name another one with `env`."
  })

/** The variable that a source was read from, if a project may have set it and it runs a command or reads a file. */
const dotenvVariable = (id: string, source: ApiKeySource.ApiKeySource): Option.Option<string> => {
  const { command, file } = ApiKeySource.variablesFor(id)
  const { cwd, env } = HostEnvironment.defaultValue()
  const name = source._tag === "Command" ? command : file
  return source._tag !== "Literal" && isFromDotenv(name, cwd, env) ? Option.some(name) : Option.none()
}

const setByDotenv = (name: string): ConfigInvalid =>
  new ConfigInvalid({
    file: variableLabel(name),
    line: 0,
    column: 0,
    problem: "Bun took it from a .env file of the working directory, which may be a project's",
    remedy: `Set it in effect-apikey.jsonc or in your shell, or start Bun with --no-env-file.`
  })

const fromEnvironment = (
  id: string,
  ids: ReadonlyArray<string>
): Effect.Effect<Pick<Part, "candidates" | "consulted">> => {
  const names = Object.values(ApiKeySource.variablesFor(id))
  const found = (source: Candidate["source"]) => ({
    candidates: [{ provenance: Provenance.Environment(), source }],
    consulted: []
  })
  return Effect.match(environmentSource(id), {
    onSuccess: (source) =>
      found(
        Option.match(sharesVariables(id, ids), {
          onNone: () =>
            Either.flatMap(source, (known) =>
              Option.match(dotenvVariable(id, known), {
                onNone: () => Either.right(known),
                onSome: (name) => Either.left(setByDotenv(name))
              })
            ),
          onSome: (other) => Either.left(sharedVariable(id, other))
        })
      ),
    onFailure: (error) =>
      ConfigError.isMissingDataOnly(error)
        ? { candidates: [], consulted: names.map(variableLabel) }
        : found(Either.left(environmentUnreadable))
  })
}

const environmentUnreadable = new ConfigInvalid({
  file: variableLabel("environment"),
  line: 0,
  column: 0,
  problem: "it cannot be read",
  remedy: "Set the variable, or remove it."
})
