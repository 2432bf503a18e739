/**
 * opencode's configuration, as opencode 1.18.33 was seen to read it: for each provider the key that opencode would use, and,
 * where there is none, the command in `options.apiKeyCommand`.
 *
 * Where opencode's way does harm ours is safe; docs/configuration.md has the list. Nothing is written, nothing is fetched.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { type ApiKeyError, ConfigInvalid, KeyNotConfigured } from "./ApiKeyError.js"
import type { Provider, Requirements } from "./ApiKeyProvider.js"
import * as ApiKeySource from "./ApiKeySource.js"
import { type Contribution, HelperPolicy } from "./HelperPolicy.js"
import { decodeUrl } from "./internal/config/file.js"
import { type Candidate, type Configuration, exists, type Resolved, toProvider } from "./internal/config/resolve.js"
import { Surroundings, xdg } from "./internal/host/HostEnvironment.js"
import { isInside, realPathOf, weakSpot } from "./internal/host/ownership.js"
import { Hand } from "./internal/policy/provenance.js"
import { openToOthers } from "./internal/policy/rules.js"
import * as Document from "./internal/source/jsonc.js"
import { expanded, keyFrom } from "./internal/source/read.js"
import * as AuthJson from "./OpencodeAuthJson.js"
import * as Tree from "./opencode/config/mergedTree.js"
import * as Placeholder from "./opencode/config/placeholder.js"
import { variables } from "./opencode/config/variables.js"

type Needs = FileSystem.FileSystem | Path.Path

/**
 * The configuration, read once. What is wrong in it comes out for the provider that it concerns.
 *
 * @since 0.1.0
 * @category models
 */
export interface OpencodeConfig {
  /** The ids under `provider`. */
  readonly ids: ReadonlyArray<string>
  /** What opencode would take the key from, and the command after it, as a provider; it lives as long as the scope. */
  readonly provider: (id: string) => Effect.Effect<Provider, never, Requirements | HelperPolicy | Scope.Scope>
  /**
   * A provider's `options` less the key and its command, placeholders replaced. What a project's file may not see or send
   * without the user's trust is `CommandNotTrusted`.
   */
  readonly options: (id: string) => Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs | HelperPolicy>
}

/**
 * The same, for our own command line.
 *
 * @internal
 */
export interface Loaded extends OpencodeConfig, Configuration {
  /** The files that were read, without links in their paths. */
  readonly files: ReadonlyArray<string>
  /** All that the files say of a provider, whoever wrote it, placeholders replaced: to compare with, not to be used. */
  readonly written: (id: string) => Effect.Effect<unknown, ApiKeyError, Needs>
}

// --- the files, the last wins

interface Source {
  readonly name: string
  readonly text: Effect.Effect<Document.Document, ApiKeyError, FileSystem.FileSystem>
  readonly hand: "user" | "project" | "environment"
  /** Where `{file:}` starts from. */
  readonly folder: string
  readonly root: string
  /** Its `{env:}` sees what well-known servers gave. */
  readonly seesWellKnown: boolean
}

const names = ["opencode.json", "opencode.jsonc"]
const managedFolders: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "/Library/Application Support/opencode",
  win32: "C:\\ProgramData\\opencode"
}

/** The folders from one up to its repository's root, or to the top where there is none. */
const upwards = (
  from: string
): Effect.Effect<{ readonly folders: ReadonlyArray<string>; readonly root: string }, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { home: namedHome } = yield* Surroundings
    const home = yield* realPathOf(namedHome)
    const folders: Array<string> = []
    for (let folder = from; ; folder = path.dirname(folder)) {
      folders.push(folder)
      // A repository of the home directory is no project: what is in it is the user's.
      if (yield* exists(path.join(folder, ".git"))) {
        return { folders, root: isInside(folder, home, path) ? from : folder }
      }
      // Without a repository the project is where we stand.
      if (path.dirname(folder) === folder) return { folders, root: from }
    }
  })

const isSet = (value: string | undefined): value is string => value !== undefined && value !== ""

