/**
 * Runs one helper command, supervised: one time limit over everything, its whole process group stopped when that is over,
 * output capped, no shell, and every failure a typed error.
 *
 * @since 0.1.0
 */

import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { type ApiKeyError, CommandTimeout } from "./ApiKeyError.js"
import * as HelperCatalog from "./HelperCatalog.js"
import type { Output } from "./internal/format/format.js"
import { retryWhenSlotFrees, runSlots, terminalSlot } from "./internal/helper/admission.js"
import { withDeadline } from "./internal/helper/deadline.js"
import { checkArguments, checkOptions, defaultRetry, type Options, timeLimit } from "./internal/helper/options.js"
import { type Progress, type Request, setPhase } from "./internal/helper/request.js"
import { attempt, takesTerminal } from "./internal/helper/supervise.js"
import { programName } from "./internal/redact/programName.js"

export type { Output, RunReason } from "./internal/format/format.js"
export type { Options } from "./internal/helper/options.js"
export type { Request } from "./internal/helper/request.js"
export type { Interactive, SearchBeyond } from "./internal/model/options.js"

/**
 * Runs a helper command until it yields its output, within its time limit.
 *
 * @since 0.1.0
 * @category constructors
 */
export const run = (
  options: Options,
  request: Request
): Effect.Effect<Output, ApiKeyError, CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const name = programName(options.command, options.cwd)
    yield* checkOptions(options)
    const entry = HelperCatalog.find(name)
    const onTerminal = yield* takesTerminal(name, options, request)
    const mayPrompt = onTerminal || Option.exists(entry, (known) => known.mayPrompt)
    const timeout = yield* timeLimit(options, mayPrompt)
    yield* checkArguments(name, options)

    const progress: Progress = { phase: "queued", warnedSlow: false }
    const once = attempt({ name, options, request, entry, onTerminal, progress }).pipe(
      // Whatever comes after a try (another one, after a delay) is waiting again.
      Effect.ensuring(setPhase(progress, "queued")),
      runSlots.withPermit,
      onTerminal ? terminalSlot.withPermit : (self) => self
    )
    const tries = Effect.retry(retryWhenSlotFrees(once), {
      schedule: options.retry ?? defaultRetry,
      while: (error) => error.isTransient && (!mayPrompt || error._tag === "SpawnFailed")
    })
    const all = Effect.zipRight(request.before ?? Effect.void, tries)
    return yield* withDeadline(
      all,
      timeout,
      () => new CommandTimeout({ command: name, timeout, phase: progress.phase })
    )
  })
