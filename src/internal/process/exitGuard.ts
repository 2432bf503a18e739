/** Kills running helpers when this process exits: after a fatal signal, after an uncaught exception, and normally. */
import { spawnSync } from "node:child_process"
import { isMainThread } from "node:worker_threads"
import { onExit } from "signal-exit"
import { signalSession } from "./group.js"
import { startWatchdog, type Watchdog } from "./watchdog.js"

const isWindows = process.platform === "win32"
const live = new Map<number, boolean>()
let unload: (() => void) | undefined

const kill = (pid: number, ownsGroup: boolean): void => {
  if (isWindows) {
    spawnSync("taskkill", ["/pid", String(pid), "/T", "/F"], { stdio: "ignore", windowsHide: true })
    return
  }
  try {
    if (ownsGroup) signalSession(pid, "SIGKILL")
    else process.kill(pid, "SIGKILL")
  } catch {
    // It has already exited.
  }
}

const killAll = (): void => {
  for (const [pid, ownsGroup] of live) kill(pid, ownsGroup)
  live.clear()
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

/**
 * Installs signal-exit's listeners in front of all others. signal-exit ends the process if no other listener is installed.
 * If it ran later, it would not count a listener that removes itself when called (runMain's), and would cut off its shutdown.
 */
const listenFirst = (): (() => void) => {
  const before = signals.map((signal) => process.listeners(signal))
  const stop = onExit(killAll)
  for (const [index, signal] of signals.entries()) {
    const added = process.listeners(signal).filter((listener) => !before[index]?.includes(listener))
    for (const listener of added) {
      process.prependListener(signal, listener)
      // `removeListener` removes the last of two equal entries, which is the original.
      process.removeListener(signal, listener)
    }
  }
  return stop
}

/** Does for Bun what signal-exit does for Node. signal-exit has no effect under Bun. */
const listenUnderBun = (): (() => void) => {
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      // If another listener is installed, it decides whether the process exits. The `exit` listener below still runs.
      if (process.listenerCount(signal) > 1) return
      stop()
      killAll()
      process.kill(process.pid, signal)
    }
    process.prependListener(signal, listener)
    return [signal, listener] as const
  })
  process.on("exit", killAll)
  const stop = (): void => {
    for (const [signal, listener] of listeners) process.off(signal, listener)
    process.off("exit", killAll)
  }
  return stop
}

const listen = process.versions["bun"] === undefined ? listenFirst : listenUnderBun

export interface Watch {
  /** Sets the process to kill when this process exits. */
  readonly over: (pid: number, ownsGroup: boolean) => void
  readonly end: () => void
}

let watches = 0

/** After this time a watchdog is started, because no handler of ours runs after a crash or SIGKILL. */
const watchdogAfterMillis = 100

/** One for all helpers of this thread. */
let dog: Watchdog | undefined
const watchedByDog = new Map<number, number>()

const updateDog = (): void => {
  if (watchedByDog.size > 0) {
    if (dog === undefined) dog = startWatchdog(watchedByDog.values())
    else dog.watch(watchedByDog.values())
  } else {
    dog?.end()
    dog = undefined
  }
}

/** In a worker thread, which receives no signals, the watchdog starts at once. */
const watchByDog = (pid: number, ownsGroup: boolean): (() => void) => {
  if (isWindows) return () => undefined
  const begin = (): void => {
    watchedByDog.set(pid, ownsGroup ? -pid : pid)
    updateDog()
  }
  const timer = isMainThread ? setTimeout(begin, watchdogAfterMillis).unref() : undefined
  if (timer === undefined) begin()
  return () => {
    clearTimeout(timer)
    if (watchedByDog.delete(pid)) updateDog()
  }
}

/**
 * Starts a watch. Call it before starting the process, so that a signal during the start is handled too. Listeners are
 * installed only while there is a watch.
 */
export const watch = (): Watch => {
  let watched: number | undefined
  let endWatchdog: (() => void) | undefined
  let ended = false
  watches++
  unload ??= listen()
  return {
    over: (pid, ownsGroup) => {
      watched = pid
      live.set(pid, ownsGroup)
      endWatchdog = watchByDog(pid, ownsGroup)
    },
    end: () => {
      if (ended) return
      ended = true
      endWatchdog?.()
      if (watched !== undefined) live.delete(watched)
      watches--
      if (watches > 0) return
      unload?.()
      unload = undefined
    }
  }
}
