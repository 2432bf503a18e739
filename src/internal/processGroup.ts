/** Whether anything of a process group still runs. */
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
  return process.platform !== "linux" || runningMembers(group)
}

const runningMembers = (group: number): boolean => {
  try {
    return readdirSync("/proc").some((name) => /^\d+$/.test(name) && isRunningIn(group, name))
  } catch {
    return true
  }
}

/** proc(5): `pid (comm) state ppid pgrp …`, where comm may hold spaces and parentheses. */
const isRunningIn = (group: number, pid: string): boolean => {
  try {
    const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
    const [state, , processGroup] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
    return Number(processGroup) === group && state !== "Z" && state !== "X"
  } catch {
    return false
  }
}
