/** A cache over a scripted helper, and the few words that its tests are written in. */

import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "effect-apikey/ApiKey"
import { type ApiKeyError, NonZeroExit } from "effect-apikey/ApiKeyError"
import * as ApiKeyCache from "effect-apikey/internal/cache/ApiKeyCache"
import { type Run, scriptedHelper, settle } from "./scriptedHelper.js"

type CacheOptions = Partial<Omit<ApiKeyCache.Options<never>, "fetch">>

export const unavailable = new NonZeroExit({ command: "helper", exitCode: 75, stderr: "", reason: "Unavailable" })
export const loginRequired = new NonZeroExit({
  command: "helper",
  exitCode: 1,
  stderr: "",
  reason: "LoginRequired",
  remedy: "Sign in: helper login"
})

/** No jitter, unless the test is about it. */
export const cacheUnderTest = (options: CacheOptions = {}) =>
  Effect.gen(function* () {
    const helper = scriptedHelper()
    const cache = yield* ApiKeyCache.make({
      provider: "test",
      program: "helper",
      format: "text",
      mayPrompt: false,
      ...options,
      fetch: helper.fetch
    }).pipe(Effect.withRandom(Random.fixed([0])))

    const current = Effect.suspend(() => {
      const run = helper.runs.at(-1)
      return run === undefined ? Effect.dieMessage("no run was ever started") : Effect.succeed(run)
    })
    const ends = (end: (run: Run) => Effect.Effect<unknown>) =>
      current.pipe(Effect.tap(end), Effect.zipRight(settle), Effect.asVoid)

    /** The helper answers the run that is on; `life`: what it says of the key's. */
    const answers = (value: string, life?: Duration.DurationInput) =>
      Effect.flatMap(DateTime.now, (now) =>
        ends((run) =>
          Deferred.succeed(
            run.answer,
            ApiKey.make({ value, expiresAt: life === undefined ? undefined : DateTime.addDuration(now, life) })
          )
        )
      )
    const fails = (error: ApiKeyError) => ends((run) => Deferred.fail(run.answer, error))
    const asks = Effect.zipLeft(Effect.fork(cache.get), settle)

    /** A first key, to begin with. */
    const holding = (value: string, life?: Duration.DurationInput) =>
      Effect.gen(function* () {
        const waiter = yield* asks
        yield* answers(value, life)
        return yield* Fiber.join(waiter)
      })

    return { cache, helper, asks, answers, fails, holding, value: Effect.map(cache.get, secretOf) }
  })

export const secretOf = (key: ApiKey.ApiKey): string => Redacted.value(key.value)

export const millisOf = (at: Option.Option<DateTime.Utc>): number | undefined =>
  Option.getOrUndefined(Option.map(at, ({ epochMillis }) => epochMillis))
