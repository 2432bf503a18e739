/** The output of a helper: reads its pipes up to their limits, and redacts stderr for messages. */

import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { OutputTooLarge } from "../../ApiKeyError.js"
import type { Entry } from "../catalog/entry.js"
import { toRemedy } from "../model/remedy.js"
import { RedactedText, redact, type Sources } from "../redact/redact.js"
import { sourcesOf } from "../redact/sources.js"
import { printable, tail } from "../redact/terminal.js"
import { wordsOf } from "../redact/words.js"
import { type Collector, collector } from "../util/bytes.js"
import type { Attempt } from "./request.js"

const drainWindow = Duration.millis(200)
const maxStdoutBytes = 64 * 1024
const maxStderrBytes = 4 * 1024
/** Larger than what is shown: the catalog looks for its messages in all of it. */
const keptStderrBytes = 16 * maxStderrBytes

/** The output of a process while it is being read. */
export interface Reading {
  readonly stdout: Collector
  readonly stderr: Collector
  /** Fails as soon as stdout exceeds its limit. */
  readonly tooLarge: Effect.Effect<never, OutputTooLarge>
  /** Waits for the end of both pipes, with a timeout. */
  readonly drain: Effect.Effect<void, OutputTooLarge>
}

/** Reads until the scope of the pipes closes. If the helper has the terminal, stderr goes to it and is not read. */
export const readOutput = (
  { name, onTerminal }: Attempt,
  process_: CommandExecutor.Process,
  pipes: Scope.Scope
): Effect.Effect<Reading> =>
  Effect.gen(function* () {
    const exceeded = yield* Deferred.make<never, OutputTooLarge>()
    const stdout = collector()
    const stderr = collector()
    const readStdout = Stream.runForEach(process_.stdout, (bytes) => {
      if (stdout.size() <= maxStdoutBytes) stdout.add(bytes)
      return stdout.size() > maxStdoutBytes
        ? Deferred.fail(exceeded, new OutputTooLarge({ command: name, limit: maxStdoutBytes }))
        : Effect.void
    })
    const readStderr = Stream.runForEach(process_.stderr, (bytes) =>
      Effect.sync(() => {
        stderr.add(bytes)
        stderr.keepLast(keptStderrBytes)
      })
    )
    const reading = yield* Effect.all(
      [Effect.ignore(readStdout), onTerminal ? Effect.void : Effect.ignore(readStderr)],
      { concurrency: "unbounded", discard: true }
    ).pipe(Effect.interruptible, Effect.forkIn(pipes))
    const tooLarge = Deferred.await(exceeded)
    // A background process of the helper may hold the pipe open. The output read by then is used.
    const drain = Effect.raceFirst(
      Effect.timeoutOption(Effect.interruptible(Fiber.await(reading)), drainWindow),
      tooLarge
    )
    return { stdout, stderr, tooLarge, drain: Effect.asVoid(drain) }
  })

const lenient = new TextDecoder("utf-8")

export const textOf = (collected: Collector): string => lenient.decode(collected.bytes())

/** Of stderr only the end is shown. Of a secret that this cuts off, the rest is found. */
const redactedLength = 4 * maxStderrBytes

/** The redacted end of stderr. Computed on demand, because a successful run does not need it. */
export const redactedStderr =
  (attempt: Attempt, { stdout, stderr }: Reading) =>
  (): RedactedText => {
    const text = printable(textOf(stderr))
    const isCut = stderr.isCut() || text.length > redactedLength
    return redactedTail(redact(text.slice(-redactedLength), sourcesOfAttempt(attempt, textOf(stdout)), isCut))
  }

/** Redacts a text that the helper wrote to stdout to explain a failure. Its format has removed what else stdout holds. */
export const redactedDetail =
  (attempt: Attempt) =>
  (text: string): RedactedText =>
    redactedTail(redact(printable(text).slice(0, maxStderrBytes), sourcesOfAttempt(attempt, "")))

const redactedTail = (text: RedactedText): RedactedText => RedactedText(tail(text, maxStderrBytes))

const sourcesOfAttempt = ({ entry, options, request }: Attempt, stdout: string): Sources =>
  sourcesOf({
    args: options.argv.slice(1),
    env: options.env ?? {},
    inherited: process.env,
    input: request.input ?? "",
    stdout,
    words: new Set(Option.match(entry, { onNone: () => [], onSome: wordsOfEntry }))
  })

/** What the catalog knows of a program's messages, commands and options, as words. */
export const wordsOfEntry = ({ failures, install, subcommandFormats = {} }: Entry): ReadonlyArray<string> =>
  wordsOf(
    [
      install,
      ...Object.keys(subcommandFormats),
      ...failures.flatMap(({ remedy = "", stderr, stdout }) => [
        stderr?.source ?? "",
        stdout?.source ?? "",
        toRemedy(remedy).text
      ])
    ].join(" ")
  )
