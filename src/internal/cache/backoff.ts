/** Back-offs: until when a cache starts no run. They use the wall clock; setting it back does not make one longer. */

export interface Backoff {
  readonly at: number
  readonly until: number
}

export const backoff = (now: number, millis: number): Backoff => ({ at: now, until: now + millis })

export const isActive = (self: Backoff, now: number): boolean => now < self.until

/** Whether the clock is earlier than the start of the back-off. */
export const isAhead = (self: Backoff, now: number): boolean => now < self.at

/** Moves the back-off by as much as the clock was set back. */
export const rewindBackoff = (self: Backoff, now: number): Backoff =>
  isAhead(self, now) ? { at: now, until: self.until - (self.at - now) } : self

export interface Doubling {
  readonly firstMillis: number
  readonly maxMillis: number
  /** The share by which a back-off may be shortened at random. */
  readonly jitter: number
}

/** The back-off after that many consecutive failures (from 1). `random` is in [0, 1). */
export const doubling = ({ firstMillis, maxMillis, jitter }: Doubling, times: number, random: number): number =>
  Math.min(maxMillis, firstMillis * 2 ** (times - 1)) * (1 - jitter * random)

/** After a failed run. */
export const failureBackoff: Doubling = { firstMillis: 1_000, maxMillis: 30_000, jitter: 0.25 }

/** Short, so that a user who has just logged in need not wait. */
export const loginBackoff: Doubling = { ...failureBackoff, maxMillis: 5_000 }

/** After a run that a rejection caused. While it lasts, further rejections cause no run. */
export const rejectionBackoff: Doubling = { firstMillis: 30_000, maxMillis: 300_000, jitter: 0 }
