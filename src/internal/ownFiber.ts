/** Who makes what outlives them. */
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"

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
