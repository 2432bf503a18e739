/** A value of the merged configuration with its origin: its file, its position, and its owner. */

import { ConfigInvalid } from "../../ApiKeyError.js"
import type { RemedyInput } from "../../internal/model/remedy.js"
import { Provenance } from "../../internal/policy/provenance.js"
import type * as Document from "../../internal/source/jsonc.js"
import type { Source } from "./files.js"
import * as Tree from "./mergedTree.js"
import type * as Placeholder from "./placeholder.js"

export interface Origin {
  readonly source: Source
  readonly scope: Placeholder.Scope
}

export const provenanceOf = ({ source }: Origin, at: Document.Position): Provenance => {
  const place = { file: source.name, ...at }
  switch (source.owner) {
    case "user":
      return Provenance.User(place)
    case "environment":
      return Provenance.Environment()
    case "project":
      return Provenance.Project({ ...place, root: source.root })
  }
}

export const placeOf = (leaf: Tree.Leaf<Origin>) => ({ file: leaf.origin.source.name, ...leaf.at })

export const wrong = (leaf: Tree.Leaf<Origin>, problem: string, remedy: RemedyInput): ConfigInvalid =>
  new ConfigInvalid({ ...placeOf(leaf), problem, remedy })

export const commandPath: ReadonlyArray<string> = ["options", "apiKeyCommand"]

export const stringLeaf = (tree: Tree.Tree<Origin> | undefined): Tree.Leaf<Origin> | undefined =>
  tree?._tag === "Leaf" ? tree : undefined

export const badReference =
  (leaf: Tree.Leaf<Origin>) =>
  (file: string): ConfigInvalid =>
    wrong(
      leaf,
      `bad file reference: ${file} does not exist`,
      "Create the file, or correct the path; it is relative to the directory of this file."
    )

export const isProjectLeaf = ({ origin }: Tree.Leaf<Origin>): boolean => origin.source.owner === "project"

/** The leaf that decides the origin of a merged value: a project's, if there is one. */
export const decisive = (tree: Tree.Tree<Origin>): Tree.Leaf<Origin> | undefined => {
  const all = Tree.leaves(tree).map(({ leaf }) => leaf)
  return all.find(isProjectLeaf) ?? all[0]
}

export const plain = (tree: Tree.Tree<Origin>): unknown =>
  tree._tag === "Leaf"
    ? tree.value
    : Object.fromEntries(Array.from(tree.children, ([key, child]) => [key, plain(child)]))
