/** No helper outlives us: on a deadly signal, an uncaught exception and a normal exit its group gets SIGKILL. */
import { spawnSync } from "node:child_process"
import { onExit } from "signal-exit"

const isWindows = process.platform === "win32"
const live = new Map<number, boolean>()
let unload: (() => void) | undefined

const kill = (pid: number, ownsGroup: boolean): void => {
  if (isWindows) {
    spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true })
    return
  }
  try {
    process.kill(ownsGroup ? -pid : pid, "SIGKILL")
  } catch {
    // gone already
  }
}

const killAll = (): void => {
  for (const [pid, ownsGroup] of live) kill(pid, ownsGroup)
  live.clear()
}

/** Watches a process until the function returned is called. We listen only while there is one to watch. */
export const guard = (pid: number, ownsGroup: boolean): (() => void) => {
  live.set(pid, ownsGroup)
  unload ??= onExit(killAll)
  return () => {
    live.delete(pid)
    if (live.size === 0) {
      unload?.()
      unload = undefined
    }
  }
}
