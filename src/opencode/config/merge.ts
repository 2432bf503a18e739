/** Merges the providers of several files as opencode does, and keeps what each project's file declares. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import type { Needs } from "../../internal/host/HostEnvironment.js"
import * as Document from "../../internal/source/jsonc.js"
import type { Source } from "./files.js"
import { type Origin, wrong } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import * as Placeholder from "./placeholder.js"

/** What one project's file declares for one provider. */
export interface Declaration {
  readonly source: Source
  readonly declared: unknown
  readonly tree: Tree.Tree<Origin>
}

export interface Merged {
  readonly providers: ReadonlyMap<string, Tree.Tree<Origin>>
  /** By the provider's id. */
  readonly declarations: ReadonlyMap<string, ReadonlyArray<Declaration>>
  readonly failures: ReadonlyArray<ApiKeyError>
}

interface Member {
  readonly value: unknown
  readonly tree: Tree.Branch<Origin>
}

/** The `provider` object of one file, if it has one. */
const providersIn = (
  { root, text }: Document.Document,
  origin: Origin
): Either.Either<Option.Option<Member>, ConfigInvalid> => {
  if (root.type !== "object") {
    const leaf = Tree.leafAt(root, text, origin)
    return Either.left(wrong(leaf, "it is not an object", "Put it into braces: { … }"))
  }
  const nameOf = (key: string): string =>
    // The user's own names are filled without a policy decision, because a name should not be secret.
    origin.source.owner === "project" ? key : Placeholder.fillVariables(key, origin.scope)
  const member = Tree.memberOf(root, "provider", text, origin, nameOf)
  if (member === undefined) return Either.right(Option.none())
  const { node, tree } = member
  if (tree._tag === "Branch") return Either.right(Option.some({ value: Document.valueOf(node), tree }))
  return Tree.isEmptyObject(tree.value)
    ? Either.right(Option.none())
    : Either.left(wrong(tree, "`provider` is not an object", 'For example "provider": { "openai": { … } }.'))
}

/** Merges the files. An error in one file does not affect the others. */
export const mergeProviders = Effect.fnUntraced(function* (
  sources: ReadonlyArray<Source>,
  scopeOf: (source: Source) => Placeholder.Scope
): Effect.fn.Return<Merged, never, Needs> {
  const failures: Array<ApiKeyError> = []
  const declarations = new Map<string, ReadonlyArray<Declaration>>()
  let merged: Tree.Tree<Origin> = Tree.empty
  for (const source of sources) {
    const origin: Origin = { source, scope: scopeOf(source) }
    const found = Either.flatMap(yield* Effect.either(source.text), (document) => providersIn(document, origin))
    if (Either.isLeft(found)) {
      failures.push(found.left)
      continue
    }
    if (Option.isNone(found.right)) continue
    const { tree, value } = found.right.value
    merged = Tree.merge(merged, tree)
    if (source.owner !== "project") continue
    for (const [id, each] of tree.children) {
      const declared = isRecord(value) ? value[id] : undefined
      declarations.set(id, [...(declarations.get(id) ?? []), { source, declared, tree: each }])
    }
  }
  return { providers: merged._tag === "Branch" ? merged.children : new Map(), declarations, failures }
})
