/**
 * Every way in which getting a key can fail, as tagged errors.
 *
 * `message` says what happened and `hint` what to do, each in one line. `command` is the program's name only: arguments and
 * output can hold secrets, so no error contains them. `isTransient` says whether a retry may help. `retryAt` is set while a
 * provider serves the error from its back-off.
 *
 * @since 0.1.0
 */

import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { inCodeWords, Remedy, type RemedyInput, toRemedy } from "./internal/model/remedy.js"
import { escaped } from "./internal/redact/terminal.js"
import { shellWord } from "./internal/util/shell.js"

/**
 * @since 0.1.0
 * @category type ids
 */
export const TypeId: unique symbol = Symbol.for("effect-apikey/ApiKeyError")

/**
 * @since 0.1.0
 * @category type ids
 */
export type TypeId = typeof TypeId

export { Remedy } from "./internal/model/remedy.js"

/**
 * A text of a helper from which secrets were removed: the `stderr` of an error. Only redaction makes one, so that no other text
 * of a helper can stand in an error. The empty text is one too.
 *
 * @since 0.1.0
 * @category models
 */
export const RedactedText = Schema.Union(
  Schema.Literal(""),
  Schema.String.pipe(Schema.brand("effect-apikey/RedactedText"))
)

/**
 * @since 0.1.0
 * @category models
 */
export type RedactedText = typeof RedactedText.Type

const common = {
  /** What to do, as data. `hint` renders it. */
  remedy: Remedy,
  /** Set during a back-off: no run starts before this instant. */
  retryAt: Schema.optional(Schema.DateTimeUtc)
}

/** What every error has in addition to its own fields. */
interface Described {
  readonly [TypeId]: TypeId
  /** What happened, in one line. */
  readonly message: string
  /** What to do, in one line, with options spelled as in code. */
  readonly hint: string
  /** Whether a retry may help. */
  readonly isTransient: boolean
}

type WithTag<Tag extends string, Fields extends Schema.Struct.Fields> = {
  readonly _tag: Schema.tag<Tag>
} & typeof common &
  Fields

/** Replaces `Schema.TaggedErrorClass`, which cannot type the members that all our errors have in common. */
interface ErrorClass<Self, Tag extends string, Fields extends Schema.Struct.Fields>
  extends Schema.Class<
    Self,
    WithTag<Tag, Fields>,
    Schema.Struct.Encoded<WithTag<Tag, Fields>>,
    Schema.Struct.Context<WithTag<Tag, Fields>>,
    Omit<Schema.Struct.Constructor<typeof common & Fields>, "remedy"> & {
      /** Default: the remedy of the error class. */
      readonly remedy?: RemedyInput | undefined
    },
    Described,
    Cause.YieldableError
  > {
  readonly _tag: Tag
}

interface Words<Fields extends Schema.Struct.Fields> {
  readonly message: (error: Schema.Struct.Type<Fields>) => string
  /** The remedy if none is given. */
  readonly remedy: (error: Schema.Struct.Type<Fields>) => RemedyInput
  /** Default: false. */
  readonly isTransient?: (error: Schema.Struct.Type<Fields>) => boolean
}

// --- boundary: TypeScript does not follow a class whose fields are a type parameter

/** Makes an error class: tag, message, remedy and hint are derived from its fields. */
const defineError =
  <Self>() =>
  <const Tag extends string, Fields extends Schema.Struct.Fields>(
    tag: Tag,
    fields: Fields,
    { message, remedy, isTransient = () => false }: Words<Fields>
  ): ErrorClass<Self, Tag, Fields> => {
    const Base = Schema.TaggedError<Self>(`effect-apikey/${tag}`)(tag, { ...common, ...fields }) as never as new (
      ...args: ReadonlyArray<unknown>
    ) => Cause.YieldableError & Schema.Struct.Type<typeof common>
    return class extends Base {
      readonly [TypeId]: TypeId = TypeId
      constructor(
        fields: Schema.Struct.Type<Fields> & { readonly remedy?: RemedyInput | undefined },
        ...rest: ReadonlyArray<unknown>
      ) {
        super({ ...fields, remedy: toRemedy(fields.remedy ?? remedy(fields)) }, ...rest)
      }
      override get message(): string {
        return escaped(message(this as never))
      }
      get hint(): string {
        return escaped(inCodeWords(this.remedy))
      }
      get isTransient(): boolean {
        return isTransient(this as never)
      }
    } as never
  }

// --- end of the boundary

const directories = (count: number): string => `${count} ${count === 1 ? "directory" : "directories"}`

const seconds = (duration: Duration.Duration): string => `${Duration.toMillis(duration) / 1000} s`

const named = (command: string): string => (command === "" ? "the command" : command)

