/** One deadline for the whole run. When it passes, the run is stopped, and the caller waits at most as long as stopping may take. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import { stopLimit } from "../process/terminate.js"

/** Longer if the helper may prompt the user. */
export const defaultTimeout = (mayPrompt: boolean): Duration.Duration =>
  mayPrompt ? Duration.minutes(2) : Duration.seconds(30)

/** A timer that is so late was not late by load: the process was stopped (Ctrl-Z, a paused container) and continued. */
const lateMillis = 1_000

/** In real time, since a test's clock does not stop processes. */
const isLate = (startedAt: number, timeout: Duration.Duration): boolean =>
  performance.now() - startedAt - Duration.toMillis(timeout) > lateMillis

/** For the output that lies ready: after a stop, Node runs timers before it reads. The pipes are drained for at most 200 ms. */
const catchUpMillis = 300

const catchUp = Effect.async<void>((resume) => {
  const timer = setTimeout(() => resume(Effect.void), catchUpMillis)
  return Effect.sync(() => clearTimeout(timer))
})

/**
 * The run has its own fiber, so that neither the deadline nor an interruption hangs on an executor whose release hangs. The
 * stock executor waits without a limit for a process that does not exit.
 */
export const withDeadline = <A, E, R, E2>(
  self: Effect.Effect<A, E, R>,
  timeout: Duration.Duration,
  onTimeout: () => E2
): Effect.Effect<A, E | E2, R> =>
  Effect.uninterruptibleMask((restore) =>
    Effect.gen(function* () {
      const fiber = yield* Effect.forkDaemon(Effect.interruptible(Effect.exit(self)))
      const stopped = Effect.zipRight(
        Fiber.interruptFork(fiber),
        Effect.timeoutOption(Effect.interruptible(Fiber.await(fiber)), stopLimit)
      )
      const startedAt = performance.now()
      const exit = yield* restore(
        Effect.flatMap(
          Effect.timeoutOption(Fiber.await(fiber), timeout),
          Option.match({
            onSome: Effect.succeedSome,
            onNone: () => (isLate(startedAt, timeout) ? Effect.zipRight(catchUp, fiber.poll) : Effect.succeedNone)
          })
        )
      ).pipe(Effect.onInterrupt(() => stopped))
      if (Option.isSome(exit)) return yield* Effect.flatten(exit.value)
      const error = onTimeout()
      yield* stopped
      return yield* Effect.fail(error)
    })
  )
