/** Admission control: limits the helpers that run at once in this process, and queues runs for a free slot. */

import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { Output } from "../format/format.js"
import * as Semaphore from "../util/semaphore.js"

const maxConcurrentRuns = 64
const maxRunsOfProvider = 16
const maxPromptingRuns = 8

const runSlots = globalValue("effect-apikey/CredentialHelper/runSlots", () => Semaphore.make(maxConcurrentRuns))

/** A run that waits for the user takes minutes, so such runs have slots of their own. */
const promptSlots = globalValue("effect-apikey/CredentialHelper/promptSlots", () => Semaphore.make(maxPromptingRuns))

interface Share {
  readonly slots: Semaphore.Semaphore
  users: number
}

/** The slots of each provider's program, so that one that hangs does not take all. Providers without a name share one. */
const shares = globalValue("effect-apikey/CredentialHelper/shares", () => new Map<string, Share>())

const withShare =
  (key: string) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.acquireUseRelease(
      Effect.sync(() => {
        const share = shares.get(key) ?? { slots: Semaphore.make(maxRunsOfProvider), users: 0 }
        shares.set(key, share)
        share.users++
        return share
      }),
      ({ slots }) => slots.withPermit(self),
      (share) =>
        Effect.sync(() => {
          share.users--
          if (share.users === 0) shares.delete(key)
        })
    )

/** Waits for a slot: of the provider's, then of the process. */
export const withRunSlot =
  (provider: string, program: string, mayPrompt: boolean) =>
  <A, E, R>(self: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    mayPrompt ? promptSlots.withPermit(self) : withShare(JSON.stringify([provider, program]))(runSlots.withPermit(self))

/** Only one run at a time may use the terminal. */
export const terminalSlot = globalValue("effect-apikey/CredentialHelper/terminalSlot", () => Semaphore.make(1))

/**
 * The helper processes that run now, and the runs that wait for one of them to exit. The retry schedule alone is not enough
 * if file descriptors are scarce: three attempts fail before the runs ahead have exited. These tests fail without it: "N at
 * once with M descriptors queue, none fails" (test/integration/helpers/load.test.ts) and "where the system has room for
 * three, the others wait for one of them to end" (test/helper/CredentialHelper.test.ts).
 */
const processSlots = globalValue("effect-apikey/CredentialHelper/processSlots", () => ({
  running: 0,
  waiters: new Set<() => void>()
}))

const exhausted: ReadonlyArray<string> = ["EMFILE", "ENFILE", "EAGAIN"]

/** If the system cannot start another process while some of ours run, waits for one of them to exit and retries. */
export const retryWhenSlotFrees = <R>(
  attempt: Effect.Effect<Output, ApiKeyError, R>
): Effect.Effect<Output, ApiKeyError, R> =>
  Effect.catchAll(attempt, (error) => Effect.zipRight(awaitSlot(error), retryWhenSlotFrees(attempt)))

/** Checks and starts to wait in one step, so that no process can exit in between. */
const awaitSlot = (error: ApiKeyError): Effect.Effect<void, ApiKeyError> =>
  Effect.async((resume) => {
    if (error._tag !== "SpawnFailed" || !exhausted.includes(error.code) || processSlots.running === 0) {
      return resume(Effect.fail(error))
    }
    const wake = (): void => resume(Effect.void)
    processSlots.waiters.add(wake)
    return Effect.sync(() => processSlots.waiters.delete(wake))
  })

export const takeSlot = (): void => {
  processSlots.running++
}

/** Wakes one waiter. Wakes all if no process is left whose exit would wake the others. */
export const releaseSlot = (): void => {
  processSlots.running--
  for (const wake of Array.from(processSlots.waiters).slice(0, processSlots.running === 0 ? undefined : 1)) {
    processSlots.waiters.delete(wake)
    wake()
  }
}
