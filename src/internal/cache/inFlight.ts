/** A run in flight: its waiters, and what happens to it when the last one leaves. */

import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RunReason } from "../format/format.js"
import type { OnAbandon } from "../model/options.js"
import { linkCaller, type RunTrace } from "./telemetry.js"

export interface InFlight extends RunTrace {
  /** What happens to the run when no caller waits for it any longer. */
  readonly onAbandon: OnAbandon
  /** Background refresh: must not prompt. */
  readonly background: boolean
  readonly result: Deferred.Deferred<ApiKey, ApiKeyError>
  /** Completed when the run has stopped completely. */
  readonly finished: Deferred.Deferred<void>
  readonly fiber: Fiber.RuntimeFiber<void>
  reason: RunReason
  waiters: number
  phase: "running" | "stopping" | "done"
}

/** Makes the function that starts runs. Each is a fiber that executes `run` on the runtime in which the cache was made. */
export const makeFork = <R>(run: (inFlight: InFlight) => Effect.Effect<void, never, R>) =>
  Effect.map(Effect.runtime<R>(), (runtime) => {
    // A fiber that starts interruptible and is interrupted before its first step would never report its exit.
    const own = Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption)
    return (plan: Pick<InFlight, "onAbandon" | "background" | "reason">, isAsked: boolean): InFlight => {
      const inFlight: InFlight = {
        ...plan,
        result: Deferred.unsafeMake(FiberId.none),
        finished: Deferred.unsafeMake(FiberId.none),
        links: [],
        fiber: Runtime.runFork(
          own,
          Effect.suspend(() => run(inFlight)),
          { immediate: false }
        ),
        span: Option.none(),
        waiters: 0,
        shared: isAsked ? -1 : 0,
        phase: "running"
      }
      return inFlight
    }
  })

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Waits for a run. If it is being stopped, waits until it has stopped, then continues with `retry`. */
export const join = (
  inFlight: InFlight,
  restore: Restore,
  retry: Effect.Effect<ApiKey, ApiKeyError>
): Effect.Effect<ApiKey, ApiKeyError> => {
  if (inFlight.phase === "stopping") return restore(Effect.zipRight(Deferred.await(inFlight.finished), retry))
  inFlight.waiters++
  inFlight.shared++
  return Effect.zipRight(linkCaller(inFlight), restore(Deferred.await(inFlight.result))).pipe(
    Effect.onExit(() => leave(inFlight))
  )
}

/** Interrupts the run when its last caller leaves. */
const leave = (inFlight: InFlight): Effect.Effect<void> =>
  Effect.suspend(() => {
    inFlight.waiters--
    if (inFlight.phase !== "running" || inFlight.waiters > 0 || inFlight.onAbandon === "complete") return Effect.void
    inFlight.phase = "stopping"
    return Effect.asVoid(Fiber.interrupt(inFlight.fiber))
  })

/** Completes all waiters with the result and marks the run as done. */
export const end = (inFlight: InFlight, answer: Effect.Effect<ApiKey, ApiKeyError>): void => {
  if (inFlight.phase === "done") return
  inFlight.phase = "done"
  Deferred.unsafeDone(inFlight.result, answer)
  Deferred.unsafeDone(inFlight.finished, Effect.void)
}