const sources: Effect.Effect<ReadonlyArray<Source>, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const surroundings = yield* Surroundings
  const { cwd, env, home } = surroundings
  const { folders, root } = yield* upwards(cwd)
  const global = path.join(xdg(surroundings, "XDG_CONFIG_HOME", path.join), "opencode")
  const config = env["OPENCODE_CONFIG"]
  const configFolder = env["OPENCODE_CONFIG_DIR"]
  const usesProject = !/^(?:true|1)$/i.test(env["OPENCODE_DISABLE_PROJECT_CONFIG"] ?? "")
  const inFolder = (folder: string) => names.map((name) => path.join(folder, name))
  const dotFolders = new Set([
    ...(usesProject ? folders.map((folder) => path.join(folder, ".opencode")) : []),
    path.join(home, ".opencode"),
    ...(isSet(configFolder) ? [path.resolve(cwd, configFolder)] : [])
  ])
  // The folders may be links of the user's own; a file in one may not lead out of it.
  const ownAsNamed = [global, path.join(home, ".opencode")]
  const own = yield* Effect.forEach(ownAsNamed, realPathOf)
  const files = [
    ...["config.json", ...names].map((name) => path.join(global, name)),
    ...(isSet(config) ? [path.resolve(cwd, config)] : []),
    ...(usesProject ? [...folders].reverse().flatMap(inFolder) : []),
    ...Array.from(dotFolders).flatMap(inFolder)
  ]
  const managed = inFolder(managedFolders[process.platform] ?? "/etc/opencode")
  const pointed = [config, configFolder].filter(isSet).map((named) => path.resolve(cwd, named))

  /** What the environment points at is the user's, unless it is in the project; so is what is in his own folders. */
  const fromFile = (seesWellKnown: boolean) => (file: string) =>
    Effect.gen(function* () {
      const real = yield* realPathOf(file)
      const folder = path.dirname(file)
      const foundIn = yield* realPathOf(folder)
      const isOwn =
        // What was cloned below one of his folders is not his; nor is a project's link to his file, which is read from where the link is.
        [foundIn, path.dirname(real)].every((each) => own.includes(each)) ||
        !seesWellKnown ||
        (pointed.some((place) => isInside(place, file, path)) &&
          // Neither found in the project nor by a link out of it.
          ![file, foundIn, real].some((place) => isInside(root, place, path)))
      const hand = isOwn ? "user" : "project"
      return {
        name: real,
        text: Effect.gen(function* () {
          const weak = isOwn ? yield* Effect.provideService(weakSpot(file), Path.Path, path) : Option.none()
          if (Option.isSome(weak)) return yield* openToOthers(real, weak.value)
          // What was judged, not where a link leads by now.
          return yield* Placeholder.parse(real, yield* Document.readText(real))
        }),
        hand,
        // His as he names it, not as a project's link to it does.
        folder: (ownAsNamed.includes(folder) ? undefined : ownAsNamed[own.indexOf(foundIn)]) ?? folder,
        root: isInside(root, real, path) ? root : path.dirname(real),
        seesWellKnown
      } as const
    })

  const content = env["OPENCODE_CONFIG_CONTENT"]
  const contentName = "OPENCODE_CONFIG_CONTENT"
  const inline: ReadonlyArray<Source> = isSet(content)
    ? [
        {
          name: contentName,
          text: Effect.suspend(() => Placeholder.parse(contentName, content)),
          hand: "environment",
          folder: cwd,
          root,
          seesWellKnown: false
        }
      ]
    : []
  const there = yield* Effect.filter(files, exists)
  const managedThere = yield* Effect.filter(managed, exists)
  return [
    ...(yield* Effect.forEach(there, fromFile(true))),
    ...inline,
    ...(yield* Effect.forEach(managedThere, fromFile(false)))
  ]
})

// --- what is merged

interface Origin {
  readonly source: Source
  readonly scope: Placeholder.Scope
}

interface Said {
  readonly origin: Origin
  readonly says: unknown
  readonly tree: Tree.Tree<Origin>
}

const handOf = ({ source }: Origin, at: Document.Position): Hand => {
  const place = { file: source.name, ...at }
  switch (source.hand) {
    case "user":
      return Hand.User(place)
    case "environment":
      return Hand.Environment()
    case "project":
      return Hand.Project({ ...place, root: source.root })
  }
}

const placeOf = (leaf: Tree.Leaf<Origin>) => ({ file: leaf.origin.source.name, ...leaf.at })

