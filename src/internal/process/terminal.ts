/** The controlling terminal: opens it, and tells whether the user can answer on it. */

import { closeSync, openSync } from "node:fs"
import { isatty } from "node:tty"
import { isInBackground } from "./group.js"

export const isWindows = process.platform === "win32"

export const stdinFd = 0

export const stderrFd = 2

/** Opens the controlling terminal. Throws if there is none. Node has no other way to find out. */
export const openTerminal = (): number => openSync("/dev/tty", "r+")

/**
 * Whether the user can answer on the controlling terminal. Our stdin may be redirected. In the background the answer is no: a
 * prompt would stop the whole job until the user brings it to the foreground.
 */
export const terminalExists = (): boolean => {
  if (isWindows) return isatty(stdinFd)
  try {
    closeSync(openTerminal())
    return !isInBackground()
  } catch {
    return false
  }
}
