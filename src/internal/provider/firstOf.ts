/** A provider that tries several others in order and returns the first key. */

import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type * as ApiKey from "../../ApiKey.js"
import { type ApiKeyError, KeyNotConfigured } from "../../ApiKeyError.js"
import { defaultProvider, emptyStatus, type Provider } from "../model/provider.js"

/**
 * Makes a provider that returns the key of the first provider that has one. After `KeyNotConfigured` the next provider is tried.
 * After another failure it is tried only with `onFailure: "next"`; if no provider has a key, `get` fails with the first failure.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromFirstOf = (
  providers: ReadonlyArray<Provider>,
  options?: { readonly provider?: string | undefined; readonly onFailure?: "stop" | "next" | undefined }
): Provider => {
  const provider = options?.provider ?? defaultProvider
  const onFailure = options?.onFailure ?? "stop"
  const [first] = providers
  let current = first
  const asking = Effect.fnUntraced(function* (ask: (self: Provider) => Effect.Effect<ApiKey.ApiKey, ApiKeyError>) {
    const tried: Array<string> = []
    let failure: ApiKeyError | undefined
    for (const candidate of providers) {
      const answer = yield* Effect.either(ask(candidate))
      if (answer._tag === "Right") {
        current = candidate
        return answer.right
      }
      if (answer.left._tag === "KeyNotConfigured") tried.push(...answer.left.tried)
      else if (onFailure === "stop") return yield* answer.left
      else failure ??= answer.left
    }
    return yield* failure ?? new KeyNotConfigured({ provider, tried })
  })
  const status = Effect.suspend(() => (current === undefined ? Effect.succeed(emptyStatus(provider)) : current.status))
  return {
    get: asking(({ get }) => get),
    refresh: asking(({ refresh }) => refresh),
    // All are called: each drops only its own key, and the key may come from an earlier provider than the current one.
    reject: (key, at) => Effect.forEach(providers, ({ reject }) => reject(key, at), { discard: true }),
    accepted: (key, at) => {
      for (const { accepted } of providers) accepted?.(key, at)
    },
    status,
    changes: Stream.mapEffect(
      Stream.mergeAll(
        providers.map(({ changes }) => changes),
        { concurrency: "unbounded" }
      ),
      () => status
    )
  }
}
