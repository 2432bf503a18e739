/** The sources of a provider's key in the order in which they are tried: opencode's own, then the command. */

import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { type ApiKeyError, KeyNotConfigured } from "../../ApiKeyError.js"
import * as ApiKeySource from "../../ApiKeySource.js"
import type { Candidate, Resolved } from "../../internal/config/model.js"
import { Provenance } from "../../internal/policy/provenance.js"
import { keyFrom } from "../../internal/source/read.js"
import * as AuthJson from "../../OpencodeAuthJson.js"
import { commandIn } from "./command.js"
import { isSet } from "./files.js"
import { badReference, isProjectLeaf, type Origin, placeOf, provenanceOf, stringLeaf, wrong } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import * as Placeholder from "./placeholder.js"
import { exceptions, regular } from "./variables.js"

interface Around {
  readonly auth: Either.Either<AuthJson.AuthJson, ApiKeyError>
  readonly env: Readonly<Record<string, string | undefined>>
  readonly path: Path.Path
}

const hasKey = (entry: AuthJson.Entry | undefined): boolean =>
  entry?.type === "api" && Option.isSome(AuthJson.keyOf(entry))

/** The sources by precedence, highest first. opencode applies them in reverse, and the last one wins. */
export const partsOf = (
  id: string,
  tree: Tree.Tree<Origin> | undefined,
  around: Around
): Pick<Resolved, "candidates" | "consulted" | "notes"> => {
  const candidates: Array<Candidate> = []
  const consulted: Array<string> = []
  const notes: Array<string> = []

  const written = Tree.at(tree, ["options", "apiKey"])
  if (written === undefined) consulted.push("options.apiKey")
  else {
    const configured = writtenKey(written, id, around)
    candidates.push(...Option.toArray(configured.candidate))
    consulted.push(...(Option.isNone(configured.candidate) ? ["options.apiKey"] : []))
    notes.push(...configured.notes)
  }

  if (Either.isLeft(around.auth))
    candidates.push({ provenance: Provenance.Environment(), source: Either.left(around.auth.left) })
  else if (hasKey(around.auth.right.get(id))) {
    candidates.push({ provenance: Provenance.Environment(), source: Either.right(ApiKeySource.auth(id)) })
  } else consulted.push(`auth.json entry ${id}`)

  const named = variablesOf(id, tree)
  const [name] = named.names
  if (name !== undefined && named.names.length === 1) {
    candidates.push({ provenance: named.provenance, source: Either.right(ApiKeySource.env(name)) })
  } else if (name !== undefined) notes.push("of several variables opencode takes none; its SDK may read them itself")

  const command = commandIn(tree, around.path)
  candidates.push(...Option.toArray(command))
  if (Option.isNone(command)) consulted.push("options.apiKeyCommand")
  return { candidates, consulted, notes }
}

/** The first value of a wrong type. opencode does not start with such a value. */
export const misshapenIn = (tree: Tree.Tree<Origin> | undefined): ReadonlyArray<Candidate> => {
  const checks: ReadonlyArray<readonly [path: ReadonlyArray<string>, problem: string, example: string]> = [
    [[], "the provider is not an object", '{ "options": { … } }'],
    [["options"], "`options` is not an object", '"options": { "apiKey": "{env:OPENAI_API_KEY}" }'],
    [["env"], "`env` is not a list of names", '"env": ["OPENAI_API_KEY"]']
  ]
  for (const [path, problem, example] of checks) {
    const found = Tree.at(tree, path)
    if (found === undefined) continue
    const isRight =
      path[0] === "env"
        ? found._tag === "Leaf" && Array.isArray(found.value) && found.value.every((each) => typeof each === "string")
        : found._tag === "Branch" || Tree.isEmptyObject(found.value)
    const leaf = Tree.leaves(found)[0]?.leaf
    if (isRight || leaf === undefined) continue
    return [
      {
        provenance: provenanceOf(leaf.origin, leaf.at),
        source: Either.left(wrong(leaf, problem, `For example ${example}.`))
      }
    ]
  }
  return []
}

