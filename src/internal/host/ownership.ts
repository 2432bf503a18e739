/** Checks whether another user than the user or root could have written or replaced a path. */
import { lstatSync, readFileSync, readlinkSync, realpathSync, type Stats, statSync } from "node:fs"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { shellWord } from "../util/shell.js"

const writableByOthers = 0o002

const sticky = 0o1000

const root = 0

const usualOverflow = "65534"

/**
 * The owner of system files. In a user namespace without the host's root (rootless containers, bubblewrap, Flatpak) system
 * files appear as owned by the overflow user, like those of all unmapped users. There the overflow user counts as the system.
 */
export const systemUids = (uidMap: string, overflow: string): ReadonlyArray<number> => {
  // user_namespaces(7): `inside outside length`. Root inside may be the user outside.
  const hasRoot = uidMap.trim() === "" || uidMap.split("\n").some((line) => /^\s*\d+\s+0\s/.test(line))
  return hasRoot ? [root] : [root, Number(overflow)]
}

const textOf = (file: string): string => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return ""
  }
}

/** Computed once, because a process stays in its namespace. */
let known: ReadonlyArray<number> | undefined

const isSystem = (uid: number): boolean => {
  known ??= systemUids(textOf("/proc/self/uid_map"), textOf("/proc/sys/kernel/overflowuid") || usualOverflow)
  return known.includes(uid)
}

/** None on Windows, which has no numeric owners: there every file counts as ours. */
export const ourUid: Option.Option<number> = Option.fromNullable(process.getuid?.())

/** Why a path is insecure. */
export interface InsecurePath {
  readonly place: string
  readonly reason: "writable" | "owner" | "folder-owner" | "unseen"
}

/** In a sticky directory others can create files but not replace ours. The mode of a symlink has no meaning. */
const insecurityOf = ({ uid, mode }: Stats, kind: "file" | "folder" | "link"): InsecurePath["reason"] | undefined => {
  if (Option.isNone(ourUid)) return undefined
  if (!isSystem(uid) && !Option.contains(ourUid, uid)) return kind === "folder" ? "folder-owner" : "owner"
  const isOpen = kind !== "link" && (mode & writableByOthers) !== 0 && (kind === "file" || (mode & sticky) === 0)
  return isOpen ? "writable" : undefined
}

/**
 * Finds a path that others could write to or replace: the file, a symlink on the way to it, or a directory above them.
 * @effect/platform's FileSystem has no `lstat`, so these calls use Node's API.
 */
export const findInsecurePath = (named: string): Effect.Effect<Option.Option<InsecurePath>, never, Path.Path> =>
  Effect.map(Path.Path, (path) => {
    const seen = new Set<string>()
    const left: Array<{ readonly place: string; readonly kind: "file" | "folder" }> = [{ place: named, kind: "file" }]
    for (let next = left.pop(); next !== undefined; next = left.pop()) {
      const { kind, place } = next
      if (seen.has(place)) continue
      seen.add(place)
      const folder = path.dirname(place)
      left.push({ place: folder, kind: "folder" })
      try {
        const info = lstatSync(place)
        const isLink = info.isSymbolicLink()
        const reason = insecurityOf(info, isLink ? "link" : kind)
        if (reason !== undefined) return Option.some({ place: isLink ? place : realpathSync(place), reason })
        if (!isLink) continue
        // The text is not normalised: if `d` is a symlink, `d/..` is the directory above its target.
        const text = readlinkSync(place)
        left.push({ place: path.isAbsolute(text) ? text : `${realpathSync(folder)}${path.sep}${text}`, kind })
      } catch {
        return Option.some({ place, reason: "unseen" })
      }
    }
    return Option.none()
  })

/** Whether anyone may create files in a directory, as in /tmp. */
export const isSharedFolder = (folder: string): boolean => {
  try {
    return (statSync(folder).mode & (sticky | writableByOthers)) === (sticky | writableByOthers)
  } catch {
    return false
  }
}

/** Whether a file, or the symlink to it, is owned by another user: not us, root or the owner of the working directory. */
export const isOwnedBySomebodyElse = (file: string, cwd: string): boolean => {
  if (Option.isNone(ourUid)) return false
  try {
    const known = [root, ourUid.value, statSync(cwd).uid]
    return !known.includes(lstatSync(file).uid) || !known.includes(statSync(file).uid)
  } catch {
    return false
  }
}

const reasons: Readonly<
  Record<
    InsecurePath["reason"],
    { readonly problem: (place: string) => string; readonly remedy: (place: string) => string }
  >
> = {
  writable: {
    problem: (place) => `others can write to ${place}`,
    remedy: (place) => `Remove their permission: chmod o-w ${shellWord(place)}`
  },
  owner: {
    problem: (place) => `another user owns ${place}`,
    remedy: (place) =>
      `It must be yours or root's, or something else be used: sudo chown "$(id -un)" ${shellWord(place)}`
  },
  "folder-owner": {
    problem: (place) => `another user owns ${place}`,
    remedy: () => "The owner of a directory can replace its content: use a path where you or root own all directories."
  },
  unseen: {
    problem: (place) => `${place} cannot be inspected`,
    remedy: (place) => `Correct the permissions of the directories above it: ${place}`
  }
}

/** Problem and remedy for an insecure path. The problem says `it` for the path that was checked. */
export const describe = (
  { reason, place }: InsecurePath,
  asked: string
): { readonly problem: string; readonly remedy: string } => ({
  problem: reasons[reason].problem(place === asked ? "it" : place),
  remedy: reasons[reason].remedy(place)
})
