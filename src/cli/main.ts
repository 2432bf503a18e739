/** Runs the command line: parses the argv, runs the sub-command, prints failures, and chooses the exit status. */

import { isQuitException } from "@effect/platform/Terminal"
import * as NodeTerminal from "@effect/platform-node-shared/NodeTerminal"
import * as Cause from "effect/Cause"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Exit from "effect/Exit"
import * as HashMap from "effect/HashMap"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import { fromCause } from "../ApiKeyError.js"
import * as HelperExecutor from "../HelperExecutor.js"
import * as HelperPolicy from "../HelperPolicy.js"
import { inJsonWords, type Remedy } from "../internal/model/remedy.js"
import { escaped } from "../internal/redact/terminal.js"
import { exitStatusOf, interrupted, Reported, UsageError, unexpected, usage } from "./exit.js"
import { splitPassthrough } from "./passthrough.js"
import { parse } from "./program.js"
import { inFlagWords, stderrLine } from "./report.js"

/**
 * Logs to stderr, because stdout carries only the key. A warning that repeats a run's failure is dropped: the failure itself is
 * reported.
 */
const stderrLogger = Logger.make<unknown, void>(({ annotations, message }) => {
  if (HashMap.has(annotations, "error")) return
  process.stderr.write(`effect-apikey: ${escaped(Array.isArray(message) ? message.join(" ") : String(message))}\n`)
})

const layer = Layer.mergeAll(
  Layer.provideMerge(HelperPolicy.layer, HelperExecutor.layer),
  NodeTerminal.layer,
  Logger.replace(Logger.defaultLogger, stderrLogger)
)

/** Runs the command line. `argv` is `process.argv`. Always succeeds, with the exit status. */
export const run = (argv: ReadonlyArray<string>, version: string): Effect.Effect<number> => {
  const { command, own } = splitPassthrough(argv.slice(2))
  return Either.getOrElse(parse(own, command, version), (error) => error).pipe(
    Effect.provide(layer),
    Effect.exit,
    Effect.flatMap(
      Exit.match({
        onSuccess: () => Effect.succeed(0),
        onFailure: report(command.length > 0 ? inFlagWords : inJsonWords)
      })
    )
  )
}

/** Prints a failure. The remedy names flags for a command after `--`, and configuration options for a provider. */
const report =
  (render: (remedy: Remedy) => string) =>
  (cause: Cause.Cause<unknown>): Effect.Effect<number> => {
    if (Cause.isInterruptedOnly(cause)) return Effect.succeed(interrupted)
    const error = Cause.squash(cause)
    // The user pressed Ctrl-C at a question.
    if (isQuitException(error)) return Effect.succeed(interrupted)
    if (error instanceof Reported) return Effect.succeed(error.status)
    if (error instanceof UsageError) return Effect.as(say(error.problem, error.hint), usage)
    return Option.match(fromCause(error), {
      onNone: () => Effect.as(say("an unexpected failure", "Please report it, with the command's name."), unexpected),
      onSome: (known) => Effect.as(say(known.message, render(known.remedy), stderrLine(known)), exitStatusOf(known))
    })
  }

const say = (what: string, hint: string, helper?: string): Effect.Effect<void> =>
  Console.error(
    [`effect-apikey: ${what}`, ...(helper === undefined ? [] : [`  it said: ${helper}`]), `  ${hint}`]
      .map(escaped)
      .join("\n")
  )
