/** Turns an issue of effect/Schema into one problem with path and remedy. The issue's own messages are not used: they quote the input. */

import * as Arr from "effect/Array"
import * as Option from "effect/Option"
import type * as ParseResult from "effect/ParseResult"
import * as AST from "effect/SchemaAST"
import { closest, distance } from "fastest-levenshtein"
import { ConfigInvalid } from "../../ApiKeyError.js"
import type { RemedyInput } from "../model/remedy.js"
import { fieldNames, stepsOf } from "../util/schemaIssue.js"
import { type Document, type Path, positionAt, positionOf } from "./jsonc.js"

export interface Problem {
  readonly path: Path
  readonly at: "key" | "value"
  readonly problem: string
  readonly remedy?: RemedyInput | undefined
  /** The offset, for what no path can address: the second of two equal keys. */
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

/** The known name that was probably meant. It differs in at most three letters, and in less than half of them. */
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

const describing = (ast: AST.AST): string =>
  Option.getOrElse(AST.getDescriptionAnnotation(ast), () =>
    ast._tag === "TypeLiteral" ? "an object" : ast._tag === "TupleType" ? "a list" : "another value"
  )

const remedyOf = (ast: AST.AST): string | undefined => Option.getOrUndefined(AST.getDocumentationAnnotation(ast))

const misfit = (path: Path, ast: AST.AST, outer?: AST.AST): Problem => ({
  path,
  at: "value",
  problem: `expected ${describing(ast)}`,
  remedy: remedyOf(ast) ?? (outer && remedyOf(outer))
})

const unexpected = (name: string, object: AST.AST): Problem => {
  const names = fieldNames(object)
  const parameter = AST.isTypeLiteral(object) ? object.indexSignatures[0]?.parameter : undefined
  return names.length > 0 || parameter === undefined
    ? unknownKey(name, names)
    : { ...misfit([name], parameter), at: "key" }
}

/** The first problem of an issue. For a union it describes the whole union, because the intended member is unknown. */
export const problemOf = (issue: ParseResult.ParseIssue): Problem => {
  const steps = stepsOf(issue, AST.isUnion)
  const end = Arr.lastNonEmpty(steps)
  const { ast, kind, path } = end
  const key = String(path.at(-1))
  if (kind === "unexpected") return { ...unexpected(key, ast), path }
  const place = kind === "missing" ? path.slice(0, -1) : path
  const here = steps.filter((step) => step.path.length === place.length)
  // A refinement's description is more precise than that of the type that it refines.
  const failed = here.find((step) => AST.isRefinement(step.ast)) ?? here.at(-1) ?? end
  return kind === "missing" && fieldNames(failed.ast).length > 0
    ? { path: place, at: "value", problem: `"${key}" is missing`, remedy: remedyOf(failed.ast) }
    : misfit(place, failed.ast, steps[steps.indexOf(failed) - 1]?.ast)
}
