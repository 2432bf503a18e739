/** What the system says of process groups and sessions: what of them still runs, and whether ours has the terminal. */
import { readdirSync, readFileSync } from "node:fs"
import { hasProperty } from "effect/Predicate"

/**
 * Whether anything of a session still runs, by the process that leads it. A helper's own processes may form groups of their
 * own: `timeout` and `set -m` do. Only Linux tells which ones; elsewhere the leader's group counts.
 */
export const sessionIsAlive = (leader: number): boolean => {
  const own = groupState(leader)
  // A group of another user's (sudo) is alive, though not ours to signal.
  if (process.platform !== "linux" || own === "denied") return own !== "gone"
  if (believedGroups(leader).some((group) => groupState(group) !== "gone")) return true
  // A zombie has ended, but stays in its group until PID 1 reaps it, which in a container may take long or never come.
  const groups = readGroups(leader)
  return groups === undefined ? own !== "gone" : groups.length > 0
}

const groupState = (group: number): "there" | "denied" | "gone" => {
  try {
    process.kill(-group, 0)
    return "there"
  } catch (error) {
    return hasProperty(error, "code") && error.code === "EPERM" ? "denied" : "gone"
  }
}

/** How often a signal that cannot be caught is sent to groups that began while it was sent. */
const maxRounds = 5

/** Signals every process group of a session. Errors are ignored: a group ended already, or is another user's. */
export const signalSession = (leader: number, signal: NodeJS.Signals): void => {
  const reached = new Set([leader])
  signalGroup(leader, signal)
  if (process.platform !== "linux") return
  for (let round = 0; round < (signal === "SIGKILL" ? maxRounds : 1); round++) {
    const others = (readGroups(leader) ?? []).filter((group) => !reached.has(group))
    if (others.length === 0) return
    for (const group of others) {
      reached.add(group)
      signalGroup(group, signal)
    }
  }
}

const signalGroup = (group: number, signal: NodeJS.Signals): void => {
  try {
    process.kill(-group, signal)
  } catch {
    // ESRCH: ended already; EPERM: another user's (sudo), which denies it
  }
}

/** The groups that had something that runs when all of /proc was last read, by session, and until when that is believed. */
let last: { readonly sessions: ReadonlyMap<number, ReadonlyArray<number>>; readonly until: number } = {
  sessions: new Map(),
  until: 0
}

/** So many times as long as a reading takes there is no other, however many runs wait for their sessions at once. */
const pauseShare = 4

/** That a session runs may be believed a while; that it does not only of what was read just now: it may have begun since. */
const believedGroups = (session: number): ReadonlyArray<number> =>
  performance.now() <= last.until ? (last.sessions.get(session) ?? []) : []

/** Undefined if /proc cannot be read. */
const readGroups = (session: number): ReadonlyArray<number> | undefined => {
  const start = performance.now()
  const sessions = readSessions()
  if (sessions === undefined) return undefined
  const end = performance.now()
  last = { sessions, until: end + pauseShare * (end - start) }
  return sessions.get(session) ?? []
}

const readSessions = (): ReadonlyMap<number, ReadonlyArray<number>> | undefined => {
  const sessions = new Map<number, Array<number>>()
  try {
    for (const pid of readdirSync("/proc")) {
      if (!/^\d+$/.test(pid)) continue
      const running = runningOf(pid)
      if (running === undefined) continue
      const groups = sessions.get(running.session)
      if (groups === undefined) sessions.set(running.session, [running.group])
      else if (!groups.includes(running.group)) groups.push(running.group)
    }
    return sessions
  } catch {
    return undefined
  }
}

/** proc(5): `pid (comm) state ppid pgrp session tty_nr tpgid …`, where comm may hold spaces and parentheses. */
const statOf = (pid: string) => {
  const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
  const [state, , processGroup, session, , foreground] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
  return { state, processGroup, session, foreground }
}

const runningOf = (pid: string): { readonly group: number; readonly session: number } | undefined => {
  try {
    const { processGroup, session, state } = statOf(pid)
    return state === "Z" || state === "X" ? undefined : { group: Number(processGroup), session: Number(session) }
  } catch {
    return undefined
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