const wrong = (leaf: Tree.Leaf<Origin>, problem: string, remedy: string): ConfigInvalid =>
  new ConfigInvalid({ ...placeOf(leaf), problem, remedy })

/**
 * Reads opencode's configuration from all its places, as it would in the working directory of the process.
 *
 * @since 0.1.0
 * @category constructors
 */
export const load: Effect.Effect<OpencodeConfig, never, Needs> = Effect.suspend(() => loadAll)

/**
 * @internal
 */
export const loadAll: Effect.Effect<Loaded, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { env, home } = yield* Surroundings
  const auth = yield* Effect.either(AuthJson.read())
  const wellKnown = new Map(
    Array.from(Either.getOrElse(auth, () => new Map<string, AuthJson.Entry>()).values()).flatMap((entry) =>
      entry.type === "wellknown" ? [[entry.key, Redacted.value(entry.token)] as const] : []
    )
  )
  const failures: Array<{ readonly name: string; readonly error: ApiKeyError }> = []
  /** What projects' files say, by the provider's id. */
  const said = new Map<string, ReadonlyArray<Said>>()
  let merged: Tree.Tree<Origin> = Tree.empty
  const all = yield* sources
  for (const source of all) {
    const document = yield* Effect.either(source.text)
    if (Either.isLeft(document)) {
      failures.push({ name: source.name, error: document.left })
      continue
    }
    const { root, text } = document.right
    const scope: Placeholder.Scope = {
      variable: (name) => (source.seesWellKnown ? wellKnown.get(name) : undefined) ?? env[name],
      folder: source.folder,
      home
    }
    const origin: Origin = { source, scope }
    if (root.type !== "object") {
      const leaf = Tree.leafAt(root, text, origin)
      failures.push({ name: source.name, error: wrong(leaf, "it is not an object", "Put it into braces: { … }") })
      continue
    }
    const nameOf = (key: string): string =>
      // A name is no place for a secret, and nobody is asked about it.
      source.hand === "project" ? key : Placeholder.fillVariables(key, scope)
    const member = Tree.memberOf(root, "provider", text, origin, nameOf)
    if (member === undefined) continue
    const { node, tree } = member
    if (tree._tag === "Leaf" && Tree.isEmptyObject(tree.value)) continue
    if (tree._tag === "Leaf") {
      const error = wrong(tree, "`provider` is not an object", 'For example "provider": { "openai": { … } }.')
      failures.push({ name: source.name, error })
      continue
    }
    merged = Tree.merge(merged, tree)
    if (source.hand !== "project") continue
    const providers = Document.valueOf(node)
    for (const [id, each] of tree.children) {
      const before = said.get(id) ?? []
      said.set(id, [...before, { origin, says: isRecord(providers) ? providers[id] : undefined, tree: each }])
    }
  }
  const children = merged._tag === "Branch" ? merged.children : new Map<string, Tree.Tree<Origin>>()

  const resolve = (id: string): Resolved => {
    const tree = children.get(id)
    const parts = partsOf(id, tree, { auth, env, path })
    const contributions = (said.get(id) ?? []).map(({ origin: { source }, says, tree: own }): Contribution => {
      // What is run may be put together of several files: trust is for the whole.
      const whole = Tree.at(own, commandPath) && Tree.at(tree, commandPath)
      return {
        file: source.name,
        root: source.root,
        provider: id,
        says,
        commands: Option.match(whole === undefined ? Option.none() : commandIn(tree, path), {
          onNone: () => [],
          onSome: ({ source: command }) =>
            Either.match(command, {
              onLeft: () => [],
              onRight: (valid) => (valid._tag === "Command" ? [valid.command] : [])
            })
        }),
        whole: whole && plain(whole)
      }
    })
    const broken = failures.map(({ error }): Candidate => ({ hand: Hand.Environment(), source: Either.left(error) }))
    return {
      provider: id,
      candidates: [...broken, ...misshapenIn(tree), ...parts.candidates],
      silent: parts.silent,
      goesTo: goesToOf(tree),
      contributions,
      notes: parts.notes
    }
  }

  return {
    files: all.map(({ name }) => name),
    ids: Array.from(children.keys()),
    problems: failures.map(({ error }) => error),
    resolve: (id) => Effect.sync(() => resolve(id)),
    written: (id) => filled(children.get(id) ?? Tree.empty, filledText),
    provider: (id) => Effect.suspend(() => toProvider(resolve(id))),
    options: (id) => optionsOf(children.get(id), resolve(id), failures)
  }
})

