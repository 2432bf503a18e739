/** Runs effects with a given runtime: as a promise, and in a fiber of their own. */

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"

/**
 * Rejects with the typed error itself. An abort rejects at once, with its own reason, and interrupts; whatever the
 * interruption has to wait for (a helper that is being stopped) nobody else waits for. It interrupts, too, where the runtime comes
 * from a region that nothing may interrupt, as what makes a resource is.
 */
export const runPromise = <A, E, R>(
  runtime: Runtime.Runtime<R>,
  effect: Effect.Effect<A, E, R>,
  signal: AbortSignal | undefined
): Promise<A> =>
  new Promise((resolve, reject) => {
    if (signal?.aborted) return reject(signal.reason)
    let cancel: Runtime.Cancel<A, E> | undefined
    const onAbort = (): void => {
      reject(signal?.reason)
      cancel?.()
    }
    signal?.addEventListener("abort", onAbort, { once: true })
    cancel = Runtime.runCallback(runtime)(Effect.interruptible(effect), {
      onExit: (exit) => {
        signal?.removeEventListener("abort", onAbort)
        if (Exit.isSuccess(exit)) resolve(exit.value)
        else reject(Cause.squash(exit.cause))
      }
    })
  })

/**
 * Made in a fiber of the runtime: what is kept keeps nothing of who happened to ask for it first, such as that caller's log
 * annotations, metric tags, tracer or services. Who is interrupted takes the making along.
 */
export const inOwnFiber = <A, E, R>(
  runtime: Runtime.Runtime<R>,
  making: Effect.Effect<A, E, R>,
  options?: Runtime.RunForkOptions
): Effect.Effect<A, E> =>
  Effect.suspend(() => {
    const fiber = Runtime.runFork(runtime, Effect.interruptible(making), options)
    return Effect.flatten(Effect.onInterrupt(Fiber.await(fiber), () => Fiber.interrupt(fiber)))
  })
