/** What the system says of process groups: whether anything of one still runs, and whether ours has the terminal. */
import { readdirSync, readFileSync } from "node:fs"
import { hasProperty } from "effect/Predicate"

/** A zombie has ended, but stays in its group until PID 1 reaps it, which in a container may take long or never come. */
export const groupIsAlive = (group: number): boolean => {
  try {
    process.kill(-group, 0)
  } catch (error) {
    // A group of another user's (sudo) is alive, though not ours to signal.
    return hasProperty(error, "code") && error.code === "EPERM"
  }
  return process.platform !== "linux" || hasRunning(group)
}

/** Which groups had something that runs when all of /proc was last read, and until when that is believed, in ms. */
let last: { readonly groups: ReadonlySet<number>; readonly until: number } = { groups: new Set(), until: 0 }

/** So many times as long as a reading takes there is no other, however many runs wait for their groups at once. */
const pauseShare = 4

/** That a group runs may be believed a while; that it does not only of what was read just now: it may have begun since. */
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

/** Whether another process group than ours has our terminal. If that is unknown (no /proc; gVisor reports 0), it counts as ours. */
export const isInBackground = (): boolean => {
  try {
    const { foreground, processGroup } = statOf("self")
    return Number(foreground) > 0 && foreground !== processGroup
  } catch {
    return false
  }
}
