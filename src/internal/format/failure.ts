/** A failed run, and its meaning according to a format or the catalog. */

import type { Reason } from "../../ApiKeyError.js"
import type { RemedyInput } from "../model/remedy.js"

/**
 * How a run failed. `stdout` is searched but never shown.
 *
 * @since 0.1.0
 * @category models
 */
export interface FailedRun {
  readonly exitCode: number
  readonly stderr: string
  readonly stdout: string
  /** `stderr` went to the terminal and was not read. Default: false. */
  readonly onTerminal?: boolean
}

/**
 * What a failure means.
 *
 * @since 0.1.0
 * @category models
 */
export interface Meaning {
  readonly reason: Reason
  /** What to do, in one line. */
  readonly remedy?: RemedyInput
  /** The helper's own explanation in its output, if it may be shown. */
  readonly detail?: string
}
