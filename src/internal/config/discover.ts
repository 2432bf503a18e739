/** Finds the project's configuration file and the project's root directory. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { isOwnedBySomebodyElse } from "../host/ownership.js"
import { fileName, isInside, realPathOf } from "../host/paths.js"
import * as Document from "../source/jsonc.js"
import { shellWord } from "../util/shell.js"

export const exists = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  // What is there but cannot be looked at is reported when it is read.
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => true))

/** The folders from one upwards: up to the root of its repository, never the home directory or above it. */
const upwards = (from: string): Effect.Effect<ReadonlyArray<string>, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { home: namedHome } = yield* HostEnvironment
    // The working directory comes with its links followed, so the home directory does too.
    const realHome = yield* realPathOf(namedHome)
    const isAbove = (folder: string) => [namedHome, realHome].some((home) => isInside(folder, home, path))
    const folders: Array<string> = []
    for (let folder = from; !isAbove(folder); folder = path.dirname(folder)) {
      folders.push(folder)
      if (yield* exists(path.join(folder, ".git"))) break
      if (path.dirname(folder) === folder) break
    }
    return folders
  })

/** The folder that a project's file speaks for: its repository, or the folder it is in. */
export const projectRoot = (file: string): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const folder = path.dirname(file)
    for (const candidate of yield* upwards(folder)) {
      if (yield* exists(path.join(candidate, ".git"))) return candidate
    }
    return folder
  })

interface Project {
  readonly file: Option.Option<string>
  /** What others put above us. */
  readonly skipped: ReadonlyArray<string>
}

export const findProject: Effect.Effect<Project, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const { cwd } = yield* HostEnvironment
  const skipped: Array<string> = []
  for (const folder of yield* upwards(cwd)) {
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
  `${file} is somebody else's and not used. If you want it: --config ${shellWord(file)}`