// --- one provider

const commandPath: ReadonlyArray<string> = ["options", "apiKeyCommand"]

const stringLeaf = (tree: Tree.Tree<Origin> | undefined): Tree.Leaf<Origin> | undefined =>
  tree?._tag === "Leaf" ? tree : undefined

interface Around {
  readonly auth: Either.Either<AuthJson.AuthJson, ApiKeyError>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly path: Path.Path
}

const hasKey = (entry: AuthJson.Entry | undefined): boolean =>
  entry?.type === "api" && Option.isSome(AuthJson.keyOf(entry))

/** In opencode the later wins; here the first that has a key does, so the order is turned around. */
const partsOf = (
  id: string,
  tree: Tree.Tree<Origin> | undefined,
  around: Around
): Pick<Resolved, "candidates" | "silent" | "notes"> => {
  const candidates: Array<Candidate> = []
  const silent: Array<string> = []
  const notes: Array<string> = []

  const written = Tree.at(tree, ["options", "apiKey"])
  if (written === undefined) silent.push("options.apiKey")
  else {
    const configured = writtenKey(written, id, around)
    candidates.push(...Option.toArray(configured.candidate))
    silent.push(...(Option.isNone(configured.candidate) ? ["options.apiKey"] : []))
    notes.push(...configured.notes)
  }

  if (Either.isLeft(around.auth)) candidates.push({ hand: Hand.Environment(), source: Either.left(around.auth.left) })
  else if (hasKey(around.auth.right.get(id))) {
    candidates.push({ hand: Hand.Environment(), source: Either.right(ApiKeySource.auth(id)) })
  } else silent.push(`auth.json entry ${id}`)

  const named = variablesOf(id, tree)
  const [name] = named.names
  if (name !== undefined && named.names.length === 1) {
    candidates.push({ hand: named.hand, source: Either.right(ApiKeySource.env(name)) })
  } else if (name !== undefined) notes.push("of several variables opencode takes none; its SDK may read them itself")

  const command = commandIn(tree, around.path)
  candidates.push(...Option.toArray(command))
  if (Option.isNone(command)) silent.push("options.apiKeyCommand")
  return { candidates, silent, notes }
}

/** What opencode would refuse to start with. */
const misshapenIn = (tree: Tree.Tree<Origin> | undefined): ReadonlyArray<Candidate> => {
  const checks: ReadonlyArray<readonly [path: ReadonlyArray<string>, problem: string, example: string]> = [
    [[], "the provider is not an object", '{ "options": { … } }'],
    [["options"], "`options` is not an object", '"options": { "apiKey": "{env:OPENAI_API_KEY}" }'],
    [["env"], "`env` is not a list of names", '"env": ["OPENAI_API_KEY"]']
  ]
  for (const [path, problem, example] of checks) {
    const found = Tree.at(tree, path)
    if (found === undefined) continue
    const isRight =
      path[0] === "env"
        ? found._tag === "Leaf" && Array.isArray(found.value) && found.value.every((each) => typeof each === "string")
        : found._tag === "Branch" || Tree.isEmptyObject(found.value)
    const leaf = Tree.leaves(found)[0]?.leaf
    if (isRight || leaf === undefined) continue
    return [
      { hand: handOf(leaf.origin, leaf.at), source: Either.left(wrong(leaf, problem, `For example ${example}.`)) }
    ]
  }
  return []
}

const wholeVariable = /^\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/

