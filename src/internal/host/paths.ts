/** Configuration paths: the location of the user's file, and how paths are expanded, compared and resolved. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { HostEnvironment, type HostEnvironmentShape, xdg } from "./HostEnvironment.js"

export const fileName = "effect-apikey.jsonc"

export const userFolder: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(xdg(yield* HostEnvironment, "XDG_CONFIG_HOME", path.join), "effect-apikey")
})

export const userFile: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(yield* userFolder, fileName)
})

/** Resolves a user's path: `~/` is the home directory, else relative to the working directory. */
export const expanded = (
  file: string,
  { home, cwd }: Pick<HostEnvironmentShape, "home" | "cwd">,
  path: Path.Path
): string => (file === "~" || file.startsWith("~/") ? path.join(home, file.slice(1)) : path.resolve(cwd, file))

export const isInside = (folder: string, file: string, path: Path.Path): boolean => {
  const relative = path.relative(folder, file)
  // A name may begin with two dots. Only the segment `..` leads out.
  return relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}

/** The real path, with all symlinks followed. A missing path is returned unchanged. */
export const realPathOf = (named: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.realPath(named), () => named))

/** Whether the path exists or cannot be inspected. The second is reported when it is read. */
export const mayExist = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => true))
