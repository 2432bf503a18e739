/**
 * Which commands may run, and which keys may go where: what the user's own hand wrote runs, what a project brings needs his
 * word or a policy's.
 *
 * The rules, what a digest covers, and the race that remains are in docs/trust.md.
 *
 * @since 0.1.0
 */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import { type ApiKeyError, CommandNotExecutable, CommandNotFound, CommandNotTrusted } from "./ApiKeyError.js"
import { type RunOptions, type Single, variablesFor } from "./ApiKeySource.js"
import type * as CredentialHelper from "./CredentialHelper.js"
import { findProgram, remedyFor, type SearchOptions } from "./internal/helper/searchPath.js"
import { Surroundings } from "./internal/host/HostEnvironment.js"
import { isInside, realPathOf, told, weakSpot } from "./internal/host/ownership.js"
import * as hand from "./internal/policy/provenance.js"
import { PolicyRules, policyInForce } from "./internal/policy/rules.js"
import * as TrustStore from "./internal/policy/trustStore.js"
import { programName, shownPath, shownPlaces } from "./internal/redact/programName.js"
import { expanded } from "./internal/source/read.js"
import { digestOf, fileDigest } from "./internal/util/digest.js"
import { isIn } from "./opencode/config/placeholder.js"

/**
 * Whose hand wrote something, and where: the environment, a file of the user's, or one that came with a project (`root` is
 * the project's folder). What is written in code asks no policy.
 *
 * @since 0.1.0
 * @category models
 */
export type Hand = hand.Hand

/**
 * @since 0.1.0
 * @category constructors
 */
export const Hand = hand.Hand

/**
 * What one file of a project says of one provider. Trust is for exactly that.
 *
 * @since 0.1.0
 * @category models
 */
export interface Contribution {
  /** Without links in its path. */
  readonly file: string
  readonly root: string
  readonly provider: string
  /** As it stands there, placeholders not replaced. */
  readonly says: unknown
  /** The commands in it. */
  readonly commands: ReadonlyArray<RunOptions>
  /** The whole command, placeholders not replaced, where other files may have a part in it. */
  readonly whole?: unknown
}

/**
 * What is asked of a policy before a source is read or a command is run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Demand {
  readonly provider: string
  readonly source: Single
  /** Whose hand wrote the source. */
  readonly hand: Hand
  /** The origin that the key goes to, and whose hand pointed it there. */
  readonly goesTo: Option.Option<{ readonly origin: string; readonly hand: Hand }>
  /** What projects' files say of the provider. */
  readonly contributions: ReadonlyArray<Contribution>
}

/**
 * Leave to go on: which options of the run are to be changed, and why it may be, in words for a person.
 *
 * @since 0.1.0
 * @category models
 */
export interface Permit {
  readonly options: Partial<CredentialHelper.Options>
  readonly because: string
}

type Needs = FileSystem.FileSystem | Path.Path

/**
 * @since 0.1.0
 * @category models
 */
export interface Policy {
  /**
   * `CommandNotTrusted` is a refusal. For a project's command the permit names the program by its path, and that is what is run.
   * Equal commands of several providers share a run: each provider is asked about, and the options of one permit are taken.
   */
  readonly authorize: (demand: Demand) => Effect.Effect<Permit, ApiKeyError, Needs>
}

/**
 * @since 0.1.0
 * @category tags
 */
export class HelperPolicy extends Context.Tag("effect-apikey/HelperPolicy")<HelperPolicy, Policy>() {}

/**
 * The rules beside the user's trust. `allow`: commands that may run without it, the program with patterns for its arguments,
 * one each; `*` stands for any text but `..`, and for no option at an argument's start. A project's command is covered only
 * if it sets neither `env`, `cwd` nor `path`, has no placeholder, and the key goes nowhere that the project says. `project`: its commands need trust
 * or a place on the list (`"trust"`, default), a place on the list (`"allow"`), or never run (`"deny"`). `user`: the user's own
 * commands run (`"run"`, default), or only those on the list (`"allow"`).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Rules = PolicyRules

/**
 * @since 0.1.0
 * @category models
 */
