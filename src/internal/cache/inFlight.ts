/** A run under way, those who wait for it, and what becomes of it when they leave. */

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
  /** What becomes of it when nobody waits for it. */
  readonly onAbandon: OnAbandon
  /** Nobody asked for it, so nobody may be asked. */
  readonly background: boolean
  readonly result: Deferred.Deferred<ApiKey, ApiKeyError>
  /** Done when nothing is left of the run. */
  readonly finished: Deferred.Deferred<void>
  readonly fiber: Fiber.RuntimeFiber<void>
  reason: RunReason
  waiters: number
  phase: "running" | "stopping" | "done"
}

/** Runs fork from the runtime of who makes the cache, each in a fiber that does `run`. */
export const makeFork = <R>(run: (inFlight: InFlight) => Effect.Effect<void, never, R>) =>
  Effect.map(Effect.runtime<R>(), (runtime) => {
    // A fiber that starts interruptible and is interrupted before its first step would never say how it ended.
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

/** Waits for a run. Who finds one that is being stopped waits for its end, then does `retry`. */
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

/** The last caller takes the run with it. */
const leave = (inFlight: InFlight): Effect.Effect<void> =>
  Effect.suspend(() => {
    inFlight.waiters--
    if (inFlight.phase !== "running" || inFlight.waiters > 0 || inFlight.onAbandon === "complete") return Effect.void
    inFlight.phase = "stopping"
    return Effect.asVoid(Fiber.interrupt(inFlight.fiber))
  })

/** It has an answer for all who wait, and nothing is left of it. */
export const end = (inFlight: InFlight, answer: Effect.Effect<ApiKey, ApiKeyError>): void => {
  if (inFlight.phase === "done") return
  inFlight.phase = "done"
  Deferred.unsafeDone(inFlight.result, answer)
  Deferred.unsafeDone(inFlight.finished, Effect.void)
}
