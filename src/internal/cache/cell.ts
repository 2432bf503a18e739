/** The cell of a cache: its present state, through which every change goes, and the status that it shows. */

import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { ApiKeyStatus } from "../model/provider.js"
import { initial, isSetBack, type State, transitions } from "./state.js"
import { makeWatchers, statusOf } from "./status.js"
import type { Counts } from "./telemetry.js"

export interface Cell {
  readonly current: () => State
  /** The state, after the clock was looked at: that it was set back shows only then. */
  readonly syncClock: (now: number) => State
  /** Changes the state, and tells those who watch it. */
  readonly move: (to: State, now: number) => void
  readonly status: Effect.Effect<ApiKeyStatus>
  readonly changes: Stream.Stream<ApiKeyStatus>
  /** Closes the state; `changes` go on until `endChanges`. */
  readonly close: () => void
  readonly endChanges: Effect.Effect<void>
}

export const makeCell = (provider: string, counts: Counts): Cell => {
  const watchers = makeWatchers<ApiKeyStatus>()
  let state: State = initial
  const move = (to: State, now: number): void => {
    state = to
    watchers.publish(() => statusOf(provider, to, counts, now))
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
    changes: watchers.watch(status),
    close: () => {
      if (state._tag !== "Closed") state = transitions.close(state)
    },
    endChanges: watchers.close
  }
}

/** A step at the present instant. */
export const at = <A, E>(step: (now: number) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.clockWith((clock) => step(clock.unsafeCurrentTimeMillis()))
