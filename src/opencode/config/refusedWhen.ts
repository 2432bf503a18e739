/** A provider's `options.refusedWhen`: which responses, beside the known ones, mean that the server rejected the key. */

import * as Either from "effect/Either"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { refusedWhenOf } from "../../internal/config/file.js"
import type { RefusedWhen } from "../../internal/model/refusal.js"
import { decisive, type Origin, plain, wrong } from "./leaf.js"
import * as Tree from "./mergedTree.js"

/** Its name in `options`. No SDK knows it. */
const name = "refusedWhen"

/** Rules of a project's file are not harmless, so they need trust as a base URL of its own does. */
export const refusedWhenIn = (tree: Tree.Tree<Origin> | undefined): Either.Either<RefusedWhen, ConfigInvalid> => {
  const written = Tree.at(tree, ["options", name])
  const leaf = written && decisive(written)
  if (written === undefined || leaf === undefined) return Either.right([])
  return Either.mapLeft(refusedWhenOf(plain(written)), ({ path, problem, remedy }) =>
    wrong(leaf, `${[name, ...path].join(".")}: ${problem}`, remedy ?? 'For example [{ "status": 403 }].')
  )
}
