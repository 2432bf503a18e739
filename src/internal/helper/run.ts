/** One run of a resolved helper command: checks its options, retries it, and applies one timeout to everything. */

import * as Effect from "effect/Effect"
import { type ApiKeyError, CommandTimeout } from "../../ApiKeyError.js"
import type { Output } from "../format/format.js"
import { ownProperties } from "../util/ownProperties.js"
import { retryWhenSlotFrees, terminalSlot, withRunSlot } from "./admission.js"
import { withDeadline } from "./deadline.js"
import { type KnownCommand, mayPrompt } from "./knownCommand.js"
import { checkArguments, checkOptions, defaultRetry, type Options, type Requirements, timeLimit } from "./options.js"
import { type Progress, type Request, setPhase } from "./request.js"
import { attempt, takesTerminal } from "./supervise.js"

export const run = (
  { entry, install, name }: KnownCommand,
  givenOptions: Options,
  givenRequest: Request
): Effect.Effect<Output, ApiKeyError, Requirements> =>
  Effect.gen(function* () {
    const options = ownProperties(givenOptions)
    const request = ownProperties(givenRequest)
    yield* checkOptions(options)
    const onTerminal = yield* takesTerminal(name, options, request)
    const asksPerson = mayPrompt(entry, onTerminal)
    const timeout = yield* timeLimit(options, asksPerson)
    yield* checkArguments(name, options)

    const progress: Progress = { phase: "queued", warnedSlow: false }
    const once = attempt({ name, options, request, entry, install, onTerminal, progress }).pipe(
      // After an attempt the run waits again (for a retry).
      Effect.ensuring(setPhase(progress, "queued")),
      withRunSlot(request.provider, name, asksPerson),
      onTerminal ? terminalSlot.withPermit : (self) => self
    )
    const tries = Effect.retry(retryWhenSlotFrees(once), {
      schedule: options.retry ?? defaultRetry,
      while: (error) => error.isTransient && (!asksPerson || error._tag === "SpawnFailed")
    })
    const all = Effect.zipRight(request.before ?? Effect.void, tries)
    return yield* withDeadline(
      all,
      timeout,
      () => new CommandTimeout({ command: name, timeout, phase: progress.phase })
    )
  })
