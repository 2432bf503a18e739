/** Walks up from a directory to the root of its repository. */

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { mayExist } from "./paths.js"

interface Upwards {
  /** The nearest one first. */
  readonly folders: ReadonlyArray<string>
  /** The root of the repository, which is the last of the directories. */
  readonly repository: Option.Option<string>
}

/** The directories from the given one up to its repository, else up to the file system root. Ends before a directory where the walk must stop. */
export const upwards = Effect.fnUntraced(function* (
  from: string,
  stopsAt: (folder: string) => boolean
): Effect.fn.Return<Upwards, never, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const folders: Array<string> = []
  for (let folder = from; !stopsAt(folder); folder = path.dirname(folder)) {
    folders.push(folder)
    if (yield* mayExist(path.join(folder, ".git"))) return { folders, repository: Option.some(folder) }
    if (path.dirname(folder) === folder) break
  }
  return { folders, repository: Option.none() }
})
