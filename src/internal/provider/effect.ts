/** A provider whose key an Effect gives: its cache, around one scope for each run. */

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import * as ApiKeyCache from "../cache/ApiKeyCache.js"
import type { LifeOptions } from "../cache/options.js"
import type { RunReason } from "../format/format.js"
import { defaultProvider, type Provider } from "../model/provider.js"

/**
 * What fetches a key: an Effect, or a function from the reason of the run to one.
 *
 * @since 0.1.0
 * @category models
 */
export type Fetch<R> =
  | Effect.Effect<ApiKey, ApiKeyError, R>
  | ((reason: RunReason) => Effect.Effect<ApiKey, ApiKeyError, R>)

/**
 * Options of a provider whose key an Effect gives.
 *
 * @since 0.1.0
 * @category models
 */
export interface FetchOptions extends LifeOptions {
  /** The name in errors, status, metrics and spans. Default `"default"`. */
  readonly provider?: string | undefined
  /** Whether a run may ask the user. If true, no key is refreshed in the background. Default false. */
  readonly mayPrompt?: boolean | undefined
}

/**
 * A provider whose key an Effect gives, cached as the key of a command is: callers share one run, and a key is refreshed before
 * it expires. After a failure, no run starts during the back-off. It lives as long as the scope.
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
