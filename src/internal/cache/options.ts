/** The options of a cache: the lifetime of its key. */

import type * as Duration from "effect/Duration"
import {
  type Checks,
  type OnAbandon,
  type OnRepeatedKey,
  onAbandonNames,
  oneOf,
  onRepeatedKeyNames,
  unchecked
} from "../model/options.js"

/**
 * Options for the lifetime of a key. Instants are wall clock times.
 *
 * @since 0.1.0
 * @category models
 */
export interface LifeOptions {
  /**
   * How long a key without an expiry of its own is used, counted from the end of its run. May be infinite. Default: 5 minutes; 1 hour
   * for known programs that store static secrets and may prompt.
   */
  readonly timeToLive?: Duration.DurationInput | undefined
  /** How long before its hard expiry a key is refreshed in the background. Default: the last 20 % of its lifetime, at most 5 minutes. */
  readonly refreshAhead?: Duration.DurationInput | undefined
  /** What happens when the helper prints the rejected key again: `"serve"` it (default), or `"fail"` with `KeyRejected`. */
  readonly onRepeatedKey?: OnRepeatedKey | undefined
  /** What happens to a run when its last caller is interrupted. Default `"interrupt"`; `"complete"` for helpers that may prompt. */
  readonly onAbandon?: OnAbandon | undefined
  /** Whether the first key is fetched in the background when the layer is built. Default false. */
  readonly prefetch?: boolean | undefined
}

/** Describes the plain options for error messages. Durations are checked where they are used. */
export const lifeChecks = {
  timeToLive: unchecked,
  refreshAhead: unchecked,
  onRepeatedKey: oneOf(onRepeatedKeyNames),
  onAbandon: oneOf(onAbandonNames),
  prefetch: oneOf([true, false])
} satisfies Checks<LifeOptions>

/** The default: a run that may prompt completes without callers, so that the user is not prompted twice. */
export const defaultOnAbandon = (mayPrompt: boolean): OnAbandon => (mayPrompt ? "complete" : "interrupt")
