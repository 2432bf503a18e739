/** Values shared by key, each kept as long as a scope uses it. */

import * as Effect from "effect/Effect"
import * as RcMap from "effect/RcMap"
import type * as Scope from "effect/Scope"

export type Shared<K, A> = (key: K) => Effect.Effect<A, never, Scope.Scope>

/** Acquires one value at a time: `RcMap.get` checks before it waits, so concurrent callers would each acquire one. */
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
    // A closed RcMap interrupts its callers. A value made in the closed scope fails with a typed error instead.
    const getOrMake = (key: K) => (isClosed ? Effect.provide(make(key), context) : RcMap.get(made, key))
    return (key) => turn.withPermits(1)(Effect.suspend(() => getOrMake(key)))
  })
