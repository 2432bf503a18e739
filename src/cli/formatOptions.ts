/** `--format` and a flag for each parameter of a format, derived from the table of formats. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import {
  type FormatName,
  FormatSpec,
  formatsWithParameters,
  formatNames as namesAlone,
  parametersOf
} from "../formats/table.js"
import * as HelperCatalog from "../HelperCatalog.js"
import { seenThrough } from "../internal/catalog/wrappers.js"
import { type Format, resolve } from "../internal/format/lookup.js"
import { programName } from "../internal/redact/programName.js"
import { nearest } from "../internal/source/problem.js"
import { UsageError } from "./exit.js"
import { readRequest } from "./stdin.js"

export interface FormatOptions {
  readonly format?: string
}

/** One flag. Formats that share a parameter's name share its flag. */
export interface ParameterFlag {
  readonly name: string
  readonly isBoolean: boolean
  /** The allowed values, if the parameter lists them. */
  readonly choices: ReadonlyArray<string>
  readonly formats: ReadonlyArray<string>
  readonly description: string
}

const propertiesOf = (format: string): ReadonlyArray<AST.PropertySignature> => {
  const schema = parametersOf(format)
  return schema === undefined ? [] : AST.getPropertySignatures(schema.ast).filter(({ name }) => name !== "name")
}

const withoutUndefined = (ast: AST.AST): AST.AST =>
  AST.isUnion(ast) ? (ast.types.find((type) => !AST.isUndefinedKeyword(type)) ?? ast) : ast

const literalsOf = (ast: AST.AST): ReadonlyArray<string> => {
  if (AST.isUnion(ast)) return ast.types.flatMap(literalsOf)
  return AST.isLiteral(ast) && isString(ast.literal) ? [ast.literal] : []
}

const descriptionOf = (ast: AST.AST): string =>
  Option.getOrElse(
    Option.orElse(AST.getDescriptionAnnotation(ast), () => AST.getDescriptionAnnotation(withoutUndefined(ast))),
    () => ""
  )

/** The flags of all formats' parameters, in the order of the table. For an object the flag's value is JSON. */
export const parameterFlags: ReadonlyArray<ParameterFlag> = (() => {
  const flags = new Map<string, ParameterFlag>()
  for (const format of formatsWithParameters) {
    for (const { name, type } of propertiesOf(format)) {
      const known = flags.get(String(name))
      const ast = withoutUndefined(type)
      flags.set(String(name), {
        name: String(name),
        isBoolean: AST.isBooleanKeyword(ast),
        choices: known?.choices ?? literalsOf(type),
        formats: [...(known?.formats ?? []), format],
        description: known?.description ?? descriptionOf(type)
      })
    }
  }
  return Array.from(flags.values())
})()

const isParameter = (name: string): boolean => parameterFlags.some((flag) => flag.name === name)

export const isFormatOption = (name: string): boolean => name === "format" || isParameter(name)

/** The names that `--format` accepts. */
export const formatNames: ReadonlyArray<string> = [...new Set([...namesAlone, ...formatsWithParameters])]

/** The flag of a parameter: `--use-http-path` for `useHttpPath`. */
export const flagOf = (name: string): string => `--${name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)}`

const unknownFormat = (name: string): UsageError =>
  new UsageError({
    problem: "--format names no known format",
    hint: Option.match(nearest(name, formatNames), {
      onNone: () => `It takes one of ${formatNames.join(", ")}.`,
      onSome: (meant) => `Did you mean ${meant}? It takes one of ${formatNames.join(", ")}.`
    })
  })

/** The value of a parameter's flag. Text that is a JSON object is parsed. */
const valueOf = (value: unknown): unknown => {
  if (!isString(value) || !value.startsWith("{")) return value
  return Either.getOrElse(
    Either.try(() => JSON.parse(value)),
    () => value
  )
}

const formatsOf = (name: string): ReadonlyArray<string> =>
  parameterFlags.filter((flag) => flag.name === name).flatMap((flag) => flag.formats)

const misplaced = (format: string, name: string): UsageError =>
  new UsageError({
    problem: `${flagOf(name)} is not a parameter of the format ${format}`,
    hint: `It belongs to ${formatsOf(name)
      .map((each) => `--format ${each}`)
      .join(", ")}.`
  })

/** The format that the flags choose, else that of the command's sub-command. `undefined` if neither sets one. */
export const formatFor = Effect.fnUntraced(function* (
  command: ReadonlyArray<string>,
  options: FormatOptions
): Effect.fn.Return<Format | undefined, UsageError> {
  const given = Object.entries(options).filter(([name, value]) => isParameter(name) && value !== undefined)
  const format = yield* specOf(options.format, given)
  const printing = seenThrough(command).at(-1) ?? command
  return yield* withRequest(format ?? subcommandFormat(printing), programName(printing))
})

const isSpec = Schema.is(FormatSpec, { onExcessProperty: "error" })

const isNamedAlone = (name: string): boolean => namesAlone.some((known) => known === name)

const parameterWithoutFormat = (name: string): UsageError =>
  new UsageError({
    problem: `${flagOf(name)} needs --format`,
    hint: `For example: ${formatsOf(name)
      .map((each) => `--format ${each}`)
      .join(" or ")}.`
  })

/** The catalog's format for the sub-command, such as git's `credential`. */
const subcommandFormat = (command: ReadonlyArray<string>): FormatName | undefined =>
  Option.getOrUndefined(
    Option.flatMapNullable(HelperCatalog.find(programName(command)), ({ subcommandFormats = {} }) =>
      command
        .slice(1)
        .flatMap((word) => (Object.hasOwn(subcommandFormats, word) ? [subcommandFormats[word]] : []))
        .at(0)
    )
  )

/** For a format whose helper reads a request on stdin: passes our stdin as the request, unless a flag sets it. */
const withRequest = (format: Format | undefined, program: string): Effect.Effect<Format | undefined, UsageError> => {
  const resolved = resolve(format ?? "auto", program)
  if (Either.isLeft(resolved) || resolved.right.readsStdin !== true || resolved.right.input !== undefined) {
    return Effect.succeed(format)
  }
  return Effect.map(readRequest, (input) => (input === "" ? format : { ...resolved.right, input }))
}

const specOf = (
  format: string | undefined,
  given: ReadonlyArray<readonly [string, unknown]>
): Effect.Effect<Format | undefined, UsageError> => {
  const [first] = given
  if (format === undefined) {
    return first === undefined ? Effect.succeed(undefined) : parameterWithoutFormat(first[0])
  }
  if (!formatNames.includes(format)) return unknownFormat(format)
  const known = propertiesOf(format).map(({ name }) => String(name))
  const wrong = given.find(([name]) => !known.includes(name))
  if (wrong !== undefined) return misplaced(format, wrong[0])
  const parameters = Object.fromEntries(given.map(([name, value]) => [name, valueOf(value)]))
  const spec: unknown = given.length === 0 && isNamedAlone(format) ? format : { name: format, ...parameters }
  return isSpec(spec)
    ? Effect.succeed(spec)
    : new UsageError({
        problem: `the parameters of --format ${format} are wrong or missing`,
        hint: `It takes ${known.map(flagOf).join(", ")}.`
      })
}