const writtenKey = (
  written: Tree.Tree<Origin>,
  id: string,
  { env, path }: Around
): { readonly candidate: Option.Option<Candidate>; readonly notes: ReadonlyArray<string> } => {
  const leaf = written._tag === "Leaf" ? written : Tree.leaves(written)[0]?.leaf
  if (leaf === undefined) return { candidate: Option.none(), notes: [] }
  const hand = handOf(leaf.origin, leaf.at)
  const as = (source: Candidate["source"]) => Option.some({ hand, source })
  if (written._tag === "Branch" || typeof leaf.value !== "string") {
    const remedy = 'For example "{env:OPENAI_API_KEY}"; a command goes into "apiKeyCommand".'
    return { candidate: as(Either.left(wrong(leaf, "`apiKey` is not a string", remedy))), notes: [] }
  }
  const { value } = leaf
  const { scope } = leaf.origin
  if (value.trim() === "") return { candidate: Option.none(), notes: [hidesAuth("`apiKey` is empty", leaf)] }
  const variable = wholeVariable.exec(value)?.[1]
  const notes =
    variable !== undefined && !isSet(scope.variable(variable)) ? [hidesAuth(`${variable} is not set`, leaf)] : []
  // A variable that a well-known server gave stands in no environment.
  if (variable !== undefined && env[variable] === scope.variable(variable))
    return { candidate: as(Either.right(ApiKeySource.env(variable))), notes }
  if (!Placeholder.isIn(value)) return { candidate: as(Either.right(ApiKeySource.literal(value))), notes }
  return {
    candidate: as(
      Either.right({
        _tag: "Template",
        label: "options.apiKey",
        singles: Placeholder.sourcesIn(value, scope, path),
        read: Effect.flatMap(Placeholder.fill(value, scope, badReference(leaf)), (key) =>
          key.trim() === "" ? Effect.fail(emptyKey(leaf, id)) : keyFrom("options.apiKey", key)
        )
      })
    ),
    notes
  }
}

/** A project's ends the search: what comes after it is for where the user pointed it, not for where the project's key goes. */
const emptyKey = (leaf: Tree.Leaf<Origin>, provider: string): ApiKeyError =>
  isProjectLeaf(leaf)
    ? wrong(leaf, "`apiKey` comes out empty", "Put a key where it points, or remove it.")
    : new KeyNotConfigured({ provider, tried: ["options.apiKey"] })

const hidesAuth = (what: string, leaf: Tree.Leaf<Origin>): string => {
  const { file, line, column } = placeOf(leaf)
  return `${file}:${line}:${column}: ${what}: opencode would send no key and not look at auth.json; here the next source is asked`
}

const badReference =
  (leaf: Tree.Leaf<Origin>) =>
  (file: string): ConfigInvalid =>
    wrong(
      leaf,
      `bad file reference: ${file} does not exist`,
      "Create the file, or correct the path; it starts from the folder of this file."
    )

const variablesOf = (
  id: string,
  tree: Tree.Tree<Origin> | undefined
): { readonly names: ReadonlyArray<string>; readonly hand: Hand } => {
  const leaf = stringLeaf(Tree.at(tree, ["env"]))
  if (leaf !== undefined && Array.isArray(leaf.value)) {
    const names = leaf.value.filter((name: unknown) => typeof name === "string")
    return { names, hand: handOf(leaf.origin, leaf.at) }
  }
  return {
    names: Object.hasOwn(variables, id) ? Option.toArray(Option.fromNullable(variables[id])) : [],
    hand: Hand.Environment()
  }
}

const isProjectLeaf = ({ origin }: Tree.Leaf<Origin>): boolean => origin.source.hand === "project"

/** Of what several files put together, a project's part decides. */
const decisive = (tree: Tree.Tree<Origin>): Tree.Leaf<Origin> | undefined => {
  const all = Tree.leaves(tree).map(({ leaf }) => leaf)
  return all.find(isProjectLeaf) ?? all[0]
}

const plain = (tree: Tree.Tree<Origin>): unknown =>
  tree._tag === "Leaf"
    ? tree.value
    : Object.fromEntries(Array.from(tree.children, ([key, child]) => [key, plain(child)]))

/** Here the time to live may stand beside the other options; it belongs to the cache. */
const withCache = (command: unknown): unknown => {
  if (!isRecord(command) || !("timeToLive" in command)) return command
  const { timeToLive, cache, ...run } = command
  return { ...run, cache: isRecord(cache) || cache === undefined ? { timeToLive, ...cache } : cache }
}

const withTimeToLive = (remedy: string | undefined): string | undefined =>
  remedy?.replace(/^Use one of: argv.*/, "$&, timeToLive")

