/** PATH search of our own, so that an error can say where it looked. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

export type Found = Data.TaggedEnum<{
  Executable: { readonly path: string }
  NotExecutable: { readonly path: string }
  Missing: { readonly searched: ReadonlyArray<string> }
}>

export const Found = Data.taggedEnum<Found>()

export interface SearchOptions {
  readonly env: Readonly<Record<string, string>>
  readonly cwd: Option.Option<string>
}

const isWindows = process.platform === "win32"
const executableBits = 0o111
/** What POSIX systems search when PATH is not set at all. */
const defaultPath = "/usr/local/bin:/usr/bin:/bin"

const extensionsOf = (env: Readonly<Record<string, string>>, program: string): ReadonlyArray<string> => {
  if (!isWindows) return [""]
  const known = (env["PATHEXT"] ?? ".EXE;.CMD;.BAT;.COM").split(";").filter((extension) => extension !== "")
  return known.some((extension) => program.toLowerCase().endsWith(extension.toLowerCase())) ? [""] : known
}

const pathOf = (env: Readonly<Record<string, string>>): string =>
  Object.entries(env).find(([name]) => (isWindows ? name.toUpperCase() : name) === "PATH")?.[1] ?? defaultPath

/** Finds the program: as a path when it holds a separator, else in the folders of PATH. */
export const findProgram = Effect.fnUntraced(function* (program: string, options: SearchOptions) {
  const fs = yield* FileSystem.FileSystem
  const path = yield* Path.Path
  const base = Option.getOrElse(options.cwd, () => process.cwd())
  const isPath = program.includes("/") || (isWindows && program.includes("\\"))
  const folders = isPath ? [""] : Array.from(new Set(pathOf(options.env).split(isWindows ? ";" : ":")))
  const places = folders.map((folder) => path.resolve(base, folder, isPath ? program : ""))
  let refused: string | undefined
  for (const place of places) {
    for (const extension of extensionsOf(options.env, program)) {
      const candidate = (isPath ? place : path.join(place, program)) + extension
      const info = yield* Effect.option(fs.stat(candidate))
      if (Option.isNone(info)) continue
      const executable = info.value.type === "File" && (isWindows || (info.value.mode & executableBits) !== 0)
      if (executable) return Found.Executable({ path: candidate })
      if (isPath || info.value.type === "File") refused ??= candidate
    }
  }
  return refused === undefined ? Found.Missing({ searched: places }) : Found.NotExecutable({ path: refused })
})
