/** No helper outlives us: on a deadly signal, an uncaught exception and a normal exit its session gets SIGKILL. */
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
    // It ended already.
  }
}

const killAll = (): void => {
  for (const [pid, ownsGroup] of live) kill(pid, ownsGroup)
  live.clear()
}

const signals = ["SIGINT", "SIGTERM", "SIGHUP", "SIGQUIT"] as const

/**
 * signal-exit ends us if it is the only one to listen. It has to look first: a listener before it that removes itself when
 * called (runMain's) would otherwise be overlooked, and its orderly end cut off.
 */
const listenFirst = (): (() => void) => {
  const before = signals.map((signal) => process.listeners(signal))
  const stop = onExit(killAll)
  for (const [index, signal] of signals.entries()) {
    const added = process.listeners(signal).filter((listener) => !before[index]?.includes(listener))
    for (const listener of added) {
      process.prependListener(signal, listener)
      // Of two, the later is removed.
      process.removeListener(signal, listener)
    }
  }
  return stop
}

/** signal-exit does nothing under Bun, so there it is done by hand, as it would. */
const listenUnderBun = (): (() => void) => {
  const listeners = signals.map((signal) => {
    const listener = (): void => {
      // If another handler is installed it decides; our `exit` listener still runs.
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
  /** From now on it goes with us. */
  readonly over: (pid: number, ownsGroup: boolean) => void
  readonly end: () => void
}

let watches = 0

/** No handler runs when we crash or get SIGKILL. What runs for so long is then killed by a process of its own. */
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

/** A worker thread hears no signals, so there it starts at once. */
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
 * To be made before the process is started: a signal that comes while it starts is then ours to answer. We listen only
 * while there is something to watch.
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
