/** `effect-apikey trust`: shows what a project's file would run and send, and stores the user's trust in it. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import { type ApiKeyError, CommandNotTrusted, type ConfigInvalid } from "../ApiKeyError.js"
import * as HelperExecutor from "../HelperExecutor.js"
import * as HelperPolicy from "../HelperPolicy.js"
import { projectFile } from "../internal/config/discover.js"
import type { Configuration } from "../internal/config/model.js"
import { load } from "../internal/config/resolve.js"
import { HostEnvironment, type Needs } from "../internal/host/HostEnvironment.js"
import { expanded, fileName, isInside, realPathOf } from "../internal/host/paths.js"
import { inJsonWords } from "../internal/model/remedy.js"
import { scriptsOf } from "../internal/policy/digest.js"
import type { ProjectDeclaration } from "../internal/policy/model.js"
import { escaped } from "../internal/redact/terminal.js"
import { readText } from "../internal/source/jsonc.js"
import { shellWord } from "../internal/util/shell.js"
import { loadAll } from "../opencode/config/load.js"
import { hideAllElse } from "../opencode/config/placeholder.js"
import { confirm } from "./confirm.js"
import { UsageError } from "./exit.js"

export interface Item {
  readonly declaration: ProjectDeclaration
  readonly origin: Option.Option<string>
  /** The digest, computed before the text is shown: changes made while the user reads are not trusted. */
  readonly digest: string
}

const opencodeFiles: ReadonlyArray<string> = ["opencode.json", "opencode.jsonc"]

interface Read {
  readonly items: ReadonlyArray<Item>
  /** Errors in single entries. */
  readonly problems: ReadonlyArray<ConfigInvalid>
}

/** The declarations of a file that need trust. `named` may be a symlink to the file. */
export const itemsIn = (named: string): Effect.Effect<ReadonlyArray<Item>, ApiKeyError, Needs> =>
  Effect.map(readIn(named), ({ items }) => items)

const readIn = Effect.fnUntraced(function* (named: string): Effect.fn.Return<Read, ApiKeyError, Needs> {
  const path = yield* Path.Path
  const host = yield* HostEnvironment
  const place = path.resolve(host.cwd, named)
  const file = yield* realPathOf(place)
  // First what `get`, `check` and the plugin would use in the working directory, then what they would use in the file's directory.
  const opencodes = yield* loadAll
  const inForce = yield* itemsOf(file, [yield* load(), opencodes])
  const isInForce = inForce.items.length > 0
  if (opencodes.files.includes(file) || [place, file].some((each) => opencodeFiles.includes(path.basename(each)))) {
    if (isInForce) return inForce
    const folder = path.dirname(place)
    const cwd = path.basename(folder) === ".opencode" ? path.dirname(folder) : folder
    const there = { env: host.env, home: host.home, cwd }
    return yield* itemsOf(file, [yield* Effect.provideService(loadAll, HostEnvironment, there)])
  }
  // With `--config` the same file may have another destination.
  const otherwise = yield* Effect.all([load({ config: place }), ...(isInForce ? [] : [load({ project: place })])])
  const { items, problems } = yield* itemsOf(file, otherwise)
  return distinct([...inForce.items, ...items], [...inForce.problems, ...problems])
})

const distinct = (items: ReadonlyArray<Item>, problems: ReadonlyArray<ConfigInvalid>): Read => ({
  items: Array.from(new Map(items.map((item) => [item.digest, item])).values()),
  problems: Array.from(new Map(problems.map((problem) => [problem.message, problem])).values())
})

const isAbout = (error: ApiKeyError, file: string): boolean =>
  (error._tag === "ConfigInvalid" && error.file === file) || (error._tag === "SourceUnreadable" && error.path === file)

