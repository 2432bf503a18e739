/** Decodes plain data to a source, or to one problem with a path. */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import { isRecord } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { parametersOf } from "../../formats/table.js"
import { renamedOption } from "../model/options.js"
import { shownArgv } from "../redact/probableArgv.js"
import { inside, nearest, type Problem, problemOf, unknownKey } from "./problem.js"
import {
  type ApiKeySource,
  Argv,
  Auth,
  Command,
  Env,
  File,
  type FirstOf,
  Literal,
  onFailure,
  RunOptions,
  type Single
} from "./schema.js"

// --- reading

const decoder =
  <A extends Single, I>(schema: Schema.Schema<A, I>) =>
  (value: unknown): Either.Either<Single, ParseResult.ParseError> =>
    Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(value)

const kinds = {
  literal: decoder(Literal),
  env: decoder(Env),
  file: decoder(File),
  auth: decoder(Auth),
  command: decoder(Command)
}

const kindNames = [...Object.keys(kinds), "firstOf"]

const decodeList = Schema.decodeUnknownEither(
  Schema.Struct({
    firstOf: Schema.NonEmptyArray(Schema.Unknown).annotations({ description: "a list of sources that is not empty" }),
    onFailure
  }),
  { onExcessProperty: "error" }
)

const decodeRunOptions = Schema.decodeUnknownEither(RunOptions, { onExcessProperty: "error" })

const decodeArgv = Schema.decodeUnknownEither(Argv)

export const atValue = (problem: string, remedy: string): Problem => ({ path: [], at: "value", problem, remedy })

const problemIn = ({ issue }: ParseResult.ParseError): Problem => problemOf(issue)

export const shellString = (line: string): Problem =>
  atValue("a command is a list of strings, not a shell string", `It probably means ${shownArgv(line)}`)

/** The first problem in a format's parameters, by the schema of the format that is named. */
const formatProblem = (format: unknown): Problem | undefined => {
  const named = isRecord(format) && typeof format["name"] === "string" ? parametersOf(format["name"]) : undefined
  if (named === undefined) return undefined
  const decoded = Schema.decodeUnknownEither(named, { onExcessProperty: "error" })(format)
  return Option.getOrUndefined(Option.map(Either.getLeft(decoded), problemIn))
}

const renamedKey = ({ name, remedy }: { readonly name: string; readonly remedy: string }): Problem => ({
  path: [name],
  at: "key",
  problem: `"${name}" is not an option`,
  remedy: remedy.replaceAll("`", '"')
})

/** The first problem in a command. It chooses argv or object first, because an error of the union would describe neither. */
export const commandProblem = (value: unknown): Problem | undefined => {
  if (typeof value === "string") return shellString(value)
  if (isRecord(value)) {
    const { argv, format } = value
    const renamed = renamedOption(value)
    if (Option.isSome(renamed)) return renamedKey(renamed.value)
    if (typeof argv === "string") return inside("argv", shellString(argv))
    const ofFormat = formatProblem(format)
    return ofFormat !== undefined
      ? inside("format", ofFormat)
      : Option.getOrUndefined(Option.map(Either.getLeft(decodeRunOptions(value)), problemIn))
  }
  return Option.getOrUndefined(Option.map(Either.getLeft(decodeArgv(value)), problemIn))
}

const problemInCommand = (command: unknown): Problem | undefined => {
  const problem = commandProblem(command)
  return problem && inside("command", problem)
}

/** The problem of an option that is written beside `command` instead of inside it. */
const optionBeside = (names: ReadonlyArray<string>): Problem | undefined => {
  const option = names.find((name) => Object.hasOwn(RunOptions.fields, name) && !isKind(name))
  return option === undefined
    ? undefined
    : {
        path: [option],
        at: "key",
        problem: `"${option}" is an option of the command`,
        remedy: `Write it inside: { "command": { "argv": […], "${option}": … } }`
      }
}

const isKind = (name: string): name is keyof typeof kinds => Object.hasOwn(kinds, name)

/**
 * Decodes plain data to a source, or to one problem with a path.
 *
 * @internal
 */
export const decodeProblem = (value: unknown): Either.Either<ApiKeySource, Problem> => {
  if (!isRecord(value)) {
    return Either.left(atValue("expected an object that names a source", 'For example { "env": "OPENAI_API_KEY" }.'))
  }
  const names = Object.keys(value)
  const [kind, another] = names.filter((name) => kindNames.includes(name))
  if (kind === undefined) {
    const misspelt = names.find((name) => Option.isSome(nearest(name, kindNames)))
    return Either.left(
      misspelt === undefined
        ? atValue("names no source", `Give one of: ${kindNames.join(", ")}`)
        : unknownKey(misspelt, kindNames)
    )
  }
  if (another !== undefined) {
    return Either.left({
      path: [another],
      at: "key",
      problem: `"${kind}" and "${another}" are two sources`,
      remedy: `Choose one, or say which goes first: { "firstOf": [{ "${kind}": … }, { "${another}": … }] }`
    })
  }
  if (kind === "command") {
    const problem = optionBeside(names) ?? problemInCommand(value[kind])
    if (problem !== undefined) return Either.left(problem)
  }
  return isKind(kind) ? Either.mapLeft(kinds[kind](value), problemIn) : decodeFirstOf(value)
}

const decodeFirstOf = (value: unknown): Either.Either<FirstOf, Problem> =>
  Either.gen(function* () {
    const list = yield* Either.mapLeft(decodeList(value), problemIn)
    const at = (index: number, source: unknown): Either.Either<ApiKeySource, Problem> =>
      Either.mapLeft(decodeProblem(source), (problem) => inside("firstOf", inside(index, problem)))
    const [first, ...rest] = list.firstOf
    const sources = yield* Either.all(rest.map((source, index) => at(index + 1, source)))
    return {
      _tag: "FirstOf",
      firstOf: [yield* at(0, first), ...sources],
      ...(list.onFailure === undefined ? {} : { onFailure: list.onFailure })
    }
  })
