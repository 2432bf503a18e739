/** Walks up from a directory to the root of its repository. */

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isOwnedBySomebodyElse, isSharedFolder } from "./ownership.js"
import { mayExist } from "./paths.js"

interface Upwards {
  /** The nearest one first. */
  readonly folders: ReadonlyArray<string>
  /** The root of the repository, which is the last of the directories. */
  readonly repository: Option.Option<string>
}

/**
 * Whether a directory is the root of a repository. A `.git` of another user does not count, nor does one in a directory where
 * anyone may create files, such as /tmp: it would make all below it one project.
 */
const isRepository = Effect.fnUntraced(function* (folder: string, from: string) {
  const path = yield* Path.Path
  const marker = path.join(folder, ".git")
  return (yield* mayExist(marker)) && !isSharedFolder(folder) && !isOwnedBySomebodyElse(marker, from)
})

/** The directories from the given one up to its repository, else up to the file system root. Ends before a directory where the walk must stop. */
export const upwards = Effect.fnUntraced(function* (
  from: string,
  stopsAt: (folder: string) => boolean
): Effect.fn.Return<Upwards, never, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const folders: Array<string> = []
  for (let folder = from; !stopsAt(folder); folder = path.dirname(folder)) {
    folders.push(folder)
    if (yield* isRepository(folder, from)) return { folders, repository: Option.some(folder) }
    if (path.dirname(folder) === folder) break
  }
  return { folders, repository: Option.none() }
})

/** The outermost repository that contains a directory: that of a submodule is the repository around it. */
export const outermost = Effect.fnUntraced(function* (from: string, stopsAt: (folder: string) => boolean) {
  const path = yield* Path.Path
  let found: Option.Option<string> = Option.none()
  for (let folder = from; !stopsAt(folder); folder = path.dirname(folder)) {
    if (yield* isRepository(folder, from)) found = Option.some(folder)
    if (path.dirname(folder) === folder) break
  }
  return found
})
