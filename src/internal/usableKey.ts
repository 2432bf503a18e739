/** Waits for a key that can be sent, before a client's own retry loop, which would take a failure for a network fault. */
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Runtime from "effect/Runtime"
import type { ApiKey } from "../ApiKey.js"
import type { Provider } from "../ApiKeyProvider.js"
import { headersFor, originOf, type Scheme } from "./authorization.js"
import { peekOf } from "./peek.js"
import { runPromise } from "./runPromise.js"

/** Rejects with the typed error, or with the signal's reason. */
export const usableKey = (
  provider: Provider,
  { baseURL, scheme }: { readonly baseURL: string; readonly scheme: Scheme | undefined },
  runtime: Runtime.Runtime<never>
): ((signal: AbortSignal | undefined) => Promise<void>) => {
  const peek = peekOf(provider)
  const clock = Runtime.runSync(runtime)(Effect.clock)
  const home = originOf(baseURL, "baseURL")
  const good = new WeakSet<ApiKey>()
  return async (signal) => {
    Either.getOrThrowWith(home, (error) => error)
    const key = peek(clock.unsafeCurrentTimeMillis()) ?? (await runPromise(runtime, provider.get, signal))
    if (good.has(key)) return
    Either.getOrThrowWith(headersFor(key, scheme), (error) => error)
    good.add(key)
  }
}
