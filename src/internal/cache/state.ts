/** The states of a cache and the transitions between them. A test compares them with docs/concepts/how-a-key-is-kept.md. */
import * as Option from "effect/Option"
import { emptyHistory, type Failure, type History, isHistoryAhead, type Rejection, rewindHistory } from "./history.js"
import type { InFlight } from "./inFlight.js"
import { type CachedKey, rewindCachedKey } from "./lifetime.js"

export interface Empty {
  readonly _tag: "Empty"
  readonly history: History
}
export interface Fetching {
  readonly _tag: "Fetching"
  readonly history: History
  readonly inFlight: InFlight
}
export interface Ready {
  readonly _tag: "Ready"
  readonly history: History
  readonly cached: CachedKey
}
export interface Refreshing {
  readonly _tag: "Refreshing"
  readonly history: History
  readonly cached: CachedKey
  readonly inFlight: InFlight
}
export interface Closed {
  readonly _tag: "Closed"
}
export type Open = Empty | Fetching | Ready | Refreshing
export type State = Open | Closed

/** Defines a transition with the states from which it may start. */
const transition = <const From extends Open["_tag"], Args extends ReadonlyArray<unknown>, To extends State>(
  from: ReadonlyArray<From>,
  to: (state: Extract<Open, { readonly _tag: From }>, ...args: Args) => To
) => Object.assign(to, { from })

const anyOpen = ["Empty", "Fetching", "Ready", "Refreshing"] as const
const idle = ["Empty", "Ready"] as const
const running = ["Fetching", "Refreshing"] as const
const withKey = ["Ready", "Refreshing"] as const

const settled = (state: Fetching | Refreshing, history: History): Empty | Ready =>
  state._tag === "Refreshing" ? { _tag: "Ready", history, cached: state.cached } : { _tag: "Empty", history }

const dropped = (state: Ready | Refreshing, history: History): Empty | Fetching =>
  state._tag === "Refreshing" ? { _tag: "Fetching", history, inFlight: state.inFlight } : { _tag: "Empty", history }

export const transitions = {
  /** A run starts. */
  start: transition(idle, (state, inFlight: InFlight): Fetching | Refreshing =>
    state._tag === "Ready"
      ? { _tag: "Refreshing", history: state.history, cached: state.cached, inFlight }
      : { _tag: "Fetching", history: state.history, inFlight }
  ),
  /** The run returned a key. */
  store: transition(
    running,
    (_, cached: CachedKey, rejection: Option.Option<Rejection>): Ready => ({
      _tag: "Ready",
      history: {
        failure: Option.none(),
        rejection,
        digest: Option.some(cached.key.digest),
        declaredExpiry: cached.declaredExpiry
      },
      cached
    })
  ),
  /** The run failed. */
  fail: transition(running, (state, failure: Failure, rejection: Option.Option<Rejection>) =>
    settled(state, { ...state.history, failure: Option.some(failure), rejection })
  ),
  /** The run was stopped because no caller waits for it any longer. */
  stop: transition(running, (state) => settled(state, state.history)),
  /** The key reached its hard expiry. */
  expire: transition(withKey, (state) => dropped(state, state.history)),
  /** The server rejected the key. */
  reject: transition(withKey, (state, rejection: Rejection) =>
    dropped(state, { ...state.history, rejection: Option.some(rejection) })
  ),
  /** The server rejected the key, and it is still served. */
  markSuspect: transition(withKey, (state): Ready | Refreshing => ({
    ...state,
    history: {
      ...state.history,
      rejection: Option.map(state.history.rejection, (known) => ({ ...known, recurred: true }))
    },
    cached: { ...state.cached, suspect: true }
  })),
  /** The clock was set back. */
  rewind: transition(anyOpen, (state, now: number): Open => {
    const history = rewindHistory(state.history, now)
    return hasKey(state) ? { ...state, history, cached: rewindCachedKey(state.cached, now) } : { ...state, history }
  }),
  /** The scope was closed. */
  close: transition(anyOpen, (): Closed => ({ _tag: "Closed" }))
}

export const initial: Empty = { _tag: "Empty", history: emptyHistory }

export const hasKey = (state: State): state is Ready | Refreshing =>
  state._tag === "Ready" || state._tag === "Refreshing"

export const isRunning = (state: State): state is Fetching | Refreshing =>
  state._tag === "Fetching" || state._tag === "Refreshing"

/** Whether the clock is earlier than at the last read. */
export const isSetBack = (state: State, now: number): state is Open =>
  state._tag !== "Closed" && ((hasKey(state) && now < state.cached.lastReadAt) || isHistoryAhead(state.history, now))
