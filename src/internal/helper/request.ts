/** What one run of a helper is made from: the request, and what an attempt carries through its start and its supervision. */

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
 * One demand for a run.
 *
 * @since 0.1.0
 * @category models
 */
export interface Request {
  /** Told to the helper in `EFFECT_APIKEY_PROVIDER`. */
  readonly provider: string
  readonly reason: RunReason
  /** Nobody asked for this run, so nobody may be asked. */
  readonly background: boolean
  /** What the format says on stdin; without it stdin is empty. */
  readonly input?: string | undefined
  /** What is done before the first try, within the same timeout: telling the helper to forget a refused key. */
  readonly before?:
    | Effect.Effect<void, never, HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path>
    | undefined
  /** What the format hands over in the environment. */
  readonly environment?: ((interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>) | undefined
  /** What the format knows of a failure that the catalog does not know. */
  readonly explain?: ((failure: FailedRun) => Option.Option<Meaning>) | undefined
}

/** One try of a run. */
export interface Attempt {
  readonly name: string
  readonly options: Options
  readonly request: Request
  readonly entry: Option.Option<Entry>
  readonly onTerminal: boolean
  readonly progress: Progress
}

/** How far a run is, for the error of its deadline. */
export interface Progress {
  phase: TimeoutPhase
  warnedSlow: boolean
}

export const setPhase = (progress: Progress, phase: TimeoutPhase): Effect.Effect<void> =>
  Effect.sync(() => {
    progress.phase = phase
  })
