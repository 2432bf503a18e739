/** Real processes in tests: which are alive, and how one is run to its end. */
import { spawn } from "node:child_process"
import { readdirSync, readFileSync } from "node:fs"

/** A zombie has ended; it only waits to be counted by its parent. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0)
  } catch {
    return false
  }
  try {
    return !/^\d+ \(.*\) [ZX]/s.test(readFileSync(`/proc/${pid}/stat`, "utf8"))
  } catch {
    return process.platform !== "linux"
  }
}

export interface Finished {
  readonly status: number | null
  readonly stdout: string
  readonly stderr: string
}

/** Runs a program to its end; what it printed. */
export const runProgram = (
  command: string,
  args: ReadonlyArray<string>,
  options: { readonly env?: NodeJS.ProcessEnv; readonly cwd?: string } = {}
): Promise<Finished> =>
  new Promise((resolve, reject) => {
    const child = spawn(command, args, { ...options, stdio: ["ignore", "pipe", "pipe"] })
    const out: Array<Buffer> = []
    const err: Array<Buffer> = []
    child.stdout.on("data", (chunk) => out.push(chunk))
    child.stderr.on("data", (chunk) => err.push(chunk))
    child.on("error", reject)
    child.on("close", (status) =>
      resolve({ status, stdout: Buffer.concat(out).toString("utf8"), stderr: Buffer.concat(err).toString("utf8") })
    )
  })

/** The live members of process groups (zombies have ended), by /proc(5): `pid (comm) state ppid pgrp …`. */
export const membersOf = (groups: Iterable<number>): ReadonlyArray<number> => {
  const wanted = new Set(groups)
  return readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
        const [state, , group] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
        return wanted.has(Number(group)) && state !== "Z" && state !== "X"
      } catch {
        return false
      }
    })
    .map(Number)
}

/** The live members of the session that a process leads, whatever their groups. */
export const sessionOf = (leader: number): ReadonlyArray<number> =>
  readdirSync("/proc")
    .filter((name) => /^\d+$/.test(name))
    .filter((pid) => {
      try {
        const stat = readFileSync(`/proc/${pid}/stat`, "utf8")
        const [state, , , session] = stat.slice(stat.lastIndexOf(")") + 2).split(" ")
        return Number(session) === leader && state !== "Z" && state !== "X"
      } catch {
        return false
      }
    })
    .map(Number)

/** What this process holds: resources of the event loop, open descriptors, listeners for signals and for its end. */
export const holdings = (): ReadonlyArray<string> => [
  ...process.getActiveResourcesInfo(),
  ...readdirSync("/proc/self/fd").map(() => "descriptor"),
  ...process
    .eventNames()
    .flatMap((name) => Array.from({ length: process.listenerCount(name) }, () => `on ${String(name)}`))
]

/** What is held now beyond what was held then. */
const more = (before: ReadonlyArray<string>): ReadonlyArray<string> => {
  const rest = [...before]
  return holdings().filter((each) => {
    const at = rest.indexOf(each)
    if (at >= 0) rest.splice(at, 1)
    return at < 0
  })
}

/** What stays beyond what was held then, once the event loop has had its turns: empty when all was given back. */
export const settled = async (before: ReadonlyArray<string>): Promise<ReadonlyArray<string>> => {
  await eventually(() => more(before).length === 0)
  return more(before)
}

const lookMillis = 5

/** Looks again and again until it holds; false after the limit. */
export const eventually = async (holds: () => boolean, limitMillis = 10_000): Promise<boolean> => {
  const started = performance.now()
  while (!holds()) {
    if (performance.now() - started > limitMillis) return false
    await new Promise((resolve) => setTimeout(resolve, lookMillis))
  }
  return true
}
