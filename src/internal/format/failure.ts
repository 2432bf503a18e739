/** A failed run, and what its failure means: what the formats and the catalog say of it. */

import type { Reason } from "../../ApiKeyError.js"
import type { RemedyInput } from "../model/remedy.js"

/**
 * How a run failed. `stdout` is looked at and never shown.
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
  /** What the helper says of it in its answer, fit to be shown. */
  readonly detail?: string
}