/** Each path from the folder of the file that says it, which need not be the one that decides. */
const placed = (written: Tree.Tree<Origin>, path: Path.Path): Tree.Tree<Origin> => {
  const fromItsFolder = (leaf: Tree.Leaf<Origin>): unknown => {
    const { folder, home } = leaf.origin.scope
    const from = (text: string): string => expanded(text, { home, cwd: folder }, path)
    if (typeof leaf.value === "string") return leaf.value.trim() === "" ? leaf.value : from(leaf.value)
    if (!Array.isArray(leaf.value)) return leaf.value
    const [program, ...args]: ReadonlyArray<unknown> = leaf.value
    if (typeof program !== "string") return leaf.value
    const filled = args.map((each) =>
      typeof each === "string" ? Placeholder.fillVariables(each, leaf.origin.scope) : each
    )
    // A bare name is looked for on PATH.
    return [/[\\/]/.test(program) ? from(program) : program, ...filled]
  }
  if (written._tag === "Leaf") {
    return Array.isArray(written.value) ? { ...written, value: fromItsFolder(written) } : written
  }
  return {
    ...written,
    children: new Map(
      Array.from(written.children, ([key, child]): [string, Tree.Tree<Origin>] => {
        const isPlace = (key === "argv" && child._tag === "Leaf" && Array.isArray(child.value)) || key === "cwd"
        return [key, isPlace && child._tag === "Leaf" ? { ...child, value: fromItsFolder(child) } : child]
      })
    )
  }
}

const onlyInArguments = "Only {env:NAME} in an argument is: write what it stands for, or let the helper look for it."

const commandIn = (tree: Tree.Tree<Origin> | undefined, path: Path.Path): Option.Option<Candidate> => {
  const written = Tree.at(tree, commandPath)
  const leaf = written && decisive(written)
  if (written === undefined || leaf === undefined) return Option.none()
  const run = placed(written, path)
  const source = Tree.leaves(run).some(({ leaf: { value } }) => Placeholder.isIn(JSON.stringify(value)))
    ? Either.left(wrong(leaf, "apiKeyCommand: a placeholder stands where none is replaced", onlyInArguments))
    : Either.mapLeft(ApiKeySource.decodeProblem({ command: withCache(plain(run)) }), ({ problem, remedy }) =>
        wrong(leaf, `apiKeyCommand: ${problem}`, withTimeToLive(remedy) ?? 'For example ["op", "read", "op://…"].')
      )
  return Option.some({ hand: handOf(leaf.origin, leaf.at), source })
}

// --- where the key goes

/**
 * What a project may say of a provider without pointing anything anywhere.
 *
 * @internal
 */
export const harmlessFields: ReadonlySet<string> = new Set(["name", "id", "whitelist", "blacklist"])
/**
 * @internal
 */
export const harmlessOptions: ReadonlySet<string> = new Set([
  "apiKeyCommand",
  "timeout",
  "headerTimeout",
  "chunkTimeout",
  "setCacheKey"
])
/**
 * Fields of a model that turn its requests.
 *
 * @internal
 */
export const turning: ReadonlySet<string> = new Set(["headers", "provider", "options", "variants"])

/**
 * One that holds no key lets the next source be asked: another key, for where the user pointed his own. Where he pointed the
 * provider nowhere, a variable that is not set takes no other key away.
 */
const isBlankKey = ({ origin, value }: Tree.Leaf<Origin>, isPointed: boolean): boolean => {
  if (typeof value !== "string") return true
  const variable = wholeVariable.exec(value)?.[1]
  return variable === undefined
    ? value.trim() === ""
    : isPointed && (origin.scope.variable(variable) ?? "").trim() === ""
}

/**
 * Whether a model's id or name may lead to another place of the server: some of opencode's packages put it into the URL's path
 * as it is. A placeholder may, too: opencode fills it.
 *
 * @internal
 */
