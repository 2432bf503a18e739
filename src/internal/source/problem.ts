/** From what effect/Schema found wrong to one problem with its place and remedy. Its own messages quote the input, so none is passed on. */
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { closest, distance } from "fastest-levenshtein"
import { ConfigInvalid } from "../../ApiKeyError.js"
import { type Document, type Path, positionAt, positionOf } from "./jsonc.js"

export interface Problem {
  readonly path: Path
  readonly at: "key" | "value"
  readonly problem: string
  readonly remedy?: string | undefined
  /** Where no path leads, as to the second of two keys of one name. */
  readonly offset?: number | undefined
}

export const inside = (key: string | number, { path, ...rest }: Problem): Problem => ({ path: [key, ...path], ...rest })

export const toConfigInvalid = (document: Document, { path, at, offset, problem, remedy }: Problem): ConfigInvalid =>
  new ConfigInvalid({
    file: document.file,
    ...(offset === undefined ? positionOf(document, path, at) : positionAt(document.text, offset)),
    problem,
    ...(remedy === undefined ? {} : { remedy })
  })

/** The known name that was probably meant: at most three letters off, and less than half of it. */
export const nearest = (name: string, known: ReadonlyArray<string>): Option.Option<string> => {
  if (known.length === 0) return Option.none()
  const best = closest(
    name.toLowerCase(),
    known.map((candidate) => candidate.toLowerCase())
  )
  const off = distance(name.toLowerCase(), best)
  return off <= 3 && off * 2 < Math.max(name.length, best.length)
    ? Option.fromNullable(known.find((candidate) => candidate.toLowerCase() === best))
    : Option.none()
}

const maxShownName = 40

export const unknownKey = (name: string, known: ReadonlyArray<string>): Problem => ({
  path: [name],
  at: "key",
  problem: `${JSON.stringify(name.slice(0, maxShownName))} is not known here`,
  remedy: Option.match(nearest(name, known), {
    onNone: () => `Use one of: ${known.join(", ")}`,
    onSome: (meant) => `Did you mean "${meant}"?`
  })
})

const namesOf = (ast: AST.AST): ReadonlyArray<string> => {
  switch (ast._tag) {
    case "TypeLiteral":
      return ast.propertySignatures.map(({ name }) => String(name))
    case "Transformation":
      return namesOf(ast.from)
    case "Refinement":
      return namesOf(ast.from)
    default:
      return []
  }
}

const asPath = (path: ParseResult.Path): Path =>
  (Array.isArray(path) ? path : [path]).map((key) => (typeof key === "number" ? key : String(key)))

const describing = (ast: AST.AST): string =>
  Option.getOrElse(AST.getDescriptionAnnotation(ast), () =>
    ast._tag === "TypeLiteral" ? "an object" : ast._tag === "TupleType" ? "a list" : "another value"
  )

const remedyOf = (ast: AST.AST): string | undefined => Option.getOrUndefined(AST.getDocumentationAnnotation(ast))

const leaf = (ast: AST.AST, outer: AST.AST | undefined): Problem => ({
  path: [],
  at: "value",
  problem: `expected ${describing(ast)}`,
  remedy: remedyOf(ast) ?? (outer && remedyOf(outer))
})

/** A refinement that says what it takes says it better than what it refines. */
const ofRefinement = (issue: ParseResult.Refinement, outer: AST.AST | undefined): Problem => {
  const inner = problemOf(issue.issue, issue.ast)
  return issue.kind === "From" && inner.path.length > 0 ? inner : leaf(issue.ast, outer)
}

const wrongName = (name: string, outer: AST.AST | undefined): Problem => {
  const parameter = outer?._tag === "TypeLiteral" ? outer.indexSignatures[0]?.parameter : undefined
  return parameter === undefined ? unknownKey(name, []) : { ...leaf(parameter, undefined), path: [name], at: "key" }
}

export const problemOf = (issue: ParseResult.ParseIssue, outer?: AST.AST): Problem => {
  switch (issue._tag) {
    case "Pointer": {
      const path = asPath(issue.path)
      const key = String(path[path.length - 1])
      const known = outer === undefined ? [] : namesOf(outer)
      if (issue.issue._tag === "Unexpected") return known.length > 0 ? unknownKey(key, known) : wrongName(key, outer)
      if (issue.issue._tag === "Missing") {
        if (known.length === 0 && outer !== undefined) return leaf(outer, undefined)
        return { path: [], at: "value", problem: `"${key}" is missing`, remedy: outer && remedyOf(outer) }
      }
      return path.reduceRight((problem, part) => inside(part, problem), problemOf(issue.issue, outer))
    }
    case "Composite": {
      const first = "_tag" in issue.issues ? issue.issues : issue.issues[0]
      // Of a union's members none is the one that was meant, so the union as a whole says what it takes.
      return issue.ast._tag === "Union" ? leaf(issue.ast, outer) : problemOf(first, issue.ast)
    }
    case "Refinement":
      return ofRefinement(issue, outer)
    case "Transformation":
      return issue.kind === "Transformation" ? leaf(issue.ast, outer) : problemOf(issue.issue, issue.ast)
    case "Unexpected":
    case "Missing":
      return { path: [], at: "value", problem: "unexpected", remedy: undefined }
    default:
      return leaf(issue.ast, outer)
  }
}
