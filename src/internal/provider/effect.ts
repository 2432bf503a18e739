/** Makes a provider from an Effect that fetches the key. Each run has its own scope. */

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import * as ApiKeyCache from "../cache/ApiKeyCache.js"
import type { LifeOptions } from "../cache/options.js"
import type { RunReason } from "../format/format.js"
import { defaultProvider, type Provider } from "../model/provider.js"

/**
 * Fetches a key: an Effect, or a function that gets the reason of the run and returns an Effect.
 *
 * @since 0.1.0
 * @category models
 */
export type Fetch<R> =
  | Effect.Effect<ApiKey, ApiKeyError, R>
  | ((reason: RunReason) => Effect.Effect<ApiKey, ApiKeyError, R>)

/**
 * Options of a provider that fetches its key with an Effect.
 *
 * @since 0.1.0
 * @category models
 */
export interface FetchOptions extends LifeOptions {
  /** The name in errors, status, metrics and spans. Default `"default"`. */
  readonly provider?: string | undefined
  /** Whether a run may prompt the user. If true, no key is refreshed in the background. Default false. */
  readonly mayPrompt?: boolean | undefined
}

/**
 * Makes a provider that fetches its key with an Effect and caches it like the key of a command. Callers share one run, and a key
 * is refreshed before it expires. After a failure, no run starts during the back-off. The provider lives as long as its scope.
 *
 * `reason` is `"first"`, `"expiry"`, or `"rejected"` after the server rejected the last key. Each run has its own scope, which
 * closes when the run ends. A run has no time limit and no retries: add them with `Effect.timeout` and `Effect.retry`.
 *
 * @since 0.1.0
 * @category constructors
 */
export const fromEffect = <R = never>(
  fetch: Fetch<R>,
  options: FetchOptions = {}
): Effect.Effect<Provider, never, R | Scope.Scope> => {
  const { mayPrompt = false, provider = defaultProvider, ...life } = options
  return ApiKeyCache.make({
    ...life,
    provider,
    program: provider,
    format: "effect",
    mayPrompt,
    fetch: ({ reason }) => Effect.scoped(Effect.isEffect(fetch) ? fetch : fetch(reason))
  })
}