export const leadsAway = (model: unknown): boolean => /[%?#\\{\p{Cc}]|(?:^|\/)\.{0,2}(?:\/|$)/u.test(String(model))

/** Element by element: names come from the file and may hold any character. */
const isPointing = (path: ReadonlyArray<string>, leaf: Tree.Leaf<Origin>, isPointed: boolean): boolean => {
  const [first, second, third] = path
  const { value } = leaf
  if (first === undefined) return !Tree.isEmptyObject(value)
  if (first === "options") {
    if (second === undefined) return !Tree.isEmptyObject(value)
    if (second === "apiKey") return isBlankKey(leaf, isPointed)
    return !harmlessOptions.has(second)
  }
  if (first !== "models") return path.length > 1 || !harmlessFields.has(first)
  if ((second !== undefined && leadsAway(second)) || (third === "id" && leadsAway(value))) return true
  return third === undefined ? !Tree.isEmptyObject(value) : turning.has(third)
}

const goesToOf = (tree: Tree.Tree<Origin> | undefined): Resolved["goesTo"] => {
  const base = stringLeaf(Tree.at(tree, ["options", "baseURL"])) ?? stringLeaf(Tree.at(tree, ["api"]))
  const isPointed = base !== undefined && !isProjectLeaf(base)
  const pointing = Tree.leaves(tree).find(
    ({ leaf, path }) => isProjectLeaf(leaf) && isPointing(path, leaf, isPointed)
  )?.leaf
  const leaf = pointing ?? base
  if (leaf === undefined) return Option.none()
  return Option.some({ origin: originOf(base), hand: handOf(leaf.origin, leaf.at) })
}

/** Of a project's URL the placeholders stay as they are: nothing of the user's gets into it before it is trusted. */
const originOf = (base: Tree.Leaf<Origin> | undefined): string => {
  if (base === undefined) return "the provider's own"
  const text = String(base.value)
  const url = decodeUrl(isProjectLeaf(base) ? text : Placeholder.fillVariables(text, base.origin.scope))
  return Either.match(url, { onLeft: () => text, onRight: ({ origin }) => origin })
}

// --- options

type Fill = (leaf: Tree.Leaf<Origin>, value: unknown) => Effect.Effect<unknown, ApiKeyError, Needs>

const filledText: Fill = (leaf, value) =>
  typeof value === "string" ? Placeholder.fill(value, leaf.origin.scope, badReference(leaf)) : Effect.succeed(value)

const filled = (tree: Tree.Tree<Origin>, fill: Fill): ReturnType<Fill> => {
  const inside = (leaf: Tree.Leaf<Origin>, value: unknown): ReturnType<Fill> =>
    Array.isArray(value)
      ? Effect.forEach(value, (each: unknown) => inside(leaf, each))
      : isRecord(value)
        ? eachOf(Object.entries(value), (each) => inside(leaf, each))
        : fill(leaf, value)
  return tree._tag === "Leaf" ? inside(tree, tree.value) : eachOf(tree.children, (child) => filled(child, fill))
}

const eachOf = <A>(
  members: Iterable<readonly [string, A]>,
  f: (value: A) => ReturnType<Fill>
): Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs> =>
  Effect.map(
    Effect.forEach(members, ([key, value]) => Effect.map(f(value), (result) => [key, result] as const)),
    Object.fromEntries
  )

const ownOptions: ReadonlyArray<string> = ["apiKey", "apiKeyCommand"]

const optionsOf = (
  tree: Tree.Tree<Origin> | undefined,
  { provider, goesTo, contributions }: Resolved,
  failures: ReadonlyArray<{ readonly error: ApiKeyError }>
): Effect.Effect<Readonly<Record<string, unknown>>, ApiKeyError, Needs | HelperPolicy> =>
  Effect.gen(function* () {
    const [failure] = failures
    if (failure !== undefined) return yield* failure.error
    const policy = yield* HelperPolicy
    const path = yield* Path.Path

    const permitted: Fill = (leaf, value) =>
      Effect.gen(function* () {
        const text = typeof value === "string" ? value : ""
        const hand = handOf(leaf.origin, leaf.at)
        const written: ApiKeySource.Single = { _tag: "Literal", literal: Redacted.make(text) }
        for (const source of [written, ...Placeholder.sourcesIn(text, leaf.origin.scope, path)]) {
          yield* policy.authorize({ provider, source, hand, goesTo, contributions })
        }
        return yield* filledText(leaf, value)
      })

    const own = Tree.at(tree, ["options"])
    if (own?._tag !== "Branch") return {}
    const others = Array.from(own.children).filter(([key]) => !ownOptions.includes(key))
    return yield* eachOf(others, (child) => filled(child, permitted))
  })
