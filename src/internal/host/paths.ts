/** Paths of the configuration: where the user's own file is, and how a path is expanded, compared and resolved. */
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

/** Where a path of a user's leads: `~/` is the home directory, else from the working directory. */
export const expanded = (
  file: string,
  { home, cwd }: Pick<HostEnvironmentShape, "home" | "cwd">,
  path: Path.Path
): string => (file === "~" || file.startsWith("~/") ? path.join(home, file.slice(1)) : path.resolve(cwd, file))

export const isInside = (folder: string, file: string, path: Path.Path): boolean => {
  const relative = path.relative(folder, file)
  // A name may begin with two dots; only the segment `..` leads out.
  return relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}

/** Where it really is, all links followed; what is not there stays as it is named. */
export const realPathOf = (named: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.realPath(named), () => named))

/** Whether it exists or cannot be looked at. The second is reported when it is read. */
export const mayExist = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.exists(file), () => true))
