/**
 * Kills helpers if this process dies without running its exit handlers: by SIGKILL, by a crash, or while a worker thread runs
 * them. A separate shell reads a pipe from us, and kills the helpers when the pipe closes.
 */
import { type ChildProcess, spawn } from "node:child_process"
import { checkFreeDescriptors } from "./descriptors.js"

/**
 * Each line replaces the list: a process id, or with a minus a session. Of a session each process group is killed, by proc(5):
 * `pid (comm) state ppid pgrp session …`.
 */
const script = `list=$*
while read -r line; do list=$line; done
for target in $list; do
  kill -s KILL -- "$target"
  case $target in -*)
    for stat in /proc/[0-9]*/stat; do
      read -r line < "$stat" && set -- \${line##*) } && [ "-$4" = "$target" ] && kill -s KILL -- "-$3"
    done
  esac
done`

export interface Watchdog {
  /** Replaces the list of targets: process ids, or with a minus the leaders of sessions. */
  readonly watch: (targets: Iterable<number>) => void
  readonly end: () => void
}

/** None if no process can be started now. The first list is in its arguments, so that it counts from the start. */
export const startWatchdog = (targets: Iterable<number>): Watchdog | undefined => {
  const dog = spawnShell(Array.from(targets, String))
  if (dog === undefined) return undefined
  dog.on("error", () => undefined)
  dog.stdin?.on("error", () => undefined)
  dog.unref()
  return {
    watch: (others) => dog.stdin?.write(`${Array.from(others).join(" ")}\n`),
    end: () => dog.stdin?.end("\n")
  }
}

/** Detached, so that signals to our group or terminal do not reach it. Its environment is empty: ours may have secrets. */
const spawnShell = (targets: ReadonlyArray<string>): ChildProcess | undefined => {
  try {
    checkFreeDescriptors()
    return spawn("/bin/sh", ["-c", script, "sh", ...targets], {
      cwd: "/",
      env: {},
      detached: true,
      stdio: ["pipe", "ignore", "ignore"]
    })
  } catch {
    return undefined
  }
}
