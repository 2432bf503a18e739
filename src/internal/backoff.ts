/** Back-offs by the wall clock, which can be set back: one never lasts longer than it was made for. */

export interface Backoff {
  at: number
  until: number
}

export const backoff = (now: number, millis: number): Backoff => ({ at: now, until: now + millis })

export const holds = (self: Backoff, now: number): boolean => {
  if (now < self.at) {
    self.until -= self.at - now
    self.at = now
  }
  return now < self.until
}

export interface Doubling {
  readonly firstMillis: number
  readonly maxMillis: number
  /** By which share of itself a back-off may be shorter. */
  readonly jitter: number
}

/** The back-off after so many times in a row; `random` is in [0, 1). */
export const doubling = ({ firstMillis, maxMillis, jitter }: Doubling, times: number, random: number): number =>
  Math.min(maxMillis, firstMillis * 2 ** (times - 1)) * (1 - jitter * random)
