/** What a cache counts in plain fields, and publishes as metrics with its runs. */
import type * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { Counts } from "./cacheStatus.js"
import type { Entry } from "./keyLife.js"
import { type RunReport, reportHits, reportRun } from "./metrics.js"

export interface Ledger {
  readonly counts: Counts
  /** Counts a key that is served without waiting. */
  readonly hit: (entry: Entry, now: number) => Entry
  readonly publish: (
    run: Pick<RunReport, "outcome" | "durationMillis" | "brought" | "sharedWaits">
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
    publish: (run) => {
      const hits = unpublishedHits()
      return reportRun({ program, ...run, hits, ageAtUseMillis: hits > 0 ? Option.some(ageAtUse) : Option.none() })
    },
    publishRest: () => reportHits(program, unpublishedHits())
  }
}