export const wholeVariable = /^\{env:([A-Za-z_][A-Za-z0-9_]*)\}$/

const writtenKey = (
  written: Tree.Tree<Origin>,
  id: string,
  { env, path }: Around
): { readonly candidate: Option.Option<Candidate>; readonly notes: ReadonlyArray<string> } => {
  const leaf = written._tag === "Leaf" ? written : Tree.leaves(written)[0]?.leaf
  if (leaf === undefined) return { candidate: Option.none(), notes: [] }
  const provenance = provenanceOf(leaf.origin, leaf.at)
  const as = (source: Candidate["source"]) => Option.some({ provenance, source })
  if (written._tag === "Branch" || typeof leaf.value !== "string") {
    const remedy = 'For example "{env:OPENAI_API_KEY}"; a command goes into "apiKeyCommand".'
    return { candidate: as(Either.left(wrong(leaf, "`apiKey` is not a string", remedy))), notes: [] }
  }
  const { value } = leaf
  const { scope } = leaf.origin
  if (value.trim() === "") return { candidate: Option.none(), notes: [hidesAuth("`apiKey` is empty", leaf)] }
  const variable = wholeVariable.exec(value)?.[1]
  const notes =
    variable !== undefined && !isSet(scope.variable(variable)) ? [hidesAuth(`${variable} is not set`, leaf)] : []
  // A variable that a well-known server sets is not in the environment, so it is read as a placeholder.
  if (variable !== undefined && env[variable] === scope.variable(variable))
    return { candidate: as(Either.right(ApiKeySource.env(variable))), notes }
  if (!Placeholder.isIn(value)) return { candidate: as(Either.right(ApiKeySource.literal(value))), notes }
  return {
    candidate: as(
      Either.right({
        _tag: "Template",
        label: "options.apiKey",
        singles: Placeholder.sourcesIn(value, scope, path),
        read: Effect.flatMap(Placeholder.fill(value, scope, badReference(leaf)), (key) =>
          key.trim() === "" ? Effect.fail(emptyKey(leaf, id)) : keyFrom("options.apiKey", key)
        )
      })
    ),
    notes
  }
}

/** The error for an empty key. A project's empty key ends the search: later keys are for the user's destination, not the project's. */
const emptyKey = (leaf: Tree.Leaf<Origin>, provider: string): ApiKeyError =>
  isProjectLeaf(leaf)
    ? wrong(leaf, "`apiKey` is empty after its placeholders are replaced", "Put a key where it points, or remove it.")
    : new KeyNotConfigured({ provider, tried: ["options.apiKey"] })

const hidesAuth = (what: string, leaf: Tree.Leaf<Origin>): string => {
  const { file, line, column } = placeOf(leaf)
  return `${file}:${line}:${column}: ${what}: opencode would send no key and not look at auth.json; here the next source is asked`
}

const variablesOf = (
  id: string,
  tree: Tree.Tree<Origin> | undefined
): { readonly names: ReadonlyArray<string>; readonly provenance: Provenance } => {
  const leaf = stringLeaf(Tree.at(tree, ["env"]))
  if (leaf !== undefined && Array.isArray(leaf.value)) {
    const names = leaf.value.filter((name: unknown) => typeof name === "string")
    return { names, provenance: provenanceOf(leaf.origin, leaf.at) }
  }
  return { names: Option.toArray(knownVariable(id)), provenance: Provenance.Environment() }
}

/** The variable from which opencode reads a provider's key by default. */
export const knownVariable = (id: string): Option.Option<string> => {
  if (regular.has(id)) return Option.some(ApiKeySource.variablesFor(id).key)
  return Object.hasOwn(exceptions, id) ? Option.fromNullable(exceptions[id]) : Option.none()
}
