/** When a provider's helper ran. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import { preciseMillis } from "./Callers.js"
import type { Span } from "./Statistics.js"

/** The runs so far, the one in flight with an open end; they are watched until the scope ends. */
export const watch = (provider: ApiKeyProvider.Provider): Effect.Effect<ReadonlyArray<Span>, never, Scope.Scope> =>
  Effect.gen(function* () {
    const runs: Array<Span> = []
    yield* provider.changes.pipe(
      Stream.runForEach((status) =>
        Effect.map(preciseMillis, (now) => {
          const last = runs.at(-1)
          if (last !== undefined && last.to === Number.POSITIVE_INFINITY && status.state !== "refreshing") {
            runs[runs.length - 1] = { from: last.from, to: now }
          }
          if (status.runs > runs.length) runs.push({ from: now, to: Number.POSITIVE_INFINITY })
        })
      ),
      Effect.forkScoped
    )
    return runs
  })
