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
 * A controlling terminal that can be opened is one that a person can answer on, wherever our stdin comes from; unless we run
 * in its background: there a prompt would stop us and the whole job until somebody brings it back.
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
