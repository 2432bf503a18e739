/** Whether anybody but the user and the system could have put something where it stands. */
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
 * Whose files are the system's. In a user namespace that the system's root is not in (rootless containers, bubblewrap, Flatpak)
 * its files show as the overflow user's, as do those of all others who are not: there that one counts as the system.
 */
export const systemUids = (uidMap: string, overflow: string): ReadonlyArray<number> => {
  // user_namespaces(7): `inside outside length`. A root inside may be the user himself outside.
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

/** A process stays in its namespace. */
let known: ReadonlyArray<number> | undefined

const isSystem = (uid: number): boolean => {
  known ??= systemUids(textOf("/proc/self/uid_map"), textOf("/proc/sys/kernel/overflowuid") || usualOverflow)
  return known.includes(uid)
}

/** Windows has no owners of this kind; there all is ours. */
export const ourUid: Option.Option<number> = Option.fromNullable(process.getuid?.())

/** Why something is not safe from others. */
export interface InsecurePath {
  readonly place: string
  readonly reason: "writable" | "owner" | "folder-owner" | "unseen"
}

/** In a sticky folder others can make files, but not replace ours; who may write to a link has no meaning. */
const insecurityOf = ({ uid, mode }: Stats, kind: "file" | "folder" | "link"): InsecurePath["reason"] | undefined => {
  if (Option.isNone(ourUid)) return undefined
  if (!isSystem(uid) && !Option.contains(ourUid, uid)) return kind === "folder" ? "folder-owner" : "owner"
  const isOpen = kind !== "link" && (mode & writableByOthers) !== 0 && (kind === "file" || (mode & sticky) === 0)
  return isOpen ? "writable" : undefined
}

/**
 * A file, a link on the way to it or one of the folders above any of them that others could write to, replace or turn.
 * @effect/platform's FileSystem sees no link, so these calls are Node's own.
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
        // Its text as it stands: `d/..` is above wherever d leads.
        const text = readlinkSync(place)
        left.push({ place: path.isAbsolute(text) ? text : `${realpathSync(folder)}${path.sep}${text}`, kind })
      } catch {
        return Option.some({ place, reason: "unseen" })
      }
    }
    return Option.none()
  })

/** A file, or the link to it, that is neither ours nor root's nor of whoever owns the folder that we stand in. */
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
    problem: (place) => `others may write to ${place}`,
    remedy: (place) => `Take their permission away: chmod o-w ${shellWord(place)}`
  },
  owner: {
    problem: (place) => `somebody else owns ${place}`,
    remedy: (place) =>
      `It must be yours or root's, or something else be used: sudo chown "$(id -un)" ${shellWord(place)}`
  },
  "folder-owner": {
    problem: (place) => `somebody else owns ${place}`,
    remedy: () =>
      "Who owns a folder can replace what is in it: use a place where all folders above are yours or root's."
  },
  unseen: {
    problem: (place) => `${place} cannot be looked at`,
    remedy: (place) => `Correct the permissions of the folders above it: ${place}`
  }
}

/** What is wrong with it and what to do; `it` where the place is what was asked about. */
export const describe = (
  { reason, place }: InsecurePath,
  asked: string
): { readonly problem: string; readonly remedy: string } => ({
  problem: reasons[reason].problem(place === asked ? "it" : place),
  remedy: reasons[reason].remedy(place)
})
