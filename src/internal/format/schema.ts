/**
 * Checks JSON against a Schema, and says of what does not fit only where it stands and what was expected: effect/Schema's own
 * messages quote the input, which may be a secret.
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import * as AST from "effect/SchemaAST"

/** Why a text is not an answer of its format: never what stood there. */
export interface Mismatch {
  /** The field; empty for the whole. */
  readonly path: string
  readonly expected: string
  readonly remedy?: string
}

export const mismatch = (path: string, expected: string, remedy?: string): Either.Either<never, Mismatch> =>
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

const mismatchOf = (root: ParseResult.ParseIssue, shape: string): Mismatch => {
  const path: Array<string> = []
  let issue = root
  let expected = shape
  for (;;) {
    switch (issue._tag) {
      case "Pointer": {
        path.push(...[issue.path].flat().map(String))
        issue = issue.issue
        continue
      }
      case "Composite": {
        const described = AST.isUnion(issue.ast) ? descriptionOf(issue.ast) : undefined
        const [first] = [issue.issues].flat()
        if (described !== undefined || first === undefined)
          return { path: path.join("."), expected: described ?? shape }
        if (first._tag === "Pointer") {
          const [key] = [first.path].flat()
          const property = AST.isTypeLiteral(issue.ast)
            ? issue.ast.propertySignatures.find(({ name }) => name === key)
            : undefined
          const type = property?.type ?? elementOf(issue.ast)
          expected = type === undefined ? expected : (descriptionWithin(type) ?? expected)
          // The name of a field that the Schema does not name is the helper's own word, and may be anything.
          path.push(property !== undefined || typeof key === "number" ? String(key) : "*")
          issue = first.issue
        } else issue = first
        continue
      }
      case "Refinement":
      case "Transformation": {
        const described = descriptionOf(issue.ast)
        expected = described ?? expected
        // A structure's own description is for what is no such structure; inside one, the field's says more.
        if (described !== undefined && !isInside(issue.issue)) return { path: path.join("."), expected }
        issue = issue.issue
        continue
      }
      case "Type":
        return { path: path.join("."), expected: descriptionOf(issue.ast) ?? expected }
      default:
        return { path: path.join("."), expected }
    }
  }
}

const elementOf = (ast: AST.AST): AST.AST | undefined =>
  AST.isTypeLiteral(ast) ? ast.indexSignatures[0]?.type : AST.isTupleType(ast) ? ast.rest[0]?.type : undefined

const isInside = (issue: ParseResult.ParseIssue): boolean =>
  issue._tag === "Composite"
    ? !AST.isUnion(issue.ast)
    : (issue._tag === "Transformation" || issue._tag === "Refinement") && isInside(issue.issue)

const descriptionOf = (ast: AST.AST): string | undefined =>
  AST.isTypeLiteral(ast) ||
  AST.isTupleType(ast) ||
  AST.isUnion(ast) ||
  AST.isTransformation(ast) ||
  AST.isRefinement(ast)
    ? Option.getOrUndefined(AST.getDescriptionAnnotation(ast))
    : undefined

/** Through the `| null | undefined` around an optional field. */
const descriptionWithin = (ast: AST.AST): string | undefined =>
  Option.getOrUndefined(AST.getDescriptionAnnotation(ast)) ??
  (AST.isUnion(ast) ? ast.types.map(descriptionWithin).find((description) => description !== undefined) : undefined)
