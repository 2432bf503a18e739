/** Runs effects with a given runtime: as a promise, or in their own fiber. */

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"

/**
 * Rejects with the typed error itself. An abort rejects at once with its own reason and interrupts in the background, because
 * interruption may wait (for a helper that is being stopped). It also interrupts if the runtime comes from an
 * uninterruptible region, such as the acquisition of a resource.
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
 * Runs in a fiber of the runtime, so that a shared value does not keep its first caller's log annotations, metric tags, tracer or
 * services. Interrupting the caller interrupts the fiber.
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
