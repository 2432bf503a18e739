/** Finds the project's configuration file and the project's root directory. */

import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { isOwnedBySomebodyElse } from "../host/ownership.js"
import { fileName, isInside, realPathOf } from "../host/paths.js"
import { upwards } from "../host/repository.js"
import * as Document from "../source/jsonc.js"
import { shellWord } from "../util/shell.js"

/** Searches up to the root of the repository, but never in the home directory or above it. */
const belowHome = Effect.fnUntraced(function* (from: string) {
  const path = yield* Path.Path
  const { home: namedHome } = yield* HostEnvironment
  // The working directory has its symlinks resolved, so the home directory must too.
  const realHome = yield* realPathOf(namedHome)
  return yield* upwards(from, (folder) => [namedHome, realHome].some((home) => isInside(folder, home, path)))
})

/** The root directory of the project to which a file belongs: its repository, else the file's directory. */
export const projectRoot = Effect.fnUntraced(function* (file: string): Effect.fn.Return<string, never, Needs> {
  const path = yield* Path.Path
  const folder = path.dirname(file)
  const { repository } = yield* belowHome(folder)
  return Option.getOrElse(repository, () => folder)
})

interface Project {
  readonly file: Option.Option<string>
  /** Files of other users that were found above the working directory. */
  readonly skipped: ReadonlyArray<string>
}

export const findProject: Effect.Effect<Project, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { cwd } = yield* HostEnvironment
  const skipped: Array<string> = []
  const { folders } = yield* belowHome(cwd)
  for (const folder of folders) {
    const file = path.join(folder, fileName)
    if (!(yield* Document.isThere(file))) continue
    if (!isOwnedBySomebodyElse(file, cwd)) return { file: Option.some(file), skipped }
    skipped.push(file)
  }
  return { file: Option.none(), skipped }
})

export const projectFile: Effect.Effect<Option.Option<string>, never, Needs> = Effect.map(
  findProject,
  ({ file }) => file
)

export const skippedNote = (file: string): string =>
  `${file} is owned by another user and not used. To use it: --config ${shellWord(file)}`