export type Rules = PolicyRules

// --- what a project may not set, whoever trusts it

const forbiddenVariables: ReadonlyArray<RegExp> = [
  /^(?:LD|DYLD|GIT|XDG|NODE|NPM_CONFIG|GLIBC|BASH_FUNC|EFFECT_APIKEY)_/,
  /^(?:PYTHON|PERL5|RUBY)|^PERLLIB$|^GEM_|^BUNDLE_/,
  /_PROXY$/,
  /^SSL_CERT_|^SSLKEYLOGFILE$|_CA_BUNDLE$|^OPENSSL_CONF$|^OPENSSL_MODULES$/,
  /^(?:BASH_ENV|ENV|SHELLOPTS|BASHOPTS|PS4|IFS|PROMPT_COMMAND|CDPATH|ZDOTDIR)$/,
  /^(?:PATH|PATHEXT|HOME|USERPROFILE|SHELL|TMPDIR|EDITOR|VISUAL|PAGER|LESSOPEN|BROWSER)$/,
  /^(?:SSH_ASKPASS|SSH_ASKPASS_REQUIRE|SUDO_ASKPASS|SSH_AUTH_SOCK|GNUPGHOME|KUBECONFIG|DOCKER_CONFIG|CURL_HOME|WGETRC)$/,
  /^(?:JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|JDK_JAVA_OPTIONS|CLASSPATH|GCONV_PATH|LOCPATH|NLSPATH)$/,
  /^AWS_(?:CONFIG_FILE|SHARED_CREDENTIALS_FILE|ENDPOINT_URL.*|CA_BUNDLE)$/,
  /^BUN_|^DENO_|^LUA_|^TCL/,
  /^(?:DOTNET|CORECLR|COR)_|^OPENSSL_ENGINES$|^HOSTALIASES$|^TERMINFO|^DBUS_|^(?:COMSPEC|SYSTEMROOT|PSMODULEPATH)$/,
  // The tools that people keep keys with: where they find their configuration, and what they load or start.
  /^PASSWORD_STORE_|^CLOUDSDK_(?:PYTHON|CONFIG$|API_ENDPOINT|AUTH_|PROXY_)|^VAULT_(?:CONFIG_PATH|CACERT|CAPATH|SKIP_VERIFY)$/,
  /_(?:CONFIG_DIR|EXTENSION_DIR|APPDATA_DIR)$|^GH_PATH$/
]

/**
 * Whether a variable loads code into a program or redirects a tool: a project may not set it, even when it is trusted.
 *
 * @since 0.1.0
 * @category getters
 */
export const isForbiddenVariable = (name: string): boolean =>
  forbiddenVariables.some((pattern) => pattern.test(name.toUpperCase()))

// --- the allow list

/** `*` stands for any text. Each piece between two at its first place: no going back, however a project writes its argument. */
const fits = (pattern: string, text: string): boolean => {
  const pieces = pattern.split("*")
  const [first = "", last = ""] = [pieces[0], pieces.at(-1)]
  const end = text.length - last.length
  if (!text.startsWith(first) || !text.endsWith(last) || end < first.length) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

const parentSegment = /(?:^|[/\\])\.\.(?:[/\\]|$)/

const argumentMatches = (pattern: string, argument: string): boolean =>
  pattern === argument ||
  (pattern.includes("*") &&
    fits(pattern, argument) &&
    !parentSegment.test(argument) &&
    !(pattern.startsWith("*") && argument.startsWith("-")))

/**
 * Whether a command's arguments fit an entry of the allow list. The program is not looked at: it is compared by its path.
 *
 * @since 0.1.0
 * @category getters
 */
export const argumentsMatch = (pattern: ReadonlyArray<string>, argv: ReadonlyArray<string>): boolean =>
  pattern.length === argv.length &&
  pattern.slice(1).every((part, index) => argumentMatches(part, argv[index + 1] ?? ""))

// --- programs

/** What holds the user's home is no project: what is in it is the user's. */
const projectFolder = (root: string): Effect.Effect<Option.Option<string>, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { home } = yield* Surroundings
    const holdsHome = [yield* realPathOf(home), home].some((folder) => isInside(root, folder, path))
    return holdsHome ? Option.none() : Option.some(root)
  })

