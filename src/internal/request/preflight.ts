/** Gets a request's key before a client's own retry loop, which would treat a failure as a network fault. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isObject } from "effect/Predicate"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../../ApiKey.js"
import { atOrigin, type Provider, peekOf } from "../model/provider.js"
import { runPromise } from "../util/fiber.js"
import { headersFor, isSigner, type Scheme } from "./scheme.js"

/** A ticket is an object that the client passes along with this one request. */
export interface Preflight {
  /** Rejects with the typed error, or with the signal's reason. */
  readonly get: (ticket: object | null | undefined, origin: string, signal: AbortSignal | undefined) => Promise<void>
  /** The key for the ticket, once: a request that the client repeats gets its own. */
  readonly take: (ticket: unknown) => ApiKey | undefined
}

export const makePreflight = (
  provider: Provider,
  scheme: Scheme | undefined,
  runtime: Runtime.Runtime<never>
): Preflight => {
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  const sendable = new WeakSet<ApiKey>()
  const keys = new WeakMap<object, ApiKey>()
  return {
    get: async (ticket, origin, signal) => {
      const key =
        peek(clock.unsafeCurrentTimeMillis()) ?? (await runPromise(runtime, atOrigin(provider.get, origin), signal))
      if (!isSigner(scheme) && !sendable.has(key)) {
        Either.getOrThrowWith(headersFor(key, scheme), (error) => error)
        sendable.add(key)
      }
      if (isObject(ticket)) keys.set(ticket, key)
    },
    take: (ticket) => {
      if (!isObject(ticket)) return undefined
      const key = keys.get(ticket)
      keys.delete(ticket)
      return key
    }
  }
}
