/** The controlling terminal: whether there is one that a person can answer on, and opening it. */

import { closeSync, openSync } from "node:fs"
import { isatty } from "node:tty"
import { isInBackground } from "./group.js"

export const isWindows = process.platform === "win32"

export const stdinFd = 0

export const stderrFd = 2

/** Node cannot ask for a controlling terminal otherwise; without one this throws. */
export const openTerminal = (): number => openSync("/dev/tty", "r+")

/**
 * If the controlling terminal can be opened, the user can answer on it, whatever our stdin is. Not so if we run in its
 * background: there a prompt would stop the whole job until the user brings it to the foreground.
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