/** PATH less what is empty, relative, in the project, or open to others. */
const safePath = (root: Option.Option<string>): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { env } = yield* Surroundings
    const delimiter = process.platform === "win32" ? ";" : ":"
    const kept: Array<string> = []
    for (const entry of (env["PATH"] ?? "").split(delimiter)) {
      if (entry === "" || !path.isAbsolute(entry)) continue
      const real = yield* Effect.option(fs.realPath(entry))
      if (Option.isNone(real)) continue
      if (Option.exists(root, (folder) => [real.value, entry].some((place) => isInside(folder, place, path)))) continue
      if (Option.isSome(yield* weakSpot(entry))) continue
      kept.push(entry)
    }
    return kept.join(delimiter)
  })

/**
 * The PATH in which a command's program is looked for, where a policy decides about it.
 *
 * @internal
 */
export const searchPathFor = (from: Hand): Effect.Effect<string, never, Needs> =>
  isProject(from) ? Effect.flatMap(projectFolder(from.root), safePath) : safePath(Option.none())

const onlyIn = (searchPath: string): SearchOptions => ({
  env: { PATH: searchPath },
  cwd: Option.some("/"),
  platform: process.platform,
  beyond: []
})

/** The program by its path. One in the project is found only by a path, never by a name. */
const resolveProgram = (program: string, searchPath: string, file: string): Effect.Effect<string, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    const command = programName([program])
    const found = yield* findProgram(program, onlyIn(searchPath))
    if (found._tag === "NotExecutable") {
      return yield* new CommandNotExecutable({
        command,
        path: shownPath(program, command, found.path),
        remedy: remedyFor[found.obstacle]
      })
    }
    if (found._tag === "Missing") {
      return yield* new CommandNotFound({
        command,
        searched: shownPlaces(program, found.searched),
        remedy:
          "For a project's command no entry of PATH counts that is empty, relative, in the project or open to others."
      })
    }
    const weak = yield* weakSpot(found.path)
    if (Option.isSome(weak)) {
      const { problem, remedy } = told(weak.value, "")
      return yield* new CommandNotTrusted({ command, file, remedy: `Here ${problem}. ${remedy}` })
    }
    return found.path
  })

// --- trust

const sortedJson = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(sortedJson)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(
    Object.entries(value)
      .sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
      .map(([key, inner]) => [key, sortedJson(inner)])
  )
}

const digestVersion = 2

/** What Node and Python look for where an argument names no file: it with an ending, or what stands in it as a folder. */
const implied: ReadonlyArray<string> = [
  ...[".js", ".json", ".node", ".py"],
  ...["package.json", "index.js", "index.json", "index.node", "__main__.py", "__init__.py"].map((each) => `/${each}`)
]

interface Named {
  readonly named: string
  readonly isProgram: boolean
}

/** What in an argv may name a file: the program by its path, an argument or what stands behind its `=`, a module of Python's. */
const namesIn = (argv: ReadonlyArray<string>): ReadonlyArray<Named> =>
  argv.flatMap((argument, index): ReadonlyArray<Named> => {
    if (index === 0) return /[\\/]/.test(argument) ? [{ named: argument, isProgram: true }] : []
    // A path may hold a `=` itself.
    const values = new Set([argument, argument.slice(argument.indexOf("=") + 1)])
    const isModule = argv[index - 1] === "-m"
    return Array.from(values, (value) => ({ named: isModule ? value.replaceAll(".", "/") : value, isProgram: false }))
  })

/**
 * The files that a project's commands run: the program where it is given by a path, and every argument that leads to a file
 * of the project's or names one from it, also as Node and Python name theirs: without its ending, by its folder, by `-m`.
 * Links are followed.
 *
 * @since 0.1.0
 * @category getters
 */
