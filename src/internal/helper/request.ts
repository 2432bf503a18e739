/** The request for a run of a helper, and the context of one attempt. */

import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type { TimeoutPhase } from "../../ApiKeyError.js"
import type * as HelperExecutor from "../../HelperExecutor.js"
import type { Entry } from "../catalog/entry.js"
import type { FailedRun, Meaning } from "../format/failure.js"
import type { RunReason } from "../format/format.js"
import type { Options } from "./options.js"

/**
 * A request for one run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** Passed to the helper in `EFFECT_APIKEY_PROVIDER`. */
  readonly provider: string
  readonly reason: RunReason
  /** Background refresh: must not prompt. */
  readonly background: boolean
  /** What the format writes to stdin. Default: stdin is empty. */
  readonly input?: string | undefined
  /** Runs before the first attempt, within the same timeout: the helper's erase command for a rejected key. */
  readonly before?:
    | Effect.Effect<void, never, HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path>
    | undefined
  /** Environment variables that the format passes. */
  readonly environment?: ((interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>) | undefined
  /** The format's explanation of a failure that the catalog does not know. */
  readonly explain?: ((failure: FailedRun) => Option.Option<Meaning>) | undefined
}

/** One attempt of a run. */
export interface Attempt {
  readonly name: string
  readonly options: Options
  readonly request: Request
  readonly entry: Option.Option<Entry>
  /** What to do if the program is not installed. */
  readonly install: Option.Option<string>
  readonly onTerminal: boolean
  readonly progress: Progress
}

/** The current phase of a run, for the timeout error. */
export interface Progress {
  phase: TimeoutPhase
  warnedSlow: boolean
}

export const setPhase = (progress: Progress, phase: TimeoutPhase): Effect.Effect<void> =>
  Effect.sync(() => {
    progress.phase = phase
  })
