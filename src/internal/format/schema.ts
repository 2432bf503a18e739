/**
 * Checks JSON against a Schema, and says of what does not fit only where it stands and what was expected: effect/Schema's own
 * messages quote the input, which may be a secret.
 */

import * as Arr from "effect/Array"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"
import type { RemedyInput } from "../model/remedy.js"
import { fieldNames, stepsOf } from "../util/schemaIssue.js"

/** Why an output does not match its format. Never contains the actual value. */
export interface Mismatch {
  /** The field; empty for the whole. */
  readonly path: string
  readonly expected: string
  readonly remedy?: RemedyInput
}

export const mismatch = (path: string, expected: string, remedy?: RemedyInput): Either.Either<never, Mismatch> =>
  Either.left({ path, expected, ...(remedy === undefined ? {} : { remedy }) })

/** What an error says of a field's place, where a format has no better word. */
export const anObject = { description: "an object" } as const

export const AnyText = Schema.String.annotations({ description: "a string" })

/** A string that holds something. */
export const Text = Schema.NonEmptyString.annotations({ description: "a string that is not empty" })

/** Absent and `null` are the same: many serializers write the one for the other. */
export const maybe = <A, I>(schema: Schema.Schema<A, I>) =>
  Schema.optionalWith(schema, { nullable: true, as: "Option" })

export const AnyObject = Schema.Record({ key: Schema.String, value: Schema.Unknown }).annotations({
  description: "a JSON object"
})

/** An object with these fields, which keeps its other fields: expiries have many names. */
export const open = <Fields extends Schema.Struct.Fields>(fields: Fields) =>
  Schema.extend(Schema.Struct(fields), Schema.Record({ key: Schema.String, value: Schema.Unknown })).annotations(
    anObject
  )

const parse = Option.liftThrowable((text: string): unknown => JSON.parse(text))

/** The JSON value in a text, where it is JSON. */
export const jsonOf = (text: string): Option.Option<unknown> => parse(text.trim())

const isObject = Schema.is(Schema.Record({ key: Schema.String, value: Schema.Unknown }))

export const objectOf = (value: unknown): Option.Option<Readonly<Record<string, unknown>>> =>
  isObject(value) && !Array.isArray(value) ? Option.some(value) : Option.none()

/** JSON of a shape. */
export const fromJson =
  <A, I>(schema: Schema.Schema<A, I>, shape = "a JSON object") =>
  (text: string): Either.Either<A, Mismatch> =>
    Option.match(jsonOf(text), { onNone: () => mismatch("", shape), onSome: fromValue(schema, shape) })

/** A value of a shape. */
export const fromValue = <A, I>(schema: Schema.Schema<A, I>, shape = "a JSON object") => {
  const decode = Schema.decodeUnknownEither(schema)
  return (value: unknown): Either.Either<A, Mismatch> =>
    Either.mapLeft(decode(value), ({ issue }) => mismatchOf(issue, shape))
}

const mismatchOf = (issue: ParseResult.ParseIssue, shape: string): Mismatch => {
  const steps = stepsOf(issue, (ast) => AST.isUnion(ast) && Option.isSome(AST.getDescriptionAnnotation(ast)))
  const { path } = Arr.lastNonEmpty(steps)
  const described = Arr.filterMap(steps, ({ ast, path: { length } }) =>
    Option.map(descriptionWithin(ast), (expected) => ({ expected, length }))
  )
  // The outermost schema of the place says most.
  const best = described.find(({ length }) => length === path.length) ?? described.at(-1)
  const isNamed = (key: string | number, depth: number): boolean =>
    typeof key === "number" || steps.some((step) => step.path.length === depth && fieldNames(step.ast).includes(key))
  // A field name that the Schema does not list comes from the helper and may be a secret.
  const shown = path.map((key, depth) => (isNamed(key, depth) ? key : "*"))
  return { path: shown.join("."), expected: best?.expected ?? shape }
}

/** Through the `| null | undefined` around an optional field. */
const descriptionWithin = (ast: AST.AST): Option.Option<string> =>
  Option.orElse(AST.getDescriptionAnnotation(ast), () =>
    AST.isUnion(ast) ? Option.firstSomeOf(ast.types.map(descriptionWithin)) : Option.none()
  )
