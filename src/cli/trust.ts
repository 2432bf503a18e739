/** `effect-apikey trust`: shows what a project's file would run and send, asks the user, and stores the answer. */

import * as Path from "@effect/platform/Path"
import * as Console from "effect/Console"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKeyError, CommandNotTrusted, type ConfigInvalid } from "../ApiKeyError.js"
import * as HelperExecutor from "../HelperExecutor.js"
import * as HelperPolicy from "../HelperPolicy.js"
import { projectFile } from "../internal/config/discover.js"
import type { Configuration } from "../internal/config/model.js"
import { load } from "../internal/config/resolve.js"
import { HostEnvironment, type Needs } from "../internal/host/HostEnvironment.js"
import { fileName, realPathOf } from "../internal/host/paths.js"
import { inJsonWords } from "../internal/model/remedy.js"
import { questioned } from "../internal/policy/environmentVariables.js"
import { escaped } from "../internal/redact/terminal.js"
import { readText } from "../internal/source/jsonc.js"
import { shellWord } from "../internal/util/shell.js"
import { loadAll } from "../opencode/config/load.js"
import { confirm } from "./confirm.js"
import { UsageError } from "./exit.js"
import { type Item, question } from "./trustQuestion.js"

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
  /** Variables that may be set although their effect needs a question. Only with `yes`, which asks nothing. */
  readonly allowEnv?: ReadonlyArray<string>
}

export const trust = Effect.fnUntraced(function* (named: string | undefined, options: TrustOptions) {
  const { allowEnv = [], list: isList = false, revoke: isRevoke = false, yes: isYes = false } = options
  if ([isList, isRevoke, isYes].filter((each) => each).length > 1 || (isList && named !== undefined)) {
    return yield* new UsageError({
      problem: "--list, --revoke and --yes exclude each other",
      hint: "effect-apikey trust FILE [--yes | --revoke], or effect-apikey trust --list"
    })
  }
  if (allowEnv.length > 0 && !isYes) {
    return yield* new UsageError({
      problem: "--allow-env needs --yes",
      hint: "effect-apikey trust FILE --yes --allow-env NAME"
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
  yield* trustFile(place, file, isYes ? Option.some(allowEnv) : Option.none())
})

/** `allowed`: with `--yes`, the variables of `--allow-env`. Without, the user is asked. */
const trustFile = Effect.fnUntraced(function* (
  place: string,
  file: string,
  allowed: Option.Option<ReadonlyArray<string>>
) {
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
  const variables = namesOf(items)
  if (Option.isSome(allowed)) {
    const missing = variables.filter((name) => !allowed.value.includes(name))
    if (missing.length > 0) return yield* variablesNotAllowed(file, variables, missing)
  } else {
    yield* Console.error(yield* question(file, items))
    if (!(yield* HelperExecutor.node.hasTerminal)) return yield* noTerminal(file, variables)
    if (!(yield* confirm("Trust it as it is now?", false))) {
      return yield* new CommandNotTrusted({ command: fileName, file, remedy: "Nothing was changed." })
    }
  }
  yield* HelperPolicy.trust(items)
  yield* Console.error(`effect-apikey: ${escaped(file)}: trusted as it is now`)
})

/** The variables that need a question, by name. */
const namesOf = (items: ReadonlyArray<Item>): ReadonlyArray<string> =>
  Array.from(new Set(questioned(items.flatMap(({ declaration }) => declaration.commands)).map(({ name }) => name)))

const withoutQuestion = (file: string, variables: ReadonlyArray<string>): string =>
  ["effect-apikey trust --yes", ...variables.map((name) => `--allow-env ${shellWord(name)}`), shellWord(file)].join(" ")

const variablesNotAllowed = (
  file: string,
  variables: ReadonlyArray<string>,
  missing: ReadonlyArray<string>
): CommandNotTrusted =>
  new CommandNotTrusted({
    command: fileName,
    file,
    remedy: `It sets ${missing.map(escaped).join(", ")}, which may redirect a tool or load code. If that is intended: ${withoutQuestion(file, variables)}`
  })

const noTerminal = (file: string, variables: ReadonlyArray<string>): CommandNotTrusted =>
  new CommandNotTrusted({
    command: fileName,
    file,
    remedy: `There is no terminal to ask on. After reading it, run: ${withoutQuestion(file, variables)}`
  })
