/** The destination of a provider's key, and whether a project's file affects it. */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { decodeUrl } from "../../internal/config/file.js"
import type { Resolved } from "../../internal/config/model.js"
import { wholeVariable } from "./key.js"
import { isProjectLeaf, type Origin, provenanceOf, stringLeaf } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import * as Placeholder from "./placeholder.js"

/**
 * Fields that a project may set without affecting any destination.
 *
 * @internal
 */
export const harmlessFields: ReadonlySet<string> = new Set(["name", "id", "whitelist", "blacklist"])

/**
 * @internal
 */
export const harmlessOptions: ReadonlySet<string> = new Set([
  "apiKeyCommand",
  "timeout",
  "headerTimeout",
  "chunkTimeout",
  "setCacheKey"
])

/**
 * Fields of a model that affect where its requests go or what they hold.
 *
 * @internal
 */
export const affectsRequestFields: ReadonlySet<string> = new Set(["headers", "provider", "options", "variants"])

/**
 * Whether a project's `apiKey` is blank. A blank key makes the next source apply, so another key would be sent to the user's
 * base URL. An unset variable is harmless if the user has set no base URL.
 */
const isBlankKey = ({ origin, value }: Tree.Leaf<Origin>, isPointed: boolean): boolean => {
  if (typeof value !== "string") return true
  const variable = wholeVariable.exec(value)?.[1]
  return variable === undefined
    ? value.trim() === ""
    : isPointed && (origin.scope.variable(variable) ?? "").trim() === ""
}

/**
 * Whether a model's id or name may change the URL path: some of opencode's packages insert it unescaped. A placeholder counts
 * too, because opencode fills it.
 *
 * @internal
 */
export const escapesPath = (model: unknown): boolean => /[%?#\\{\p{Cc}]|(?:^|\/)\.{0,2}(?:\/|$)/u.test(String(model))

/** Whether a project's value affects the destination. The path is compared by element, because a name may contain any character. */
const isPointing = (path: ReadonlyArray<string>, leaf: Tree.Leaf<Origin>, isPointed: boolean): boolean => {
  const [first, second, third] = path
  const { value } = leaf
  if (first === undefined) return !Tree.isEmptyObject(value)
  if (first === "options") {
    if (second === undefined) return !Tree.isEmptyObject(value)
    if (second === "apiKey") return isBlankKey(leaf, isPointed)
    return !harmlessOptions.has(second)
  }
  if (first !== "models") return path.length > 1 || !harmlessFields.has(first)
  if ((second !== undefined && escapesPath(second)) || (third === "id" && escapesPath(value))) return true
  return third === undefined ? !Tree.isEmptyObject(value) : affectsRequestFields.has(third)
}

export const destinationOf = (tree: Tree.Tree<Origin> | undefined): Resolved["destination"] => {
  const base = stringLeaf(Tree.at(tree, ["options", "baseURL"])) ?? stringLeaf(Tree.at(tree, ["api"]))
  const isPointed = base !== undefined && !isProjectLeaf(base)
  const pointing = Tree.leaves(tree).find(
    ({ leaf, path }) => isProjectLeaf(leaf) && isPointing(path, leaf, isPointed)
  )?.leaf
  const leaf = pointing ?? base
  if (leaf === undefined) return Option.none()
  return Option.some({ origin: originOf(base), provenance: provenanceOf(leaf.origin, leaf.at) })
}

/** The origin to show. Placeholders in a project's URL are not replaced, so no value of the user is used before the user trusts it. */
const originOf = (base: Tree.Leaf<Origin> | undefined): string => {
  if (base === undefined) return "the provider's own"
  const text = String(base.value)
  const url = decodeUrl(isProjectLeaf(base) ? text : Placeholder.fillVariables(text, base.origin.scope))
  return Either.match(url, { onLeft: () => text, onRight: ({ origin }) => origin })
}
