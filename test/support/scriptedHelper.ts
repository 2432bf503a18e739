/** A helper that answers when the test says so: each run is on until it is told how it ends. */

import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import type { ApiKey } from "effect-apikey/ApiKey"
import type { ApiKeyError } from "effect-apikey/ApiKeyError"
import type * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"

export interface Run extends ApiKeyCache.FetchRequest {
  readonly startedAt: number
  readonly answer: Deferred.Deferred<ApiKey, ApiKeyError>
}

export interface ScriptedHelper {
  readonly fetch: ApiKeyCache.Options<never>["fetch"]
  /** All runs ever started, oldest first. */
  readonly runs: Array<Run>
  /** How many are on now, and how many were at most. */
  active: number
  maxActive: number
}

/** `stopMillis`: how long a run takes to end when it is interrupted. */
export const scriptedHelper = (options: { readonly stopMillis?: number } = {}): ScriptedHelper => {
  const helper: ScriptedHelper = {
    runs: [],
    active: 0,
    maxActive: 0,
    fetch: (request) =>
      Effect.acquireUseRelease(
        Effect.gen(function* () {
          const answer = yield* Deferred.make<ApiKey, ApiKeyError>()
          helper.runs.push({ ...request, startedAt: yield* Clock.currentTimeMillis, answer })
          helper.active++
          helper.maxActive = Math.max(helper.maxActive, helper.active)
          return answer
        }),
        Deferred.await,
        (_, exit) =>
          Effect.sync(() => {
            helper.active--
          }).pipe(
            Exit.isInterrupted(exit) && options.stopMillis !== undefined
              ? Effect.delay(options.stopMillis)
              : (self) => self
          )
      )
  }
  return helper
}

/** Enough turns for every fiber that can go on to have gone on. */
export const settle: Effect.Effect<void> = Effect.repeatN(Effect.yieldNow(), 60)
