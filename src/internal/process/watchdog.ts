/**
 * Kills a child when the thread that started it has died without a word.
 *
 * A signal that ends a process is heard by its main thread alone, and another thread dies with it unasked. So there a shell
 * outside of it waits on a pipe, and kills when that closes without a word.
 */
import { spawn } from "node:child_process"

const waits = 'read -r word || kill -s KILL -- "$1"'

/** Kills the process, or with a minus the group, when we have ended; told to end, it does nothing. */
export const watchdog = (target: number): (() => void) => {
  // Nothing of ours goes along: neither the group nor the terminal, which the signals go to, nor an environment with secrets.
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
