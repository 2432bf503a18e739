/** A provider's `apiKeyCommand` as a source of the key. It may be merged from several files. */

import type * as Path from "@effect/platform/Path"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import type { Candidate } from "../../internal/config/model.js"
import { expanded } from "../../internal/host/paths.js"
import { decodeProblem } from "../../internal/source/decode.js"
import { commandPath, decisive, type Origin, plain, provenanceOf, wrong } from "./leaf.js"
import * as Tree from "./mergedTree.js"
import * as Placeholder from "./placeholder.js"

/** Resolves each path from the directory of the file that declares it. Another file may override the rest of the command. */
const placed = (written: Tree.Tree<Origin>, path: Path.Path): Tree.Tree<Origin> => {
  const fromItsFolder = (leaf: Tree.Leaf<Origin>): unknown => {
    const { folder, home } = leaf.origin.scope
    const from = (text: string): string => expanded(text, { home, cwd: folder }, path)
    if (typeof leaf.value === "string") return leaf.value.trim() === "" ? leaf.value : from(leaf.value)
    if (!Array.isArray(leaf.value)) return leaf.value
    const [program, ...args]: ReadonlyArray<unknown> = leaf.value
    if (typeof program !== "string") return leaf.value
    const filled = args.map((each) =>
      typeof each === "string" ? Placeholder.fillVariables(each, leaf.origin.scope) : each
    )
    // A bare name is searched on PATH.
    return [/[\\/]/.test(program) ? from(program) : program, ...filled]
  }
  if (written._tag === "Leaf") {
    return Array.isArray(written.value) ? { ...written, value: fromItsFolder(written) } : written
  }
  return {
    ...written,
    children: new Map(
      Array.from(written.children, ([key, child]): [string, Tree.Tree<Origin>] => {
        const isPlace = (key === "argv" && child._tag === "Leaf" && Array.isArray(child.value)) || key === "cwd"
        return [key, isPlace && child._tag === "Leaf" ? { ...child, value: fromItsFolder(child) } : child]
      })
    )
  }
}

const onlyInArguments = "Only {env:NAME} in an argument is: write what it stands for, or let the helper look for it."

export const commandIn = (tree: Tree.Tree<Origin> | undefined, path: Path.Path): Option.Option<Candidate> => {
  const written = Tree.at(tree, commandPath)
  const leaf = written && decisive(written)
  if (written === undefined || leaf === undefined) return Option.none()
  const run = placed(written, path)
  const source = Tree.leaves(run).some(({ leaf: { value } }) => Placeholder.isIn(JSON.stringify(value)))
    ? Either.left(wrong(leaf, "apiKeyCommand: a placeholder stands where none is replaced", onlyInArguments))
    : Either.mapLeft(decodeProblem({ command: plain(run) }), ({ problem, remedy }) =>
        wrong(leaf, `apiKeyCommand: ${problem}`, remedy ?? 'For example ["op", "read", "op://…"].')
      )
  return Option.some({ provenance: provenanceOf(leaf.origin, leaf.at), source })
}
