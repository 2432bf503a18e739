import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Output } from "../format/format.js"
import * as Places from "../util/semaphore.js"

const maxRunsAtOnce = 64

export const places = globalValue("effect-apikey/CredentialHelper/places", () => Places.make(maxRunsAtOnce))

export const terminal = globalValue("effect-apikey/CredentialHelper/terminal", () => Places.make(1))

/** The processes that run now, and who waits for one of them to end. */
export const crowd = globalValue("effect-apikey/CredentialHelper/crowd", () => ({
  running: 0,
  waiting: new Set<() => void>()
}))

const outOfRoom: ReadonlyArray<string> = ["EMFILE", "ENFILE", "EAGAIN"]

/** When there is no room for one more process, and runs of ours take some of it: wait for one of them, then try again. */
export const inTheCrowd = <R>(once: Effect.Effect<Output, ApiKeyError, R>): Effect.Effect<Output, ApiKeyError, R> =>
  Effect.catchAll(once, (error) => Effect.zipRight(oneLess(error), inTheCrowd(once)))

/** Looks and joins those who wait in one step: none can leave between the two. */
const oneLess = (error: ApiKeyError): Effect.Effect<void, ApiKeyError> =>
  Effect.async((resume) => {
    if (error._tag !== "SpawnFailed" || !outOfRoom.includes(error.code) || crowd.running === 0) {
      return resume(Effect.fail(error))
    }
    const wake = (): void => resume(Effect.void)
    crowd.waiting.add(wake)
    return Effect.sync(() => crowd.waiting.delete(wake))
  })

/** Wakes one that waits, or all when nobody is left to wake the others. */
export const leave = (): void => {
  crowd.running--
  for (const wake of Array.from(crowd.waiting).slice(0, crowd.running === 0 ? undefined : 1)) {
    crowd.waiting.delete(wake)
    wake()
  }
}
