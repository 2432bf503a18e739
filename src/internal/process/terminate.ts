/** Stops a process: SIGTERM, a grace period, then SIGKILL. */
import type { Process, Signal } from "@effect/platform/CommandExecutor"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const killGrace = Duration.millis(500)
/** How long to wait after SIGKILL. Only a process blocked in the kernel survives it. */
const reapLimit = Duration.millis(300)
/**
 * Ctrl-C sends SIGINT to this process and to a child on our terminal. The child gets this long to exit by itself and to
 * restore the terminal. Its failure is reported after that
 * time, because this process may be about to exit as well.
 */
export const settleLimit = Duration.millis(100)

/** The longest time that stopping takes. The caller of a run waits no longer. */
export const stopLimit = Duration.millis(950)

/** Whether an effect ended in time. Finalizers are uninterruptible, so without `interruptible` the limit would have no effect. */
const endsWithin = <A, E>(self: Effect.Effect<A, E>, limit: Duration.Duration): Effect.Effect<boolean> =>
  self.pipe(Effect.exit, Effect.interruptible, Effect.timeoutOption(limit), Effect.map(Option.isSome))

/** Sends SIGTERM to the group, waits for the grace period, then sends SIGKILL to the group. */
export const stop = (process_: Process): Effect.Effect<void> => {
  const kill = (signal: Signal, limit: Duration.Duration) => endsWithin(process_.kill(signal), limit)
  return Effect.flatMap(kill("SIGTERM", killGrace), (ended) =>
    ended ? Effect.void : Effect.asVoid(kill("SIGKILL", reapLimit))
  )
}

/** Stops a child on our terminal. It shares our process group, so only the child is killed; its own children may remain. */
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