const itemsOf = Effect.fnUntraced(function* (
  file: string,
  configurations: ReadonlyArray<Configuration>
): Effect.fn.Return<Read, ApiKeyError, Needs> {
  const items: Array<Item> = []
  const wrong: Array<ConfigInvalid> = []
  for (const { ids, problems, resolve } of configurations) {
    const problem = problems.find((error) => isAbout(error, file))
    if (problem !== undefined) return yield* problem
    for (const id of ids) {
      const { candidates, declarations, destination } = yield* resolve(id)
      const wrongHere = candidates.flatMap(({ source }) =>
        Either.isLeft(source) && source.left._tag === "ConfigInvalid" && isAbout(source.left, file) ? [source.left] : []
      )
      wrong.push(...wrongHere)
      if (wrongHere.length > 0) continue
      const origin = Option.map(destination, (to) => to.origin)
      for (const declaration of declarations.filter((each) => each.file === file)) {
        items.push({ declaration, origin, digest: yield* HelperPolicy.digest(declaration, origin) })
      }
    }
  }
  return distinct(items, wrong)
})

const redacted = "<redacted>"

/**
 * Redacts keys and headers in the file, which the user need not see to decide. Nothing in a command is redacted: the user trusts
 * exactly that.
 */
const withoutKeys = (value: unknown, within?: string): unknown => {
  if (Array.isArray(value)) return value.map((each) => withoutKeys(each, within))
  if (!isRecord(value)) return value
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]): [string, unknown] => {
      if (name === "command" || name === "apiKeyCommand") return [name, inner]
      const isKey = name === "literal" || name === "apiKey" || within === "headers"
      // Placeholders stay visible, because they are part of the question.
      return typeof inner === "string" && isKey
        ? [name, hideAllElse(inner, redacted)]
        : [name, withoutKeys(inner, name)]
    })
  )
}

