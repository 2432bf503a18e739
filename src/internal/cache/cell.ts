/** The mutable state of a cache. All changes go through it, and it publishes the status. */

import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ApiKeyStatus } from "../model/provider.js"
import { initial, isSetBack, type State, transitions } from "./state.js"
import { makeChanges, statusOf } from "./status.js"
import type { Counts } from "./telemetry.js"

export interface Cell {
  readonly current: () => State
  /** The state, corrected if the clock was set back since the last read. */
  readonly syncClock: (now: number) => State
  /** Changes the state and publishes the new status to subscribers. */
  readonly move: (to: State, now: number) => void
  readonly status: Effect.Effect<ApiKeyStatus>
  readonly changes: Stream.Stream<ApiKeyStatus>
  /** Closes the state. `changes` continues until `endChanges`. */
  readonly close: () => void
  readonly endChanges: Effect.Effect<void>
}

export const makeCell = (provider: string, counts: Counts): Effect.Effect<Cell> =>
  Effect.map(makeChanges<ApiKeyStatus>(), (changes) => {
    let state: State = initial
    const move = (to: State, now: number): void => {
      state = to
      changes.publish(() => statusOf(provider, to, counts, now))
    }
    const syncClock = (now: number): State => {
      if (isSetBack(state, now)) move(transitions.rewind(state, now), now)
      return state
    }
    const status = at((now) => Effect.succeed(statusOf(provider, syncClock(now), counts, now)))
    return {
      current: () => state,
      syncClock,
      move,
      status,
      changes: changes.stream(status),
      close: () => {
        if (state._tag !== "Closed") state = transitions.close(state)
      },
      endChanges: changes.end
    }
  })

/** Runs a step with the current time. */
export const at = <A, E>(step: (now: number) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.clockWith((clock) => step(clock.unsafeCurrentTimeMillis()))