/**
 * The program is not on PATH, or the given path does not exist. `searched` lists the directories that were searched. `failedShell`
 * is the login shell, if it was asked for its PATH and gave none.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotFound extends defineError<CommandNotFound>()(
  "CommandNotFound",
  { command: Schema.String, searched: Schema.Array(Schema.String), failedShell: Schema.optional(Schema.String) },
  {
    message: ({ searched, command, failedShell }) => {
      const shell = failedShell === undefined ? "" : `; the login shell ${failedShell} gave no PATH`
      if (searched.length === 0) return `${named(command)} was not found${shell}`
      return searched.length === 1
        ? `${named(command)} was not found at ${searched[0]}${shell}`
        : `${named(command)} was not found on PATH (searched ${directories(searched.length)}${shell})`
    },
    remedy: () => "Install it, add its directory to PATH, or give the full path of the program."
  }
) {}

/**
 * The program was found but cannot be executed: no permission, a directory, or a missing interpreter.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotExecutable extends defineError<CommandNotExecutable>()(
  "CommandNotExecutable",
  { command: Schema.String, path: Schema.String },
  {
    message: ({ command, path }) => `${named(command)} cannot be executed: ${path}`,
    remedy: () =>
      "Make it executable (chmod +x). If it is a script, check that its first line names an interpreter that exists."
  }
) {}

/**
 * The policy denied running the command, or sending a key to a project's destination. `file` declares the command or destination.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotTrusted extends defineError<CommandNotTrusted>()(
  "CommandNotTrusted",
  { command: Schema.String, file: Schema.String },
  {
    message: ({ command, file }) => `${named(command)} was denied: ${file} is not trusted`,
    remedy: ({ file }) => `Review the file, then run: effect-apikey trust ${shellWord(file)}`
  }
) {}

const transientSpawnCodes: ReadonlyArray<string> = ["EAGAIN", "EMFILE"]

const spawnRemedies: Readonly<Record<string, RemedyInput>> = {
  E2BIG: "The arguments or the environment are too long. Pass large values in a file.",
  EMFILE: "Too many files are open in this process. Raise its limit (ulimit -n) or fetch fewer keys at once.",
  ENFILE: "Too many files are open on this machine. Close some programs.",
  EAGAIN: "The system cannot start more processes. Raise the limit (ulimit -u) or retry.",
  ENOMEM: "The system has no memory left. Close some programs.",
  ENOTDIR: { text: "The working directory is not a directory. Correct it", option: "cwd" },
  ENOENT: { text: "The working directory does not exist. Correct it", option: "cwd" },
  EACCES: { text: "The working directory cannot be entered. Correct it or its permissions", option: "cwd" },
  ERR_INVALID_ARG_VALUE: "An argument or environment variable contains a NUL character. Remove it."
}

/**
 * The system could not start the program. `code` is the system's error code (`E2BIG`, `EMFILE`, `EAGAIN`, …). A bad working
 * directory is also reported here.
 *
 * @since 0.1.0
 * @category errors
 */
export class SpawnFailed extends defineError<SpawnFailed>()(
  "SpawnFailed",
  { command: Schema.String, code: Schema.String },
  {
    message: ({ command, code }) => `${named(command)} could not be started: ${code}`,
    remedy: ({ code }) =>
      spawnRemedies[code] ?? "Run the command in a shell, in the same directory, to see the reason.",
    isTransient: ({ code }) => transientSpawnCodes.includes(code)
  }
) {}

/**
 * The command must prompt the user, and there is no terminal.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoTerminal extends defineError<NoTerminal>()(
  "NoTerminal",
  { command: Schema.String },
  {
    message: ({ command }) => `${named(command)} needs a terminal, and there is none`,
    remedy: () => "Run it once in a terminal, or use a login that needs no user."
  }
) {}

/**
 * The phase of a run when it timed out: queued or waiting for a retry, running, or draining its pipes after the exit.
 *
 * @since 0.1.0
 * @category models
 */
export const TimeoutPhase = Schema.Literal("queued", "running", "draining")

/**
 * @since 0.1.0
 * @category models
 */
export type TimeoutPhase = typeof TimeoutPhase.Type

/**
 * The command timed out. It was stopped together with the processes that it started.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandTimeout extends defineError<CommandTimeout>()(
  "CommandTimeout",
  { command: Schema.String, timeout: Schema.DurationFromMillis, phase: TimeoutPhase },
  {
    message: ({ phase, command, timeout }) =>
      phase === "queued"
        ? `${named(command)} timed out after ${seconds(timeout)} while queued or between retries`
        : `${named(command)} timed out after ${seconds(timeout)}`,
    remedy: () => ({
      text: "Run it in a shell to see what it waits for. If it needs more time, raise the timeout",
      option: "timeout"
    })
  }
) {}

/**
 * The meaning of a non-zero exit status, if known.
 *
 * @since 0.1.0
 * @category models
 */
