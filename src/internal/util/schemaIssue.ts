/** Finds the first error in an issue of effect/Schema. The issue's own messages quote the input, which may be a secret. */
import type { NonEmptyReadonlyArray } from "effect/Array"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"

/** A schema, and the path of the value that does not match it. */
export interface Step {
  readonly path: ReadonlyArray<string | number>
  /** For a missing field the field's own schema, for an unexpected one the schema of the object around it. */
  readonly ast: AST.AST
  readonly kind: "missing" | "unexpected" | "misfit"
}

/** The field names of an object schema. */
export const fieldNames = (ast: AST.AST): ReadonlyArray<string> =>
  AST.isTypeLiteral(ast) ? ast.propertySignatures.map(({ name }) => String(name)) : []

/** Walks from the whole value inwards, and at each path from the outer schema to the inner one. Stops at a schema for which `isLast` holds. */
export const stepsOf = (
  issue: ParseResult.ParseIssue,
  isLast: (ast: AST.AST) => boolean,
  path: Step["path"] = [],
  outer: AST.AST = AST.unknownKeyword
): NonEmptyReadonlyArray<Step> => {
  switch (issue._tag) {
    case "Pointer": {
      const keys = [issue.path].flat().map((key) => (typeof key === "number" ? key : String(key)))
      return stepsOf(issue.issue, isLast, [...path, ...keys], outer)
    }
    case "Missing":
      return [{ path, ast: issue.ast.type, kind: "missing" }]
    case "Unexpected":
      return [{ path, ast: outer, kind: "unexpected" }]
    default: {
      const step: Step = { path, ast: issue.ast, kind: "misfit" }
      const [inner] = isLast(issue.ast) ? [] : innerOf(issue)
      return inner === undefined ? [step] : [step, ...stepsOf(inner, isLast, path, issue.ast)]
    }
  }
}

/** An issue of a filter or transformation itself has no inner schema. */
const innerOf = (issue: ParseResult.ParseIssue): ReadonlyArray<ParseResult.ParseIssue> =>
  issue._tag === "Composite"
    ? [issue.issues].flat()
    : "kind" in issue && issue.kind !== "Predicate" && issue.kind !== "Transformation"
      ? [issue.issue]
      : []
