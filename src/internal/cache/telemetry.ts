/** What a cache counts in plain fields, and publishes as metrics with its runs. */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { outcomeOf } from "../runSpan.js"
import type { Flight } from "./inFlight.js"
import type { Entry } from "./lifetime.js"
import { type Brought, reportHits, reportRun } from "./metrics.js"
import type { Ended } from "./settle.js"
import type { Counts } from "./status.js"

export interface Ledger {
  readonly counts: Counts
  /** Counts a key that is served without waiting. */
  readonly hit: (entry: Entry, now: number) => Entry
  /** Counts what a run brought; the effect publishes it, and what was counted since the one before. */
  readonly report: (
    flight: Flight,
    ended: Omit<Ended, "random"> & { readonly startedAt: number },
    brought: Brought
  ) => Effect.Effect<void>
  /** What no run is left to publish. */
  readonly publishRest: () => Effect.Effect<void>
}

export const makeLedger = (program: string): Ledger => {
  const counts: Counts = { runs: 0, hits: 0, renewals: 0, rejections: 0 }
  let published = 0
  let ageAtUse = 0
  const unpublishedHits = (): number => {
    const hits = counts.hits - published
    published = counts.hits
    return hits
  }
  return {
    counts,
    hit: (entry, now) => {
      counts.hits++
      ageAtUse = now - entry.since
      entry.seenAt = now
      return entry
    },
    report: (flight, { exit, startedAt, now }, brought) => {
      if (brought === "renewal") counts.renewals++
      const hits = unpublishedHits()
      const sharedWaits = Math.max(0, flight.shared)
      flight.shared = 0
      return reportRun({
        program,
        outcome: outcomeOf(exit),
        durationMillis: Math.max(0, now - startedAt),
        brought,
        hits,
        sharedWaits,
        ageAtUseMillis: hits > 0 ? Option.some(ageAtUse) : Option.none()
      })
    },
    publishRest: () => reportHits(program, unpublishedHits())
  }
}
