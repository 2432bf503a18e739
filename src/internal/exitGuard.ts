/** No helper outlives us: on a deadly signal, an uncaught exception and a normal exit its group gets SIGKILL. */
import { onExit, signals, unload as unloadSignalExit } from "signal-exit"

const live = new Map<number, boolean>()
let stopListening: (() => void) | undefined
let others = new Map<string, ReadonlySet<unknown>>()
/** Signals that somebody's `once` handler has taken in this very turn. */
const taken = new Set<string>()

const killAll = (): void => {
  for (const [pid, ownsGroup] of live) {
    try {
      process.kill(ownsGroup ? -pid : pid, "SIGKILL")
    } catch {
      // gone already
    }
  }
  live.clear()
}

/**
 * A `once` handler, such as `runMain`'s, is off the list before signal-exit looks at it, which then takes the signal for
 * nobody's and ends us in the middle of that handler's clean-up. So we remember who listened, and see who is taken off.
 */
const noteRemoval = (event: string | symbol, listener: unknown): void => {
  if (typeof event !== "string" || others.get(event)?.has(listener) !== true) return
  taken.add(event)
  queueMicrotask(() => taken.delete(event))
}

/** `true` tells signal-exit that the signal is handled; it has let go of us by then, so we listen again. */
const atExit = (_: number | null | undefined, signal: NodeJS.Signals | null): true | undefined => {
  if (signal === null || !taken.has(signal)) {
    killAll()
    return undefined
  }
  listenNoMore()
  setImmediate(() => {
    if (live.size > 0) listen()
  })
  return true
}

const listen = (): void => {
  // Its own listeners must not be taken for somebody else's; `onExit` loads it again.
  unloadSignalExit()
  others = new Map(signals.map((signal) => [signal, new Set(process.listeners(signal))]))
  process.on("removeListener", noteRemoval)
  stopListening = onExit(atExit)
}

const listenNoMore = (): void => {
  stopListening?.()
  stopListening = undefined
  process.off("removeListener", noteRemoval)
}

/** Watches a process until the function returned is called. We listen only while there is one to watch. */
export const guard = (pid: number, ownsGroup: boolean): (() => void) => {
  live.set(pid, ownsGroup)
  if (stopListening === undefined) listen()
  return () => {
    live.delete(pid)
    if (live.size === 0) listenNoMore()
  }
}
