/** The states of a cache and the transitions between them, as docs/cache.md draws them (a test compares the two). */
import * as Option from "effect/Option"
import { type Failure, isPastAhead, nothingYet, type Past, pastRewound, type Rejection } from "./history.js"
import type { Flight } from "./inFlight.js"
import { type Entry, rewound } from "./lifetime.js"

export interface Empty {
  readonly _tag: "Empty"
  readonly past: Past
}
export interface Fetching {
  readonly _tag: "Fetching"
  readonly past: Past
  readonly flight: Flight
}
export interface Holding {
  readonly _tag: "Holding"
  readonly past: Past
  readonly entry: Entry
}
export interface Renewing {
  readonly _tag: "Renewing"
  readonly past: Past
  readonly entry: Entry
  readonly flight: Flight
}
export interface Closed {
  readonly _tag: "Closed"
}
export type Open = Empty | Fetching | Holding | Renewing
export type State = Open | Closed

/** A transition, and the states that it may start from. */
const transition = <const From extends Open["_tag"], Args extends ReadonlyArray<unknown>, To extends State>(
  from: ReadonlyArray<From>,
  to: (state: Extract<Open, { readonly _tag: From }>, ...args: Args) => To
) => Object.assign(to, { from })

const anyOpen = ["Empty", "Fetching", "Holding", "Renewing"] as const
const idle = ["Empty", "Holding"] as const
const flying = ["Fetching", "Renewing"] as const
const holding = ["Holding", "Renewing"] as const

const landed = (state: Fetching | Renewing, past: Past): Empty | Holding =>
  state._tag === "Renewing" ? { _tag: "Holding", past, entry: state.entry } : { _tag: "Empty", past }

const dropped = (state: Holding | Renewing, past: Past): Empty | Fetching =>
  state._tag === "Renewing" ? { _tag: "Fetching", past, flight: state.flight } : { _tag: "Empty", past }

export const transitions = {
  /** A run begins. */
  start: transition(idle, (state, flight: Flight): Fetching | Renewing =>
    state._tag === "Holding"
      ? { _tag: "Renewing", past: state.past, entry: state.entry, flight }
      : { _tag: "Fetching", past: state.past, flight }
  ),
  /** It brought a key. */
  keep: transition(
    flying,
    (_, entry: Entry, rejection: Option.Option<Rejection>): Holding => ({
      _tag: "Holding",
      past: { failure: Option.none(), rejection, digest: Option.some(entry.key.digest), saidAt: entry.saidAt },
      entry
    })
  ),
  /** It failed. */
  fail: transition(flying, (state, failure: Failure, rejection: Option.Option<Rejection>) =>
    landed(state, { ...state.past, failure: Option.some(failure), rejection })
  ),
  /** It was stopped, because nobody waits for it any more. */
  stop: transition(flying, (state) => landed(state, state.past)),
  /** The key reached its hard expiry. */
  expire: transition(holding, (state) => dropped(state, state.past)),
  /** The server refused the key. */
  reject: transition(holding, (state, rejection: Rejection) =>
    dropped(state, { ...state.past, rejection: Option.some(rejection) })
  ),
  /** The server refused the key, and it is served all the same. */
  doubt: transition(holding, (state): Holding | Renewing => ({
    ...state,
    past: { ...state.past, rejection: Option.map(state.past.rejection, (known) => ({ ...known, again: true })) },
    entry: { ...state.entry, suspect: true }
  })),
  /** The clock was set back. */
  rewind: transition(anyOpen, (state, now: number): Open => {
    const past = pastRewound(state.past, now)
    return hasKey(state) ? { ...state, past, entry: rewound(state.entry, now) } : { ...state, past }
  }),
  /** The scope ended. */
  close: transition(anyOpen, (): Closed => ({ _tag: "Closed" }))
}

export const initial: Empty = { _tag: "Empty", past: nothingYet }

// --- what a state says

export const hasKey = (state: State): state is Holding | Renewing =>
  state._tag === "Holding" || state._tag === "Renewing"

export const hasFlight = (state: State): state is Fetching | Renewing =>
  state._tag === "Fetching" || state._tag === "Renewing"

/** The clock shows less than it did before. */
export const isSetBack = (state: State, now: number): state is Open =>
  state._tag !== "Closed" && ((hasKey(state) && now < state.entry.seenAt) || isPastAhead(state.past, now))
