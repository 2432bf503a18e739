/** Our own PATH search, so that an error can list the searched directories and say why a found file cannot be run. */
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { codeOf } from "../util/platformError.js"
import { variable } from "./environment.js"

/** Why an existing file cannot be run. */
export type Obstacle = "permission" | "folder" | "special" | "links" | "unreachable"

export type Found = Data.TaggedEnum<{
  /** `beyondPath` is the program's directory if PATH does not contain it. */
  Executable: { readonly path: string; readonly beyondPath: Option.Option<string> }
  NotExecutable: { readonly path: string; readonly obstacle: Obstacle }
  Missing: { readonly searched: ReadonlyArray<string> }
}>

export const Found = Data.taggedEnum<Found>()

export interface SearchOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: Option.Option<string>
  readonly platform: NodeJS.Platform
  /** Directories to search after PATH. */
  readonly beyond: ReadonlyArray<string>
}

/** What POSIX systems search if PATH is not set. */
const defaultPath = "/usr/local/bin:/usr/bin:/bin"
const defaultExtensions = ".COM;.EXE;.BAT;.CMD"

/** On Windows, a name without a known extension is tried with each extension of PATHEXT, then as it is. */
const extensionsOf = (program: string, { env, platform }: SearchOptions): ReadonlyArray<string> => {
  if (platform !== "win32") return [""]
  const known = (variable(env, "PATHEXT", platform) ?? defaultExtensions).split(";").filter((each) => each !== "")
  const isKnown = known.some((extension) => program.toLowerCase().endsWith(extension.toLowerCase()))
  return isKnown ? [""] : [...known, ""]
}

/** Skips empty and relative entries. They depend on the working directory, which may be controlled by others. */
const foldersOf = ({ env, platform }: SearchOptions, path: Path.Path): ReadonlyArray<string> => {
  const windows = platform === "win32"
  const value = variable(env, "PATH", platform) ?? (windows ? "" : defaultPath)
  return value
    .split(windows ? ";" : ":")
    .map((folder) => (windows ? folder.replace(/^"(.*)"$/, "$1") : folder))
    .filter((folder) => path.isAbsolute(folder))
}

/** A program name with a separator is a path. The file system resolves `..`, because it may follow a symlink. */
const placeOf = (program: string, { cwd, platform }: SearchOptions, path: Path.Path): Effect.Effect<string> => {
  if (path.isAbsolute(program)) return Effect.succeed(program)
  return Effect.try(() => path.resolve(Option.getOrElse(cwd, () => "."))).pipe(
    // Our own working directory may have been removed.
    Effect.orElseSucceed(() => path.sep),
    Effect.map((base) =>
      platform === "win32"
        ? path.resolve(base, program)
        : `${base === "/" ? "" : base}/${program.replace(/^(?:\.\/+)+/, "")}`
    )
  )
}

export const isPath = (program: string, platform: NodeJS.Platform): boolean =>
  platform === "win32" ? /[\\/]|^[A-Za-z]:/.test(program) : program.includes("/")

/** Finds the program: as a path if it contains a separator, else in the directories of PATH, then in the additional ones. */
export const findProgram = Effect.fnUntraced(function* (program: string, options: SearchOptions) {
  const path = yield* Path.Path
  const given = isPath(program, options.platform)
  const named = foldersOf(options, path)
  const folders = given ? [] : Array.from(new Set([...named, ...options.beyond]))
  const candidates = given
    ? [yield* placeOf(program, options, path)]
    : folders.map((folder) => path.join(folder, program))
  let refused: Option.Option<Found> = Option.none()
  for (const [index, place] of candidates.entries()) {
    for (const extension of extensionsOf(program, options)) {
      const candidate = place + extension
      const obstacle = yield* inspect(candidate, given, options.platform)
      if (obstacle === "absent") continue
      if (obstacle === undefined) {
        const folder = Option.filter(Option.fromNullable(folders[index]), (each) => !named.includes(each))
        return Found.Executable({ path: candidate, beyondPath: folder })
      }
      refused = Option.orElse(refused, () => Option.some(Found.NotExecutable({ path: candidate, obstacle })))
    }
  }
  return Option.getOrElse(refused, () => Found.Missing({ searched: given ? candidates : folders }))
})

/** In a PATH search, entries that are not files are skipped, as in shells. A given path is reported instead. */
const inspect = (candidate: string, given: boolean, platform: NodeJS.Platform) =>
  Effect.map(
    Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.either(fs.stat(candidate))),
    Either.match({
      onLeft: (error) => (codeOf(error) === "ELOOP" ? "links" : given && isRefusal(error) ? "unreachable" : "absent"),
      onRight: (info): Obstacle | "absent" | undefined =>
        info.type !== "File"
          ? given
            ? info.type === "Directory"
              ? "folder"
              : "special"
            : "absent"
          : platform === "win32" || mayExecute(info)
            ? undefined
            : "permission"
    })
  )

const isRefusal = (error: PlatformError): boolean => error._tag === "SystemError" && error.reason === "PermissionDenied"

const anybody = 0o111
const owner = 0o100
const group = 0o010
const others = 0o001

/**
 * Checks the mode bits: the first match of owner, group and others decides; root needs any one of them. If an access control
 * list denies more, the start fails. If only an access control list allows it, the program is not found.
 */
const mayExecute = ({ mode, uid, gid }: FileSystem.File.Info): boolean => {
  const us = process.geteuid?.()
  if (us === undefined || us === 0) return (mode & anybody) !== 0
  if (Option.contains(uid, us)) return (mode & owner) !== 0
  const groups = [process.getegid?.(), ...(process.getgroups?.() ?? [])]
  return (mode & (Option.exists(gid, (each) => groups.includes(each)) ? group : others)) !== 0
}

/** The remedy for each obstacle, in one line. */
export const remedyFor: Readonly<Record<Obstacle, string>> = {
  permission: "Make it executable: chmod +x, as its owner.",
  folder: "It is a directory; name the program inside it.",
  special: "It is a pipe, a socket or a device, not a program; name the program's file.",
  links: "Its symbolic links lead in a circle; correct them.",
  unreachable: "A directory above it cannot be entered; correct that directory's permissions."
}
