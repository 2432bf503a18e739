/** Queries about process groups: whether a group has a running process, and whether ours is in the foreground. */
import { readdirSync, readFileSync } from "node:fs"
import { hasProperty } from "effect/Predicate"

/** Whether a group has a running process. Zombies do not count: in a container PID 1 may reap them late or never. */
export const groupIsAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0)
  } catch (error) {
    // EPERM: the group exists but belongs to another user (sudo), so it cannot be signalled.
    return hasProperty(error, "code") && error.code === "EPERM"
  }
  return process.platform !== "linux" || hasRunning(group)
}

/** The groups with a running process at the last scan of /proc, and until when the result is used, in `performance.now()` ms. */
let last: { readonly groups: ReadonlySet<number>; readonly until: number } = { groups: new Set(), until: 0 }

/** The pause between scans, as a multiple of the scan's duration. It limits the cost when many runs wait at the same time. */
const pauseShare = 4

/** Uses the last scan for a group that was running. Scans again for any other group, because it may have started since. */
const hasRunning = (group: number): boolean => {
  if (!last.groups.has(group) || performance.now() > last.until) {
    const start = performance.now()
    const groups = runningGroups()
    if (groups === undefined) return true
    const end = performance.now()
    last = { groups, until: end + pauseShare * (end - start) }
  }
  return last.groups.has(group)
}

const runningGroups = (): ReadonlySet<number> | undefined => {
  try {
    return new Set(readdirSync("/proc").flatMap((name) => (/^\d+$/.test(name) ? groupOfRunning(name) : [])))
  } catch {
    return undefined
  }
}

/** proc(5): `pid (comm) state ppid pgrp session tty_nr tpgid …`, where comm may hold spaces and parentheses. */
const statOf = (pid: string) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const [state, , processGroup, , , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { state, processGroup, foreground }
}

const groupOfRunning = (pid: string): ReadonlyArray<number> => {
  try {
    const { processGroup, state } = statOf(pid)
    return state === "Z" || state === "X" ? [] : [Number(processGroup)]
  } catch {
    return []
  }
}

/** Whether another process group has the terminal. If that is unknown (no /proc; gVisor reports 0), ours counts as the foreground. */
export const isInBackground = (): boolean => {
  try {
    const { foreground, processGroup } = statOf("self")
    return Number(foreground) > 0 && foreground !== processGroup
  } catch {
    return false
  }
}
