/** The output of a helper: reads its pipes up to their limits, and redacts stderr for messages. */

import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { OutputTooLarge } from "../../ApiKeyError.js"
import { secretsByName, secretsIn, secretsInArguments } from "../redact/candidates.js"
import { minSecretLength } from "../redact/encodings.js"
import { withoutSecrets } from "../redact/redact.js"
import { printable, tail } from "../redact/terminal.js"
import { type Collector, collector } from "../util/bytes.js"
import type { Attempt } from "./request.js"

const drainWindow = Duration.millis(200)
const maxStdoutBytes = 64 * 1024
const maxStderrBytes = 4 * 1024
/** Larger than what is shown, so that truncation before redaction never cuts through a secret. */
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

/** The redacted end of stderr. Computed on demand, because a successful run does not need it. */
export const redactedStderr =
  (attempt: Attempt, { stdout, stderr }: Reading) =>
  (): string => {
    const secrets = [...secretsIn(textOf(stdout)), ...knownSecrets(attempt)]
    return tail(withoutSecrets(printable(textOf(stderr)), secrets, stderr.isCut()), maxStderrBytes)
  }

/** Inputs of the helper that may be secret: arguments, variables, attributes on stdin. */
export const knownSecrets = ({ options, request }: Attempt): ReadonlyArray<string> => [
  ...secretsInArguments(options.argv.slice(1)),
  ...Object.values(options.env ?? {}).filter((value) => value !== undefined),
  // The caller set these on purpose, so even a short value is redacted.
  ...secretsByName(process.env, Array.isArray(options.inheritEnv) ? minSecretLength : undefined),
  ...secretsByName(attributesOf(request.input), minSecretLength)
]

/** `name=value` lines, which some formats write to stdin. */
const attributesOf = (input = ""): Record<string, string> =>
  Object.fromEntries(
    input.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    })
  )
