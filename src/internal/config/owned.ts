/** Whether anybody but the user and the system could have put something where it stands. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const writableByOthers = 0o002
const sticky = 0o1000
const root = 0

/** Windows has no owners of this kind; there all is ours. */
export const ourUid: Option.Option<number> = Option.fromNullable(process.getuid?.())

export const isInside = (folder: string, file: string, path: Path.Path): boolean => {
  const relative = path.relative(folder, file)
  // A name may begin with two dots; only the segment `..` leads out.
  return relative !== ".." && !relative.startsWith(`..${path.sep}`) && !path.isAbsolute(relative)
}

/** Where it really is, all links followed; what is not there stays as it is named. */
export const realPathOf = (named: string): Effect.Effect<string, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.orElseSucceed(fs.realPath(named), () => named))

interface Owned {
  readonly uid: Option.Option<number>
  readonly mode: number
}

/** In a sticky folder others can make files, but not replace ours. */
const isOurs = ({ uid, mode }: Owned, kind: "file" | "folder"): boolean =>
  Option.isNone(ourUid) ||
  (Option.exists(uid, (owner) => owner === root || Option.contains(ourUid, owner)) &&
    ((mode & writableByOthers) === 0 || (kind === "folder" && (mode & sticky) !== 0)))

/** A file or one of the folders above it that others could write to; the path has no links in it. */
export const weakSpot = (
  realFile: string
): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    for (let at = realFile; ; at = path.dirname(at)) {
      const info = yield* Effect.option(fs.stat(at))
      if (Option.isNone(info) || !isOurs(info.value, at === realFile ? "file" : "folder")) return Option.some(at)
      if (path.dirname(at) === at) return Option.none()
    }
  })
