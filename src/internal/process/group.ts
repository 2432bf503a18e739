/** Queries and signals for sessions of processes, and whether our process group is in the foreground. */
import { readdirSync, readFileSync } from "node:fs"
import { hasProperty } from "effect/Predicate"

/**
 * Whether a session has a running process. It is named by its leader. Processes of a helper may form other groups in it, as
 * those of `timeout` and `set -m` do. Only Linux lists them; on other systems the leader's group counts.
 */
export const sessionIsAlive = (leader: number): boolean => {
  const own = groupState(leader)
  // The group exists but belongs to another user (sudo), so it cannot be signalled.
  if (process.platform !== "linux" || own === "denied") return own !== "gone"
  if (believedGroups(leader).some((group) => groupState(group) !== "gone")) return true
  // Zombies do not count: in a container PID 1 may reap them late or never.
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

/** How often SIGKILL is repeated for groups that started meanwhile. */
const maxRounds = 5

/** Signals every process group of a session. Errors are ignored. */
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
    // ESRCH: the group is empty. EPERM: it belongs to another user (sudo).
  }
}

/** The groups with a running process at the last scan of /proc, by session, and until when the result is used. */
let last: { readonly sessions: ReadonlyMap<number, ReadonlyArray<number>>; readonly until: number } = {
  sessions: new Map(),
  until: 0
}

/** The pause between scans, as a multiple of the scan's duration. It limits the cost when many runs wait at the same time. */
const pauseShare = 4

/** The groups of a session at the last scan, if its result is still used. New groups may have started since. */
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
