/**
 * So many at once, the others in line. Effect's own semaphore wakes all who wait whenever one leaves, which costs gigabytes
 * where thousands do; here a place goes to the first in line.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

export interface Places {
  /** Waits for a place, runs, and gives it back. */
  readonly within: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (count: number): Places => {
  let free = count
  const line = new Set<Deferred.Deferred<void>>()
  const giveBack = Effect.sync(() => {
    const [first] = line
    if (first === undefined) {
      free++
      return
    }
    line.delete(first)
    Deferred.unsafeDone(first, Effect.void)
  })
  return {
    within: (self) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const inPlace = Effect.ensuring(restore(self), giveBack)
          if (free > 0) {
            free--
            return inPlace
          }
          const turn = Deferred.unsafeMake<void>(FiberId.none)
          line.add(turn)
          return Effect.matchCauseEffect(restore(Deferred.await(turn)), {
            // Who is interrupted in the very moment of their turn passes the place on.
            onFailure: (cause) => Effect.zipRight(line.delete(turn) ? Effect.void : giveBack, Effect.failCause(cause)),
            onSuccess: () => inPlace
          })
        })
      )
  }
}