const runsText = /^-[A-Za-z]*[ceprS]$|^-m$|^--(?:eval|print|split-string)|[$({`]/

/** The paths that an argument may contain: the whole argument, the text after `=`, or the text after a letter (`-C./tools`). */
const namedIn = (argument: string): ReadonlyArray<string> =>
  [argument, argument.slice(argument.indexOf("=") + 1), argument.replace(/^-[A-Za-z]/, "")].filter(
    (each) => each !== ""
  )

/** Whether other project files may run besides the named ones: through a shell, a module, a directory or the working directory. */
const leadsFurther = Effect.fnUntraced(function* (
  { commands, file, root }: ProjectDeclaration,
  scripts: ReadonlyArray<string>
): Effect.fn.Return<boolean, never, Needs> {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const { home } = yield* HostEnvironment
  const isIn = (place: string) =>
    Effect.map(realPathOf(place), (real) => [place, real].some((each) => isInside(root, each, path)))
  const leadsOn = (place: string) =>
    Effect.flatMap(Effect.option(fs.realPath(place)), (real) =>
      Option.isNone(real) || scripts.includes(real.value) ? Effect.succeed(false) : isIn(place)
    )
  return yield* Effect.exists(commands, ({ argv: [, ...args], cwd }) => {
    if (args.some((each) => runsText.test(each))) return Effect.succeed(true)
    const bases = [cwd ?? home, path.dirname(file)]
    const paths = args
      .flatMap(namedIn)
      .flatMap((each) => bases.map((base) => expanded(each, { home, cwd: base }, path)))
    // A path in /proc or /dev can mean another file in the helper's process.
    const runsInside =
      cwd === undefined ? Effect.succeed(false) : /^\/(?:proc|dev)\//.test(cwd) ? Effect.succeed(true) : isIn(cwd)
    return Effect.zipWith(runsInside, Effect.exists(paths, leadsOn), (a, b) => a || b)
  })
})

/** The whole commands, because parts of a merged one may be in other files. Placeholders are shown unfilled. */
const wholesOf = ({ commands, merged }: ProjectDeclaration): ReadonlyArray<unknown> =>
  merged === undefined ? commands.map(({ argv }) => argv) : [isRecord(merged) ? merged["argv"] : merged]

const shownItem = Effect.fnUntraced(function* ({ declaration, origin }: Item): Effect.fn.Return<string, never, Needs> {
  const scripts = yield* scriptsOf(declaration)
  const isMore = yield* leadsFurther(declaration, scripts)
  const lines = JSON.stringify(withoutKeys(declaration.declared), undefined, 2).split("\n")
  return [
    `${escaped(declaration.provider)}:`,
    ...lines.map((line) => `  ${escaped(line)}`),
    ...Option.toArray(Option.map(origin, (to) => `  the key goes to ${escaped(to)}`)),
    ...wholesOf(declaration).map((argv) => `  runs ${escaped(JSON.stringify(argv))}`),
    ...scripts.map((script) => `  runs the file ${escaped(script)}, as it is now`),
    ...(isMore ? ["  what else of the project's it runs may change without your being asked again"] : [])
  ].join("\n")
})

/** The question to confirm. It is escaped, so it cannot move the cursor, change colours or reverse the text direction. */
export const question = (file: string, items: ReadonlyArray<Item>): Effect.Effect<string, never, Needs> =>
  Effect.map(Effect.forEach(items, shownItem), (shown) => [`In ${escaped(file)}:`, ...shown].join("\n"))

const list = Effect.gen(function* () {
  const trusted = yield* HelperPolicy.trusted
  for (const { at, file, program, provider } of trusted) {
    const runs = program === "" ? "no command" : program
    yield* Console.log([DateTime.formatIso(at), provider, runs, file].map(escaped).join("  "))
  }
})

export interface TrustOptions {
  readonly list?: boolean
  readonly revoke?: boolean
  readonly yes?: boolean
}

export const trust = Effect.fnUntraced(function* (named: string | undefined, options: TrustOptions) {
  const { list: isList = false, revoke: isRevoke = false, yes: isYes = false } = options
  if ([isList, isRevoke, isYes].filter((each) => each).length > 1 || (isList && named !== undefined)) {
    return yield* new UsageError({
      problem: "--list, --revoke and --yes exclude each other",
      hint: "effect-apikey trust FILE [--yes | --revoke], or effect-apikey trust --list"
    })
  }
  if (isList) return yield* list
  const path = yield* Path.Path
  const { cwd } = yield* HostEnvironment
  // The default is the file that `get` and `check` use.
  const given = named === undefined ? yield* projectFile : Option.some(named)
  if (Option.isNone(given)) {
    return yield* new UsageError({
      problem: `this directory and those above it have no ${fileName} of a project`,
      hint: "Name the file: effect-apikey trust FILE"
    })
  }
  const place = path.resolve(cwd, given.value)
  const file = yield* realPathOf(place)
  if (isRevoke) {
    const revoked = yield* HelperPolicy.revoke(file)
    return yield* Console.error(`effect-apikey: ${escaped(file)}: ${revoked} revoked`)
  }
  yield* trustFile(place, file, isYes)
})

const trustFile = Effect.fnUntraced(function* (place: string, file: string, isYes: boolean) {
  yield* readText(file)
  const { items, problems } = yield* readIn(place)
  const [problem] = problems
  if (items.length === 0 && problem !== undefined) return yield* problem
  for (const { message, remedy } of problems) {
    yield* Console.error(
      `effect-apikey: ${escaped(message)}: its provider is left out. ${escaped(inJsonWords(remedy))}`
    )
  }
  if (items.length === 0) return yield* Console.error(`effect-apikey: ${escaped(file)}: nothing in it needs trust`)
  if (!isYes) {
    yield* Console.error(yield* question(file, items))
    if (!(yield* HelperExecutor.node.hasTerminal)) return yield* noTerminal(file)
    if (!(yield* confirm("Trust it as it is now?", false))) {
      return yield* new CommandNotTrusted({ command: fileName, file, remedy: "Nothing was changed." })
    }
  }
  yield* HelperPolicy.trust(items)
  yield* Console.error(`effect-apikey: ${escaped(file)}: trusted as it is now`)
})

const noTerminal = (file: string): CommandNotTrusted =>
  new CommandNotTrusted({
    command: fileName,
    file,
    remedy: `There is no terminal to ask on; when you have read it: effect-apikey trust --yes ${shellWord(file)}`
  })
