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
import { linkCaller, type RunTrace } from "./telemetry.js"

export interface Flight extends RunTrace {
  /** It goes on when nobody waits for it. */
  readonly kept: boolean
  /** Nobody asked for it, so nobody may be asked. */
  readonly background: boolean
  readonly result: Deferred.Deferred<ApiKey, ApiKeyError>
  /** Done when nothing is left of the run. */
  readonly gone: Deferred.Deferred<void>
  readonly fiber: Fiber.RuntimeFiber<void>
  reason: RunReason
  waiters: number
  phase: "on" | "stopping" | "over"
}

/** Runs fork from the runtime of who makes the cache, each in a fiber that does `run`. */
export const launcher = <R>(run: (flight: Flight) => Effect.Effect<void, never, R>) =>
  Effect.map(Effect.runtime<R>(), (runtime) => {
    // A fiber that starts interruptible and is interrupted before its first step would never say how it ended.
    const own = Runtime.disableRuntimeFlag(runtime, RuntimeFlags.Interruption)
    return (plan: Pick<Flight, "kept" | "background" | "reason">, isAsked: boolean): Flight => {
      const flight: Flight = {
        ...plan,
        result: Deferred.unsafeMake(FiberId.none),
        gone: Deferred.unsafeMake(FiberId.none),
        links: [],
        fiber: Runtime.runFork(
          own,
          Effect.suspend(() => run(flight)),
          { immediate: false }
        ),
        span: Option.none(),
        waiters: 0,
        shared: isAsked ? -1 : 0,
        phase: "on"
      }
      return flight
    }
  })

export type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** Waits for a run. Who finds one that is being stopped waits for its end, and asks `again`. */
export const join = (
  flight: Flight,
  restore: Restore,
  again: Effect.Effect<ApiKey, ApiKeyError>
): Effect.Effect<ApiKey, ApiKeyError> => {
  if (flight.phase === "stopping") return restore(Effect.zipRight(Deferred.await(flight.gone), again))
  flight.waiters++
  flight.shared++
  return Effect.zipRight(linkCaller(flight), restore(Deferred.await(flight.result))).pipe(
    Effect.onExit(() => leave(flight))
  )
}

/** The last caller takes the run with it. */
const leave = (flight: Flight): Effect.Effect<void> =>
  Effect.suspend(() => {
    flight.waiters--
    if (flight.phase !== "on" || flight.waiters > 0 || flight.kept) return Effect.void
    flight.phase = "stopping"
    return Effect.asVoid(Fiber.interrupt(flight.fiber))
  })

/** It has an answer for all who wait, and nothing is left of it. */
export const end = (flight: Flight, answer: Effect.Effect<ApiKey, ApiKeyError>): void => {
  if (flight.phase === "over") return
  flight.phase = "over"
  Deferred.unsafeDone(flight.result, answer)
  Deferred.unsafeDone(flight.gone, Effect.void)
}
