/**
 * Kills a child if this process dies while a worker thread runs the child.
 *
 * Only the main thread receives signals; a worker thread ends without notice. So a separate shell reads a pipe from us, and
 * kills the child if the pipe closes before a line arrives.
 */
import { spawn } from "node:child_process"

const waits = 'read -r word || kill -s KILL -- "$1"'

/** Starts the shell. `target` is a process id, or a negated group id. The returned function ends the shell without a kill. */
export const watchdog = (target: number): (() => void) => {
  // Detached, so that signals to our group or terminal do not reach the shell. Its environment is empty: ours may have secrets.
  const dog = spawn("/bin/sh", ["-c", waits, "sh", String(target)], {
    cwd: "/",
    env: {},
    detached: true,
    stdio: ["pipe", "ignore", "ignore"]
  })
  dog.on("error", () => undefined)
  // Without a free descriptor there is no watchdog, and the run continues without it.
  dog.stdin?.on("error", () => undefined)
  dog.unref()
  return () => dog.stdin?.end("end\n")
}
