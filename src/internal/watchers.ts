/** Those who watch a value, each with a queue of its own: nobody watches most of them, and a PubSub is large in a bundle. */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"

/** A slow reader loses what came before. */
const kept = 16

export interface Watchers<A> {
  readonly tell: (current: () => A) => void
  /** The value now and what is told from then on. */
  readonly watch: (now: Effect.Effect<A>) => Stream.Stream<A>
  readonly close: Effect.Effect<void>
}

export const makeWatchers = <A>(): Watchers<A> => {
  const queues = new Set<Queue.Queue<A>>()
  let isClosed = false
  const queue = Effect.acquireRelease(
    Effect.tap(Queue.sliding<A>(kept), (made) =>
      isClosed ? Queue.shutdown(made) : Effect.sync(() => queues.add(made))
    ),
    (made) =>
      Effect.zipRight(
        Effect.sync(() => queues.delete(made)),
        Queue.shutdown(made)
      )
  )
  return {
    tell: (current) => {
      if (queues.size === 0) return
      const value = current()
      // Not `unsafeOffer`, which drops the newest of a queue that is full.
      for (const each of queues) Effect.runSync(each.offer(value))
    },
    watch: (now) =>
      Stream.unwrapScoped(Effect.map(queue, (own) => Stream.concat(Stream.fromEffect(now), Stream.fromQueue(own)))),
    close: Effect.suspend(() => {
      isClosed = true
      const open = Array.from(queues)
      queues.clear()
      return Effect.forEach(open, Queue.shutdown, { discard: true })
    })
  }
}
