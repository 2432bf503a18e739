/** Finds the program of a command for the policy, on a PATH without entries that a project or other users control. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ApiKeyError, CommandNotExecutable, CommandNotFound, CommandNotTrusted } from "../../ApiKeyError.js"
import { findProgram, remedyFor, type SearchOptions } from "../helper/searchPath.js"
import { HostEnvironment, type Needs } from "../host/HostEnvironment.js"
import { describe, findInsecurePath } from "../host/ownership.js"
import { isInside, realPathOf } from "../host/paths.js"
import { outermost } from "../host/repository.js"
import { programName, shownPath, shownPaths } from "../redact/programName.js"
import { isProject, type Provenance } from "./provenance.js"

/**
 * The directory whose programs are a project's: its root, or the outermost repository around it. In a submodule the programs of the
 * outer repository are as little the user's. A directory that contains the user's home directory is not a project.
 */
export const projectFolder = (root: string): Effect.Effect<Option.Option<string>, never, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const { home } = yield* HostEnvironment
    const homes = [yield* realPathOf(home), home]
    const holdsHome = (folder: string) => homes.some((each) => isInside(folder, each, path))
    return holdsHome(root) ? Option.none() : Option.orElseSome(yield* outermost(root, holdsHome), () => root)
  })

/** PATH without entries that are empty, relative, in the project, or writable by others. */
export const safePath = (root: Option.Option<string>): Effect.Effect<string, never, Needs> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    const { env } = yield* HostEnvironment
    const delimiter = process.platform === "win32" ? ";" : ":"
    const kept: Array<string> = []
    for (const entry of (env["PATH"] ?? "").split(delimiter)) {
      if (entry === "" || !path.isAbsolute(entry)) continue
      const real = yield* Effect.option(fs.realPath(entry))
      if (Option.isNone(real)) continue
      if (Option.exists(root, (folder) => [real.value, entry].some((place) => isInside(folder, place, path)))) continue
      if (Option.isSome(yield* findInsecurePath(entry))) continue
      kept.push(entry)
    }
    return kept.join(delimiter)
  })

/**
 * The PATH on which the policy searches a command's program.
 *
 * @internal
 */
export const searchPathFor = (from: Provenance): Effect.Effect<string, never, Needs> =>
  isProject(from) ? Effect.flatMap(projectFolder(from.root), safePath) : safePath(Option.none())

export const onlyIn = (searchPath: string): SearchOptions => ({
  env: { PATH: searchPath },
  cwd: Option.some("/"),
  platform: process.platform,
  beyond: []
})

/** The path of the program. A program in the project must be given by its path; a bare name never finds it. */
export const resolveProgram = (
  program: string,
  searchPath: string,
  file: string
): Effect.Effect<string, ApiKeyError, Needs> =>
  Effect.gen(function* () {
    const command = programName([program])
    const found = yield* findProgram(program, onlyIn(searchPath))
    if (found._tag === "NotExecutable") {
      return yield* new CommandNotExecutable({
        command,
        path: shownPath(program, command, found.path),
        remedy: remedyFor[found.obstacle]
      })
    }
    if (found._tag === "Missing") {
      return yield* new CommandNotFound({
        command,
        searched: shownPaths(program, found.searched),
        remedy:
          "For a project's command, PATH entries that are empty, relative, in the project or writable by others are ignored."
      })
    }
    const weak = yield* findInsecurePath(found.path)
    if (Option.isSome(weak)) {
      const { problem, remedy } = describe(weak.value, "")
      return yield* new CommandNotTrusted({ command, file, remedy: `Here ${problem}. ${remedy}` })
    }
    return found.path
  })