export const scriptsOf = ({ root, commands, file }: Contribution): Effect.Effect<ReadonlyArray<string>, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { home } = yield* Surroundings
    const found = new Set<string>()
    for (const { argv, cwd } of commands) {
      for (const { isProgram, named } of namesIn(argv)) {
        // The program itself counts wherever it is, and so does what is named from the project: it came with it.
        const isBrought = isProgram || !(path.isAbsolute(named) || named.startsWith("~"))
        const ends = isProgram ? [""] : ["", ...implied]
        const places = [cwd ?? home, path.dirname(file)].map((base) => expanded(named, { home, cwd: base }, path))
        for (const place of places.flatMap((each) => ends.map((end) => each + end))) {
          const real = yield* Effect.option(fs.realPath(place))
          if (Option.isNone(real)) continue
          const isProjects = [place, real.value].some((each) => isInside(root, each, path))
          if (!isBrought && !isProjects) continue
          const info = yield* Effect.option(fs.stat(real.value))
          if (Option.exists(info, ({ type }) => type === "File")) found.add(real.value)
        }
      }
    }
    return Array.from(found).sort()
  })

/**
 * What stands for trust in a contribution and the origin that the key goes to. It changes with the file's path, with
 * anything that the file says of the provider, with the command that it has a part in, with the origin, and with any file of the project that its commands name.
 *
 * @since 0.1.0
 * @category getters
 */
export const digest = (
  contribution: Contribution,
  origin: Option.Option<string>
): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const scripts = yield* scriptsOf(contribution)
    const contents = yield* Effect.forEach(scripts, (script) =>
      Effect.map(Effect.option(fileDigest(script)), (content) => [script, Option.getOrNull(content)])
    )
    const { file, provider, says, whole } = contribution
    const said = [says, whole ?? null].map(sortedJson)
    return digestOf([digestVersion, file, provider, ...said, Option.getOrNull(origin), contents])
  })

/**
 * Remembers that the user wants these as they were when the digest was taken, in `$XDG_DATA_HOME/effect-apikey/trust.json`.
 *
 * @since 0.1.0
 * @category combinators
 */
export const trust = (
  items: ReadonlyArray<{ readonly contribution: Contribution; readonly digest: string }>
): Effect.Effect<void, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    const at = yield* DateTime.now
    const added = items.map(({ contribution, digest: hash }) => ({
      file: contribution.file,
      provider: contribution.provider,
      program: contribution.commands.map(({ argv }) => programName(argv)).join(", "),
      digest: hash,
      at
    }))
    const digests = new Set(added.map((entry) => entry.digest))
    yield* TrustStore.update((before) => [...before.filter((entry) => !digests.has(entry.digest)), ...added])
  })

/**
 * Forgets all trust in a file; succeeds with how many there were.
 *
 * @since 0.1.0
 * @category combinators
 */
export const revoke = (file: string): Effect.Effect<number, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    let revoked = 0
    yield* TrustStore.update((before) => {
      const left = before.filter((entry) => entry.file !== file)
      revoked = before.length - left.length
      return left
    })
    return revoked
  })

/**
 * What is trusted, the oldest first. Of commands the program's name only.
 *
 * @since 0.1.0
 * @category getters
 */
export const trusted: Effect.Effect<ReadonlyArray<TrustStore.Trusted>, ApiKeyError, Needs> = TrustStore.read

// --- the policy

type ProjectHand = Extract<Hand, { readonly _tag: "Project" }>

const isProject = (self: Hand): self is ProjectHand => self._tag === "Project"

/** What the user would have without the project: its own variable, by the name that everybody uses. */
const isUsual = ({ provider, source }: Demand): boolean =>
  source._tag === "Env" && source.env === variablesFor(provider).key

/** What an allow list's patterns do not show may still decide what is asked: only times, retries and a format's bare name do not. */
const isShapedBy = ({
  timeout: _timeout,
  retries: _retries,
  cache,
  format,
  ...rest
}: Omit<RunOptions, "argv" | "env" | "cwd">): boolean =>
  Object.keys(rest).length > 0 ||
  cache?.onReject !== undefined ||
  // What a format is told goes to the program's stdin or environment, as an argument would.
  (typeof format === "object" && Object.keys(format).some((parameter) => parameter !== "name"))

