/** One attempt of a run, supervised from the program search to the last byte of output. */

import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { CommandKilled, NonZeroExit, NoTerminal } from "../../ApiKeyError.js"
import * as HelperCatalog from "../../HelperCatalog.js"
import * as HelperExecutor from "../../HelperExecutor.js"
import type { Output } from "../format/format.js"
import { settleLimit } from "../process/terminate.js"
import { printable } from "../redact/terminal.js"
import { signalOf } from "../util/platformError.js"
import { releaseSlot, takeSlot } from "./admission.js"
import { launch } from "./launch.js"
import type { Options } from "./options.js"
import { type Reading, readOutput, redactedDetail, redactedStderr, textOf } from "./output.js"
import { type Attempt, type Request, setPhase } from "./request.js"

const slowAfter = Duration.seconds(10)

/** Starts the program once. Reads the pipes until it has exited, so output written while handling SIGTERM is kept. */
export const attempt = (context: Attempt) =>
  Effect.scoped(Effect.flatMap(Effect.scope, (pipes) => Effect.scoped(supervise(context, pipes))))

const supervise = (context: Attempt, pipes: Scope.Scope) =>
  Effect.gen(function* () {
    const { onTerminal, progress } = context
    yield* setPhase(progress, "running")
    const startedAt = yield* Clock.currentTimeMillis
    const process_ = yield* launchInSlot(context)
    const reading = yield* readOutput(context, process_, pipes)
    yield* Effect.forkScoped(Effect.interruptible(warnSlow(context)))
    const exit = yield* Effect.raceFirst(Effect.either(process_.exitCode), reading.tooLarge)
    yield* setPhase(progress, "draining")
    if (onTerminal && !(Either.isRight(exit) && exit.right === 0)) yield* Effect.sleep(settleLimit)
    yield* reading.drain
    return yield* resultOf(context, reading, exit, startedAt)
  })

/** Starts the program. It counts as running until the scope has stopped it. */
const launchInSlot = (context: Attempt) =>
  Effect.gen(function* () {
    let holdsSlot = false
    // Added before the start, so that it runs after the process has exited.
    yield* Effect.addFinalizer(() => Effect.sync(() => holdsSlot && releaseSlot()))
    const process_ = yield* launch(context)
    holdsSlot = true
    takeSlot()
    return process_
  })

/** The output of a helper that exited with status 0, else its error. */
const resultOf = (
  context: Attempt,
  reading: Reading,
  exit: Either.Either<CommandExecutor.ExitCode, PlatformError>,
  startedAt: number
): Either.Either<Output, CommandKilled | NonZeroExit> => {
  const { name, request, entry, onTerminal } = context
  const stderr = redactedStderr(context, reading)
  const redact = redactedDetail(context)
  if (Either.isLeft(exit)) {
    return Either.left(new CommandKilled({ command: name, signal: signalOf(exit.left), stderr: stderr() }))
  }
  if (exit.right === 0) {
    return Either.right({ command: name, stdout: Redacted.make(reading.stdout.bytes()), stderr, redact, startedAt })
  }
  const failure = {
    exitCode: exit.right,
    stderr: printable(textOf(reading.stderr)),
    stdout: textOf(reading.stdout),
    onTerminal
  }
  const { detail = "", reason, remedy } = HelperCatalog.classify(entry, failure, request.explain)
  const shown = stderr()
  return Either.left(
    new NonZeroExit({
      command: name,
      exitCode: exit.right,
      stderr: shown === "" ? redact(detail) : shown,
      reason,
      ...(remedy === undefined ? {} : { remedy })
    })
  )
}

/** Not on the terminal: there the user sees the prompt, and a log line would disturb it. */
const warnSlow = ({ name, onTerminal, progress }: Attempt): Effect.Effect<void> =>
  onTerminal
    ? Effect.void
    : Effect.suspend(() => {
        if (progress.warnedSlow) return Effect.void
        progress.warnedSlow = true
        return Effect.logInfo(`${name} has been running for ${Duration.format(slowAfter)} and is still running`)
      }).pipe(Effect.delay(slowAfter))

/** Whether the helper gets the terminal. A background refresh never does: it must not prompt. */
export const takesTerminal = (
  name: string,
  { interactive = "never" }: Options,
  { background }: Request
): Effect.Effect<boolean, NoTerminal, HelperExecutor.HelperExecutor> =>
  interactive === "never"
    ? Effect.succeed(false)
    : Effect.flatMap(HelperExecutor.HelperExecutor, (executor) =>
        background ? Effect.succeed(false) : executor.hasTerminal
      ).pipe(
        Effect.filterOrFail(
          (available) => available || interactive === "if-available",
          () => new NoTerminal({ command: name })
        )
      )
