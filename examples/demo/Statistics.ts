/** What became of the callers' calls, and how long they took while a key was fresh and around its renewal. */

import * as Array from "effect/Array"
import * as Option from "effect/Option"
import * as Order from "effect/Order"

export type Outcome = "answered" | "unauthorized" | "failed"

/** A span of time, in milliseconds. */
export interface Span {
  readonly from: number
  readonly to: number
}

export interface Call extends Span {
  readonly outcome: Outcome
  /** What went wrong, in a line. */
  readonly problem: Option.Option<string>
}

export interface Summary {
  readonly requests: number
  readonly answers: number
  readonly unauthorized: number
  readonly failed: number
  /** What the first of those 401s and failures said. */
  readonly refusal: Option.Option<string>
  readonly failure: Option.Option<string>
  readonly fresh: Option.Option<Latency>
  readonly renewal: Option.Option<Latency>
}

export interface Latency {
  readonly p50: number
  readonly p99: number
}

/** What the helper was at when a call began. By its begin, for a long call would meet a renewal more often than a short one. */
export type Phase = "first-run" | "fresh" | "renewal"

export interface PhasedCall extends Call {
  readonly phase: Phase
}

/** `runs` are those of the helper whose key the calls used; the first one is no renewal. */
export const withPhases = (calls: ReadonlyArray<Call>, runs: ReadonlyArray<Span>): ReadonlyArray<PhasedCall> => {
  const [first, ...renewals] = runs
  const phaseOf = ({ from }: Span): Phase => {
    if (first !== undefined && from <= first.to) return "first-run"
    return renewals.some((run) => run.from <= from && from <= run.to) ? "renewal" : "fresh"
  }
  return calls.map((call) => ({ ...call, phase: phaseOf(call) }))
}

export const summarize = (calls: ReadonlyArray<PhasedCall>): Summary => {
  const having = (outcome: Outcome) => calls.filter((call) => call.outcome === outcome)
  const answered = having("answered")
  const unauthorized = having("unauthorized")
  const failed = having("failed")
  return {
    requests: calls.length,
    answers: answered.length,
    unauthorized: unauthorized.length,
    failed: failed.length,
    refusal: Option.flatMap(Array.head(unauthorized), (call) => call.problem),
    failure: Option.flatMap(Array.head(failed), (call) => call.problem),
    fresh: latency(answered.filter((call) => call.phase === "fresh")),
    renewal: latency(answered.filter((call) => call.phase === "renewal"))
  }
}

const latency = (calls: ReadonlyArray<Span>): Option.Option<Latency> => {
  const sorted = Array.sort(
    calls.map((call) => call.to - call.from),
    Order.number
  )
  return Option.all({ p50: percentile(sorted, 50), p99: percentile(sorted, 99) })
}

/** By nearest rank. */
const percentile = (sorted: ReadonlyArray<number>, percent: number) =>
  Option.fromNullable(sorted[Math.max(0, Math.ceil((sorted.length * percent) / 100) - 1)])