/**
 * A policy from rules and the user's trust.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = (rules: Rules): Policy => {
  const isListed = (argv: ReadonlyArray<string>, program: string, searchPath: string) =>
    Effect.exists(
      (rules.allow ?? []).filter((pattern) => argumentsMatch(pattern, argv)),
      ([name = ""]) =>
        Effect.map(
          findProgram(name, onlyIn(searchPath)),
          (found) => found._tag === "Executable" && found.path === program
        )
    )

  /** All that projects' files say of the provider is trusted, as it stands now. */
  const requireTrust = (demand: Demand): Effect.Effect<Permit, ApiKeyError, Needs> =>
    Effect.gen(function* () {
      if (rules.project === "allow" || rules.project === "deny") {
        return yield* refusal(demand, "The policy in force lets no project be trusted.")
      }
      const known = yield* TrustStore.read
      const origin = Option.map(demand.goesTo, (to) => to.origin)
      for (const contribution of demand.contributions) {
        const ofFile = known.filter((entry) => entry.file === contribution.file)
        // Where nothing is trusted nothing is read.
        const hash = ofFile.length === 0 ? "" : yield* digest(contribution, origin)
        if (!ofFile.some((entry) => entry.digest === hash)) {
          return yield* refusal(demand, undefined, contribution.file)
        }
      }
      return { options: {}, because: "you trusted it" }
    })

  const projectCommand = (demand: Demand, { argv, env, cwd, ...run }: RunOptions, { file, root }: ProjectHand) =>
    Effect.gen(function* () {
      const forbidden = Object.keys(env ?? {}).find(isForbiddenVariable)
      if (forbidden !== undefined) {
        return yield* refusal(demand, `A project may not set ${forbidden}, trusted or not: remove it from ${file}.`)
      }
      if (rules.project === "deny") return yield* refusal(demand, "The policy in force lets no project run commands.")
      const path = yield* Path.Path
      const { home } = yield* Surroundings
      const folder = yield* projectFolder(root)
      const searchPath = yield* safePath(folder)
      const [name] = argv
      const goesWhereProjectSays = Option.exists(demand.goesTo, (to) => isProject(to.hand))
      // What a placeholder stands for is the user's: no list shows it.
      const isFilled = demand.contributions.some(({ whole }) => isIn(JSON.stringify(whole ?? null)))
      const isShaped = env !== undefined || cwd !== undefined || isShapedBy(run) || goesWhereProjectSays || isFilled
      // A program in the project is none that a list can name: its content is the project's.
      const listed = isShaped
        ? false
        : yield* Effect.flatMap(resolveProgram(name, searchPath, file), (program) =>
            Effect.zipWith(
              isListed(argv, program, searchPath),
              isProjectFile(program, root),
              // A link of the project's is its own to turn.
              (isNamed, isBrought) =>
                isNamed && !isBrought && !Option.exists(folder, (within) => isInside(within, program, path))
            )
          ).pipe(Effect.orElseSucceed(() => false))
      const permit = listed ? { because: "on the list of the policy" } : yield* requireTrust(demand)
      const program = yield* resolveProgram(name, searchPath, file)
      return {
        because: permit.because,
        options: {
          program,
          cwd: cwd ?? home,
          // What the program starts by name is looked for where it was.
          env: { ...withoutNull(env), PATH: searchPath }
        }
      }
    })

  const userCommand = (demand: Demand, { argv, cwd }: RunOptions) =>
    Effect.gen(function* () {
      const { home } = yield* Surroundings
      if (rules.user === "allow") {
        const searchPath = yield* safePath(Option.none())
        const program = yield* resolveProgram(argv[0], searchPath, placeOf(demand))
        if (!(yield* isListed(argv, program, searchPath))) {
          return yield* refusal(demand, "The policy in force lets only the commands on its list run.")
        }
        return {
          options: { program, cwd: cwd ?? home },
          because: "on the list of the policy"
        }
      }
      return { options: { cwd: cwd ?? home }, because: `from ${ownWord(demand.hand)}` }
    })

  const authorize = (demand: Demand): Effect.Effect<Permit, ApiKeyError, Needs> =>
    Effect.gen(function* () {
      const { source } = demand
      const from = demand.hand
      const redirected = Option.exists(demand.goesTo, (to) => isProject(to.hand))
      if (isProject(from)) {
        if (source._tag === "Command") return yield* projectCommand(demand, source.command, from)
        if (source._tag === "Literal") return { options: {}, because: "the key is the project's own" }
        // What git ignores in a checkout is the user's: it goes nowhere that the project says.
        if (!redirected && source._tag === "File" && (yield* isProjectFile(source.file, from.root))) {
          return { options: {}, because: "the file is the project's own" }
        }
        if (!redirected && isUsual(demand)) return { options: {}, because: "the variable is the usual one" }
        return yield* requireTrust(demand)
      }
      const permit =
        source._tag === "Command"
          ? yield* userCommand(demand, source.command)
          : { options: {}, because: `from ${ownWord(from)}` }
      return redirected ? { ...permit, because: (yield* requireTrust(demand)).because } : permit
    })

  return { authorize }
}

