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

/** Why something is not safe from others. */
export interface WeakSpot {
  readonly place: string
  readonly because: "writable" | "owner" | "unseen"
}

/** In a sticky folder others can make files, but not replace ours. */
const weaknessOf = ({ uid, mode }: Owned, kind: "file" | "folder"): Option.Option<WeakSpot["because"]> => {
  if (Option.isNone(ourUid)) return Option.none()
  if (!Option.exists(uid, (owner) => owner === root || Option.contains(ourUid, owner))) return Option.some("owner")
  const isOpen = (mode & writableByOthers) !== 0 && (kind === "file" || (mode & sticky) === 0)
  return isOpen ? Option.some("writable") : Option.none()
}

/** A file or one of the folders above it that others could write to or replace; the path has no links in it. */
export const weakSpot = (
  realFile: string
): Effect.Effect<Option.Option<WeakSpot>, never, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const path = yield* Path.Path
    for (let place = realFile; ; place = path.dirname(place)) {
      const info = yield* Effect.option(fs.stat(place))
      const because = Option.match(info, {
        onNone: () => Option.some<WeakSpot["because"]>("unseen"),
        onSome: (found) => weaknessOf(found, place === realFile ? "file" : "folder")
      })
      if (Option.isSome(because)) return Option.some({ place, because: because.value })
      if (path.dirname(place) === place) return Option.none()
    }
  })

const reasons: Readonly<
  Record<
    WeakSpot["because"],
    { readonly problem: (place: string) => string; readonly remedy: (place: string) => string }
  >
> = {
  writable: {
    problem: (place) => `others may write to ${place}`,
    remedy: (place) => `Take their permission away: chmod o-w ${place}`
  },
  owner: {
    problem: (place) => `somebody else owns ${place}`,
    remedy: (place) => `It must be yours or root's, or something else be used: sudo chown "$(id -un)" ${place}`
  },
  unseen: {
    problem: (place) => `${place} cannot be looked at`,
    remedy: (place) => `Correct the permissions of the folders above it: ${place}`
  }
}

/** What is wrong with it and what to do; `it` where the place is what was asked about. */
export const told = (
  { because, place }: WeakSpot,
  asked: string
): { readonly problem: string; readonly remedy: string } => ({
  problem: reasons[because].problem(place === asked ? "it" : place),
  remedy: reasons[because].remedy(place)
})
