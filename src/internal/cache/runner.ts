/** Starts the runs of a cache, and changes its state when a run has ended. */

import type * as Cause from "effect/Cause"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Random from "effect/Random"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { RunReason } from "../format/format.js"
import type { OnAbandon } from "../model/options.js"
import { at, type Cell } from "./cell.js"
import { runReason } from "./history.js"
import { end, type InFlight, makeFork } from "./inFlight.js"
import { type SettleOptions, settle } from "./settle.js"
import { type Empty, type Ready, transitions } from "./state.js"
import { type Counters, inRunSpan } from "./telemetry.js"

/** Why a run was started. */
export interface FetchRequest {
  readonly reason: RunReason
  /** Background refresh: must not prompt. */
  readonly background: boolean
}

export interface RunnerOptions<R> {
  readonly cell: Cell
  readonly counters: Counters
  readonly rules: SettleOptions
  readonly format: string
  readonly onAbandon: OnAbandon
  readonly fetch: (request: FetchRequest) => Effect.Effect<ApiKey, ApiKeyError, R>
}

/** Starts a run: for a caller, in the background, or as a prefetch. */
export type Start = (from: Empty | Ready, now: number, by: "caller" | "background" | "prefetch") => InFlight

export const makeRunner = <R>(options: RunnerOptions<R>): Effect.Effect<Start, never, R> => {
  const { cell, counters, rules, format } = options
  const run = Effect.fnUntraced(function* (inFlight: InFlight): Effect.fn.Return<void, never, R> {
    const { background, reason } = inFlight
    const startedAt = yield* Clock.currentTimeMillis
    const exit = yield* Effect.suspend(() => options.fetch({ reason, background })).pipe(
      Effect.interruptible,
      inRunSpan(inFlight, { program: rules.program, format, reason }),
      Effect.exit
    )
    const random = yield* Random.next
    const now = yield* Clock.currentTimeMillis
    const settlement = settle(rules, cell.current(), { exit, now, random })
    const reported = counters.report(inFlight, { exit, startedAt, now }, settlement.result)
    if (settlement._tag === "Superseded") {
      inFlight.reason = "rejected"
      counters.counts.runs++
      return yield* Effect.zipRight(reported, run(inFlight))
    }
    cell.move(settlement.state, now)
    end(inFlight, settlement.answer)
    yield* Effect.zipRight(reported, settlement.announce)
  })
  /** A defect while settling, such as a `fetch` that returns no ApiKey, fails the run, so that its callers do not hang. */
  const failRun = (inFlight: InFlight, cause: Cause.Cause<never>): Effect.Effect<void> =>
    at((now) => {
      const settlement = settle(rules, cell.current(), { exit: Exit.failCause(cause), now, random: 0 })
      if (inFlight.phase === "done" || settlement._tag === "Superseded") return Effect.void
      cell.move(settlement.state, now)
      end(inFlight, settlement.answer)
      return settlement.announce
    }).pipe(Effect.ensuring(Effect.sync(() => end(inFlight, Exit.failCause(cause)))))
  const fork = makeFork((inFlight: InFlight) =>
    Effect.catchAllCause(run(inFlight), (cause) => failRun(inFlight, cause))
  )
  return Effect.map(
    fork,
    (forked): Start =>
      (from, now, by) => {
        const inFlight = forked(
          {
            onAbandon: by === "caller" ? options.onAbandon : "complete",
            background: by === "background",
            reason: runReason(from.history)
          },
          by === "caller"
        )
        counters.counts.runs++
        cell.move(transitions.start(from, inFlight), now)
        return inFlight
      }
  )
}