const needsNobody = ({ goesTo, hand: from, source }: Demand): boolean =>
  source._tag !== "Command" && !isProject(from) && !Option.exists(goesTo, (to) => isProject(to.hand))

/** Nobody knows what a policy says that cannot be read, so what may depend on it is refused. */
const without = (error: ApiKeyError): Policy => ({
  authorize: (demand) =>
    needsNobody(demand) ? Effect.succeed({ options: {}, because: `from ${ownWord(demand.hand)}` }) : Effect.fail(error)
})

const ownWord = (self: Hand): string => (self._tag === "Environment" ? "the environment" : "your configuration")

const withoutNull = (env: RunOptions["env"]): Readonly<Record<string, string | undefined>> =>
  Object.fromEntries(Object.entries(env ?? {}).map(([name, value]) => [name, value ?? undefined]))

const placeOf = ({ hand: from }: Demand): string => (from._tag === "Environment" ? "the environment" : from.file)

const refusal = (demand: Demand, remedy?: string, file?: string): CommandNotTrusted => {
  const pointing = Option.filter(
    Option.map(demand.goesTo, (to) => to.hand),
    isProject
  )
  return new CommandNotTrusted({
    command: demand.source._tag === "Command" ? programName(demand.source.command.argv) : demand.provider,
    file:
      file ??
      (isProject(demand.hand)
        ? demand.hand.file
        : Option.match(pointing, { onNone: () => placeOf(demand), onSome: (to) => to.file })),
    ...(remedy === undefined ? {} : { remedy })
  })
}

/** Links are followed first: what counts is where they lead. A file that is not there is nobody's. */
const isProjectFile = (file: string, root: string): Effect.Effect<boolean, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const surroundings = yield* Surroundings
    if (Option.isNone(yield* projectFolder(root))) return false
    const real = yield* Effect.option(fs.realPath(expanded(file, surroundings, path)))
    return isInside(
      root,
      Option.getOrElse(real, () => path.resolve(file)),
      path
    )
  })

/**
 * The policy in force: the administrator's file (`/etc/effect-apikey/policy.jsonc`), of which each rule wins over the user's,
 * and `policy` in the user's own `effect-apikey.jsonc`. While a policy cannot be read,
 * no command runs and nothing of a project's counts.
 *
 * @since 0.1.0
 * @category layers
 */
export const layer: Layer.Layer<HelperPolicy, never, Needs> = layerFrom()

/**
 * The same with the administrator's file in another place.
 *
 * @since 0.1.0
 * @category layers
 */
export function layerFrom(systemFile?: string): Layer.Layer<HelperPolicy, never, Needs> {
  return Layer.effect(
    HelperPolicy,
    Effect.map(Effect.either(policyInForce(systemFile)), (rules) =>
      rules._tag === "Right" ? make(rules.right) : without(rules.left)
    )
  )
}
