/** A deep merge of several files, as opencode does it. Each value keeps its origin and position. */

import { isRecord } from "effect/Predicate"
import type { Node } from "jsonc-parser"
import * as Document from "../../internal/source/jsonc.js"

export interface Leaf<Origin> {
  readonly _tag: "Leaf"
  readonly value: unknown
  readonly at: Document.Position
  readonly origin: Origin
}

export interface Branch<Origin> {
  readonly _tag: "Branch"
  readonly children: ReadonlyMap<string, Tree<Origin>>
}

export type Tree<Origin> = Leaf<Origin> | Branch<Origin>

export const empty: Branch<never> = { _tag: "Branch", children: new Map() }

export const isEmptyObject = (value: unknown): boolean => isRecord(value) && Object.keys(value).length === 0

/** Objects become branches, everything else leaves. An empty object becomes a leaf too, so that its origin is kept. */
const fromNode = <Origin>(node: Node, text: string, origin: Origin, nameOf: (key: string) => string): Tree<Origin> =>
  node.type === "object" && Document.membersOf(node).length > 0
    ? {
        _tag: "Branch",
        children: new Map(
          Document.membersOf(node).map(({ key, value }) => [nameOf(key), fromNode(value, text, origin, nameOf)])
        )
      }
    : leafAt(node, text, origin)

export const leafAt = <Origin>(node: Node, text: string, origin: Origin): Leaf<Origin> => ({
  _tag: "Leaf",
  value: Document.valueOf(node),
  at: Document.positionAt(text, node.offset),
  origin
})

/** One member of an object; the last of several with the same name. The other members are not read. */
export const memberOf = <Origin>(
  root: Node,
  name: string,
  text: string,
  origin: Origin,
  nameOf: (key: string) => string
): { readonly node: Node; readonly tree: Tree<Origin> } | undefined => {
  const node = Document.membersOf(root).findLast(({ key }) => nameOf(key) === name)?.value
  return node && { node, tree: fromNode(node, text, origin, nameOf) }
}

export const merge = <Origin>(under: Tree<Origin>, over: Tree<Origin>): Tree<Origin> =>
  under._tag === "Branch" && over._tag === "Branch"
    ? {
        _tag: "Branch",
        children: new Map([
          ...under.children,
          ...Array.from(over.children, ([key, child]): [string, Tree<Origin>] => {
            const before = under.children.get(key)
            return [key, before === undefined ? child : merge(before, child)]
          })
        ])
      }
    : under._tag === "Branch" && over._tag === "Leaf" && isEmptyObject(over.value)
      ? under
      : over

export const at = <Origin>(
  tree: Tree<Origin> | undefined,
  [key, ...rest]: ReadonlyArray<string>
): Tree<Origin> | undefined =>
  key === undefined ? tree : tree?._tag === "Branch" ? at(tree.children.get(key), rest) : undefined

export const leaves = <Origin>(
  tree: Tree<Origin> | undefined,
  path: ReadonlyArray<string> = []
): ReadonlyArray<{ readonly path: ReadonlyArray<string>; readonly leaf: Leaf<Origin> }> => {
  if (tree === undefined) return []
  return tree._tag === "Leaf"
    ? [{ path, leaf: tree }]
    : Array.from(tree.children).flatMap(([key, child]) => leaves(child, [...path, key]))
}
