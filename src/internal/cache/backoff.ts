/** Back-offs: until when a cache starts no run. They go by the wall clock, and one lasts no longer when that is set back. */

export interface Backoff {
  readonly at: number
  readonly until: number
}

export const backoff = (now: number, millis: number): Backoff => ({ at: now, until: now + millis })

export const isActive = (self: Backoff, now: number): boolean => now < self.until

/** Whether the clock shows less than when the back-off began. */
export const isAhead = (self: Backoff, now: number): boolean => now < self.at

/** The back-off, less what the clock was set back by. */
export const rewindBackoff = (self: Backoff, now: number): Backoff =>
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
export const failureBackoff: Doubling = { firstMillis: 1_000, maxMillis: 30_000, jitter: 0.25 }

/** For the user who just logged in. */
export const loginBackoff: Doubling = { ...failureBackoff, maxMillis: 5_000 }

/** After a key that a refusal brought: while it lasts, further refusals cause no run. */
export const rejectionBackoff: Doubling = { firstMillis: 30_000, maxMillis: 300_000, jitter: 0 }
