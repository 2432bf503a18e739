/** The options of a cache: what shapes the life of its key. */

import type * as Duration from "effect/Duration"

/**
 * What shapes a key's life. Instants are the wall clock's.
 *
 * @since 0.1.0
 * @category models
 */
export interface LifeOptions {
  /**
   * How long a key without an expiry of its own is used, from the end of its run. Default 5 min, and of a command what the catalog
   * says for its program: 1 h for stores of static secrets that may prompt. May be infinite.
   */
  readonly timeToLive?: Duration.DurationInput | undefined
  /** How long before its hard expiry a key is renewed in the background. Default: the last 20 % of its life, at most 5 min. */
  readonly refreshAhead?: Duration.DurationInput | undefined
  /** What to do when the helper repeats a refused key: believe it (default), or fail with `KeyRejected`. */
  readonly onRepeat?: "serve" | "fail" | undefined
  /** What happens to a run when its last caller leaves. Default `"stop"`; `"finish"` for helpers that may prompt. */
  readonly whenAbandoned?: "stop" | "finish" | undefined
  /** Fetch the first key when the layer is built, in the background. Default false. */
  readonly prefetch?: boolean | undefined
}

/** Whether a run that nobody waits for goes on: a person is not asked twice. */
export const defaultWhenAbandoned = (mayPrompt: boolean): "finish" | "stop" => (mayPrompt ? "finish" : "stop")