export const Reason = Schema.Literal("LoginRequired", "NotFound", "Denied", "Unavailable", "Unknown")

/**
 * @since 0.1.0
 * @category models
 */
export type Reason = typeof Reason.Type

const reasonTexts: Readonly<Record<Reason, string>> = {
  LoginRequired: "login required",
  NotFound: "credential not found",
  Denied: "access denied",
  Unavailable: "service unavailable",
  Unknown: ""
}

const reasonRemedies: Readonly<Record<Reason, string>> = {
  LoginRequired: "Log in with that tool, then retry.",
  NotFound: "Check the name of the credential in the command's arguments.",
  Denied: "Ask for access to that credential, or use another account.",
  Unavailable: "Try again later.",
  Unknown: "Run the command in a shell to see its messages."
}

/**
 * The command exited with a non-zero status, or with status 0 and an output that reports a failure. `stderr` is the end of
 * its stderr, without secrets and control characters.
 *
 * @since 0.1.0
 * @category errors
 */
export class NonZeroExit extends defineError<NonZeroExit>()(
  "NonZeroExit",
  { command: Schema.String, exitCode: Schema.Number, stderr: RedactedText, reason: Reason },
  {
    message: ({ reason, exitCode, command }) => {
      const text = reasonTexts[reason]
      const what = exitCode === 0 ? "reported a failure" : `exited with status ${exitCode}`
      return `${named(command)} ${what}${text === "" ? "" : `: ${text}`}`
    },
    remedy: ({ reason }) => reasonRemedies[reason],
    isTransient: ({ reason }) => reason === "Unavailable"
  }
) {}

/**
 * The command was killed by a signal that we did not send.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandKilled extends defineError<CommandKilled>()(
  "CommandKilled",
  { command: Schema.String, signal: Schema.String, stderr: RedactedText },
  {
    message: ({ command, signal }) => `${named(command)} was killed by ${signal}`,
    remedy: () =>
      "It crashed, or something else killed it (such as a memory limit). Run it in a shell to see the reason."
  }
) {}

/**
 * The command exited with status 0 but wrote nothing to stdout.
 *
 * @since 0.1.0
 * @category errors
 */
export class EmptyOutput extends defineError<EmptyOutput>()(
  "EmptyOutput",
  { command: Schema.String, stderr: RedactedText },
  {
    message: ({ command }) => `${named(command)} exited with status 0 but wrote nothing to stdout`,
    remedy: () => "Check that the credential exists and that the command writes it to stdout."
  }
) {}

/**
 * The command wrote more bytes to stdout than `limit` and was stopped.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputTooLarge extends defineError<OutputTooLarge>()(
  "OutputTooLarge",
  { command: Schema.String, limit: Schema.Number },
  {
    message: ({ command, limit }) => `${named(command)} wrote more than ${limit} bytes to stdout`,
    remedy: () => "Make the command print the key and nothing else."
  }
) {}

/**
 * The output does not match its format. `path` is the field (empty: the whole output) and `expected` what it should be. The
 * actual value is never included. The format `"header"` means that the request cannot carry the key.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOutput extends defineError<InvalidOutput>()(
  "InvalidOutput",
  { command: Schema.String, format: Schema.String, path: Schema.String, expected: Schema.String },
  {
    message: ({ path, format, command, expected }) => {
      const where = path === "" ? "" : ` at ${path}`
      const what = format === "auto" ? "output of no known format" : `output that is not "${format}"`
      const problem = format === "header" ? "the key cannot be sent" : `${named(command)} printed ${what}`
      return `${problem}: expected ${expected}${where}`
    },
    remedy: () => ({ text: "Change the command's arguments, or set the format that it prints", option: "format" })
  }
) {}

/**
 * The key had already expired when the command printed it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpiredOnArrival extends defineError<ExpiredOnArrival>()(
  "ExpiredOnArrival",
  { command: Schema.String, expiredAt: Schema.DateTimeUtc },
  {
    message: ({ command, expiredAt }) => `${named(command)} printed a key that expired at ${isoOf(expiredAt)}`,
    remedy: () => "Log in with that tool again or clear its cache, and check the clock of this machine."
  }
) {}

/**
 * The command printed again the key that the server rejected. Only with `onRepeatedKey: "fail"`.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyRejected extends defineError<KeyRejected>()(
  "KeyRejected",
  { command: Schema.String, rejectedAt: Schema.DateTimeUtc },
  {
    message: ({ command, rejectedAt }) =>
      `${named(command)} printed the key again that the server rejected at ${isoOf(rejectedAt)}`,
    remedy: () => "Replace the key in its store, and check that it is the key for this server."
  }
) {}

/**
 * An existing file or variable cannot be read. `source` names what needed it.
 *
 * @since 0.1.0
 * @category errors
 */
