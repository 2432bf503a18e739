/** Back-offs by the wall clock. After a step backward past its beginning one lasts no longer than it was made for. */

export interface Backoff {
  readonly at: number
  readonly until: number
}

export const backoff = (now: number, millis: number): Backoff => ({ at: now, until: now + millis })

export const holds = (self: Backoff, now: number): boolean => now < self.until

/** The clock shows less than when it began. */
export const isAhead = (self: Backoff, now: number): boolean => now < self.at

/** What the clock was set back by comes off it. */
export const shifted = (self: Backoff, now: number): Backoff =>
  isAhead(self, now) ? { at: now, until: self.until - (self.at - now) } : self

export interface Doubling {
  readonly firstMillis: number
  readonly maxMillis: number
  /** By which share of itself a back-off may be shorter. */
  readonly jitter: number
}

/** The back-off after so many times in a row, from 1; `random` is in [0, 1). */
export const doubling = ({ firstMillis, maxMillis, jitter }: Doubling, times: number, random: number): number =>
  Math.min(maxMillis, firstMillis * 2 ** (times - 1)) * (1 - jitter * random)

/** After a run that failed. */
export const afterFailure: Doubling = { firstMillis: 1_000, maxMillis: 30_000, jitter: 0.25 }

/** For the user who just logged in. */
export const afterLoginRequired: Doubling = { ...afterFailure, maxMillis: 5_000 }

/** After a key that came in place of a refused one: further refusals cause no run for so long. */
export const afterRejection: Doubling = { firstMillis: 30_000, maxMillis: 300_000, jitter: 0 }
