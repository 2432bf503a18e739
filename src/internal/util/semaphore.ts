/**
 * FIFO semaphore. Effect's own wakes all waiters at each release, which takes gigabytes of memory with thousands of waiters. This
 * one passes a released permit to the first waiter.
 */
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as FiberId from "effect/FiberId"

export interface Semaphore {
  /** Waits for a permit, runs, and releases it. */
  readonly withPermit: <A, E, R>(self: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>
}

export const make = (permits: number): Semaphore => {
  let free = permits
  const waiters = new Set<Deferred.Deferred<void>>()
  const release = Effect.sync(() => {
    const [first] = waiters
    if (first === undefined) {
      free++
      return
    }
    waiters.delete(first)
    Deferred.unsafeDone(first, Effect.void)
  })
  return {
    withPermit: (self) =>
      Effect.uninterruptibleMask((restore) =>
        Effect.suspend(() => {
          const withRelease = Effect.ensuring(restore(self), release)
          if (free > 0) {
            free--
            return withRelease
          }
          const granted = Deferred.unsafeMake<void>(FiberId.none)
          waiters.add(granted)
          return Effect.matchCauseEffect(restore(Deferred.await(granted)), {
            // A waiter that is interrupted just when it gets the permit passes it on.
            onFailure: (cause) =>
              Effect.zipRight(waiters.delete(granted) ? Effect.void : release, Effect.failCause(cause)),
            onSuccess: () => withRelease
          })
        })
      )
  }
}