export class SourceUnreadable extends defineError<SourceUnreadable>()(
  "SourceUnreadable",
  { source: Schema.String, path: Schema.String, code: Schema.String },
  {
    message: ({ source, path, code }) => `${source}: ${path} cannot be read (${code})`,
    remedy: () => "Correct its permissions or content. If you remove it, the next source is read."
  }
) {}

/**
 * Others can read a secret file, and `strict` is set. `mode` is octal.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsecurePermissions extends defineError<InsecurePermissions>()(
  "InsecurePermissions",
  { path: Schema.String, mode: Schema.String },
  {
    message: ({ path, mode }) => `${path} can be read by others (mode ${mode})`,
    remedy: ({ path }) => `Restrict its permissions: chmod 600 ${shellWord(path)}`
  }
) {}

/**
 * The configuration is invalid. `file` is its file (`code` for options given in code). `line` and `column` count from 1 and
 * are 0 if unknown.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigInvalid extends defineError<ConfigInvalid>()(
  "ConfigInvalid",
  { file: Schema.String, line: Schema.Number, column: Schema.Number, problem: Schema.String },
  {
    message: ({ file, line, column, problem }) => `${file}${line > 0 ? `:${line}:${column}` : ""}: ${problem}`,
    remedy: () => "Correct the configuration; effect-apikey schema prints its schema."
  }
) {}

/**
 * No source has a key for the provider. `tried` lists all sources in order.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyNotConfigured extends defineError<KeyNotConfigured>()(
  "KeyNotConfigured",
  { provider: Schema.String, tried: Schema.Array(Schema.String) },
  {
    message: ({ provider, tried }) => {
      const asked = tried.length === 0 ? "" : ` (tried ${tried.join(", ")})`
      return `${provider}: no key is configured${asked}`
    },
    remedy: () => "Set one of these, or configure a command that prints the key."
  }
) {}

/**
 * The provider was used after its scope was closed.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProviderClosed extends defineError<ProviderClosed>()(
  "ProviderClosed",
  { provider: Schema.String },
  {
    message: ({ provider }) => `${provider}: used after its scope was closed`,
    remedy: () => "Use the provider inside the scope of its layer."
  }
) {}

const isoOf = (at: DateTime.Utc): string => new Date(at.epochMillis).toISOString()

/**
 * The schema of all errors, for sending them to another process.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApiKeyError = Schema.Union(
  CommandNotFound,
  CommandNotExecutable,
  CommandNotTrusted,
  SpawnFailed,
  NoTerminal,
  CommandTimeout,
  NonZeroExit,
  CommandKilled,
  EmptyOutput,
  OutputTooLarge,
  InvalidOutput,
  ExpiredOnArrival,
  KeyRejected,
  SourceUnreadable,
  InsecurePermissions,
  ConfigInvalid,
  KeyNotConfigured,
  ProviderClosed
)

/**
 * @since 0.1.0
 * @category errors
 */
export type ApiKeyError = typeof ApiKeyError.Type

/**
 * @since 0.1.0
 * @category guards
 */
export const isApiKeyError = (u: unknown): u is ApiKeyError => hasProperty(u, TypeId)

const maxVisited = 256

/**
 * Finds an `ApiKeyError` that an SDK, an HTTP client or a runtime wrapped. Follows `cause`, `error`, `reason`, `errors` and
 * Effect's `Cause`, nearest first.
 *
 * @example
 * ```ts
 * import * as ApiKeyError from "effect-apikey/ApiKeyError"
 * import * as Option from "effect/Option"
 *
 * const inner = new ApiKeyError.EmptyOutput({ command: "op", stderr: "" })
 * const outer = new Error("Connection error.", { cause: inner })
 *
 * console.log(Option.map(ApiKeyError.fromCause(outer), (error) => error._tag)) // Some("EmptyOutput")
 * ```
 *
 * @since 0.1.0
 * @category combinators
 */
export const fromCause = (u: unknown): Option.Option<ApiKeyError> => {
  const seen = new Set<unknown>([u])
  for (const next of seen) {
    if (isApiKeyError(next)) return Option.some(next)
    if (seen.size > maxVisited) return Option.none()
    for (const inner of inside(next)) seen.add(inner)
  }
  return Option.none()
}

const inside = (u: unknown): ReadonlyArray<unknown> => {
  if (!isObject(u)) return []
  if (Cause.isCause(u)) return [...Cause.failures(u), ...Cause.defects(u)]
  const named = ["cause", "error", "reason", "errors"].flatMap((name) => (hasProperty(u, name) ? [u[name]] : []))
  const symbols = Object.getOwnPropertySymbols(u).map((symbol) => (hasProperty(u, symbol) ? u[symbol] : undefined))
  return [...named.flat(), ...symbols.filter(Cause.isCause)]
}
