/** What is shared by key, as long as somebody's scope holds it. */

import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"

export type Shared<K, A> = (key: K) => Effect.Effect<A, never, Scope.Scope>

/** One making at a time: `RcMap.get` looks before it waits for its turn, so of several that come at once each would make one. */
export const sharing = <K, A, R>(
  make: (key: K) => Effect.Effect<A, never, R>
): Effect.Effect<Shared<K, A>, never, Scope.Scope | R> =>
  Effect.gen(function* () {
    const context = yield* Effect.context<R>()
    const turn = yield* Effect.makeSemaphore(1)
    const made = yield* RcMap.make({ lookup: make })
    let isClosed = false
    yield* Effect.addFinalizer(() =>
      Effect.sync(() => {
        isClosed = true
      })
    )
    // A closed RcMap interrupts who asks. What is made in the closed scope says itself, with a typed error, that it is closed.
    const getOrMake = (key: K) => (isClosed ? Effect.provide(make(key), context) : RcMap.get(made, key))
    return (key) => turn.withPermits(1)(Effect.suspend(() => getOrMake(key)))
  })
