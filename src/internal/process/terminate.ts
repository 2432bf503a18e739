/** Stops a process: SIGTERM, a grace, then SIGKILL. */
import type { Process, Signal } from "@effect/platform/CommandExecutor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const killGrace = Duration.millis(500)
/** How long to wait after SIGKILL. Only a process blocked in the kernel survives it. */
const reapLimit = Duration.millis(300)
/**
 * Ctrl-C reaches a child on our terminal and us. So long the child may end by itself, and leave the terminal as it was; and
 * so long its failure waits for our own end, of which it may be the first sign.
 */
export const settleLimit = Duration.millis(100)

/** What stopping takes at most; the caller of a run waits no longer. */
export const stopLimit = Duration.millis(950)

/** Whether it ended in time. A finalizer is uninterruptible, so without `interruptible` the limit could not end it. */
const endsWithin = <A, E>(self: Effect.Effect<A, E>, limit: Duration.Duration): Effect.Effect<boolean> =>
  self.pipe(Effect.exit, Effect.interruptible, Effect.timeoutOption(limit), Effect.map(Option.isSome))

/** SIGTERM to its group, a grace, SIGKILL to its group. */
export const stop = (process_: Process): Effect.Effect<void> => {
  const kill = (signal: Signal, limit: Duration.Duration) => endsWithin(process_.kill(signal), limit)
  return Effect.flatMap(kill("SIGTERM", killGrace), (ended) =>
    ended ? Effect.void : Effect.asVoid(kill("SIGKILL", reapLimit))
  )
}

/** The same for a child on our terminal. It shares our process group, so it is killed alone, and may leave something. */
export const stopOnTerminal = (process_: Process, name: string): Effect.Effect<void> =>
  Effect.flatMap(endsWithin(process_.exitCode, settleLimit), (ended) =>
    ended
      ? Effect.void
      : Effect.zipRight(
          stop(process_),
          Effect.logWarning(
            `${name} was stopped at the terminal: what it had started may still run, and if typing is not shown, enter: stty sane`
          )
        )
  )
