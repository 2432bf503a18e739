/**
 * Every way that getting a key can fail, as tagged errors.
 *
 * `message` says in one line what happened, `hint` in one line what to do. `command` is the program's name only: arguments
 * and output can hold secrets, so they stand in no error. `isTransient` says whether another try may help, and `retryAt`
 * is set while a provider serves the error from its back-off.
 *
 * @since 0.1.0
 */

import * as Cause from "effect/Cause"
import type * as DateTime from "effect/DateTime"
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import { hasProperty, isObject } from "effect/Predicate"
import * as Schema from "effect/Schema"
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

const common = {
  /** A better hint than the general one, from what is known of the program. */
  remedy: Schema.optional(Schema.String),
  /** Set while a back-off runs: nothing is tried before this instant. */
  retryAt: Schema.optional(Schema.DateTimeUtc)
}

const plural = (count: number, noun: string): string => `${count} ${noun}${count === 1 ? "" : "s"}`

const seconds = (duration: Duration.Duration): string => `${Duration.toMillis(duration) / 1000} s`

const named = (command: string): string => (command === "" ? "the command" : command)

/**
 * The program is not on PATH, or the path given does not exist. `searched` names the folders looked in.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotFound extends Schema.TaggedError<CommandNotFound>("effect-apikey/CommandNotFound")(
  "CommandNotFound",
  { ...common, command: Schema.String, searched: Schema.Array(Schema.String) }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const where = this.searched.length === 1 ? `at ${this.searched[0]}` : `in ${plural(this.searched.length, "folder")}`
    return `${named(this.command)}: command not found${this.searched.length === 0 ? "" : ` (looked ${where})`}`
  }
  get hint(): string {
    return this.remedy ?? "Install it, add its folder to PATH, or give the program's full path."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The program was found, but it may not be executed: no permission, a folder, or a missing interpreter.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotExecutable extends Schema.TaggedError<CommandNotExecutable>(
  "effect-apikey/CommandNotExecutable"
)("CommandNotExecutable", { ...common, command: Schema.String, path: Schema.String }) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: ${this.path} cannot be executed`
  }
  get hint(): string {
    return (
      this.remedy ?? "Make it executable (chmod +x), and check that its first line names an interpreter that exists."
    )
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * A policy refuses to run the command, or to let a key go where a project points it. `file` is where that stands.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandNotTrusted extends Schema.TaggedError<CommandNotTrusted>("effect-apikey/CommandNotTrusted")(
  "CommandNotTrusted",
  { ...common, command: Schema.String, file: Schema.String }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: refused, because ${this.file} is not trusted`
  }
  get hint(): string {
    return (
      this.remedy ?? `Read what it says there; if you want that, trust it: effect-apikey trust ${shellWord(this.file)}`
    )
  }
  get isTransient(): boolean {
    return false
  }
}

const transientSpawnCodes: ReadonlyArray<string> = ["EAGAIN", "EMFILE"]

const spawnHints: Readonly<Record<string, string>> = {
  E2BIG: "The arguments or the environment are too long for the system; hand large values over in a file.",
  EMFILE: "Too many files are open in this process; raise its limit (ulimit -n) or ask for fewer keys at once.",
  ENFILE: "Too many files are open on this machine.",
  EAGAIN: "The system cannot start more processes now; raise the limit (ulimit -u) or try again.",
  ENOMEM: "The system has no memory left to start a process.",
  ENOTDIR: "The working directory is not a folder; correct `cwd`.",
  ENOENT: "The working directory does not exist; correct `cwd`.",
  EACCES: "The working directory may not be entered; correct `cwd` or its permissions.",
  ERR_INVALID_ARG_VALUE: "An argument or environment variable holds a NUL character; remove it."
}

/**
 * The system would not start the program: `code` is the system's (`E2BIG`, `EMFILE`, `EAGAIN`, …), a bad working
 * directory among them.
 *
 * @since 0.1.0
 * @category errors
 */
export class SpawnFailed extends Schema.TaggedError<SpawnFailed>("effect-apikey/SpawnFailed")("SpawnFailed", {
  ...common,
  command: Schema.String,
  code: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: could not be started (${this.code})`
  }
  get hint(): string {
    return (
      this.remedy ?? spawnHints[this.code] ?? "Run the command by hand in the same folder to see what the system says."
    )
  }
  get isTransient(): boolean {
    return transientSpawnCodes.includes(this.code)
  }
}

/**
 * The command needs a person, and there is no terminal to ask on.
 *
 * @since 0.1.0
 * @category errors
 */
export class NoTerminal extends Schema.TaggedError<NoTerminal>("effect-apikey/NoTerminal")("NoTerminal", {
  ...common,
  command: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: needs a terminal to ask on, and there is none`
  }
  get hint(): string {
    return this.remedy ?? "Run it once at a terminal, or use a log-in that needs no person."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * Where a run stood when its time was over: waiting for a place or for another try, running, or draining its pipes after
 * the exit.
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
 * The command did not finish within its time limit and was stopped, with all that it had started.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandTimeout extends Schema.TaggedError<CommandTimeout>("effect-apikey/CommandTimeout")(
  "CommandTimeout",
  { ...common, command: Schema.String, timeout: Schema.DurationFromMillis, phase: TimeoutPhase }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return this.phase === "queued"
      ? `${named(this.command)}: not run within ${seconds(this.timeout)}: it waited for a place, or for another try`
      : `${named(this.command)}: not finished within ${seconds(this.timeout)}, stopped`
  }
  get hint(): string {
    return this.remedy ?? "Run it by hand to see what it waits for; if it only needs longer, raise `timeout`."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * What a status other than 0 means, as far as it is known.
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
  LoginRequired: "a log-in is needed",
  NotFound: "the credential was not found",
  Denied: "access was denied",
  Unavailable: "its service is not available now",
  Unknown: ""
}

const reasonHints: Readonly<Record<Reason, string>> = {
  LoginRequired: "Log in with that tool, then try again.",
  NotFound: "Check the name of the credential in the command's arguments.",
  Denied: "Ask for access to that credential, or use another account.",
  Unavailable: "Try again later.",
  Unknown: "Run the command by hand to see what it says."
}

/**
 * The command ended with a status other than 0, or with 0 and an answer whose format says that it failed. `stderr` is the end of what it wrote there, with secrets and control
 * characters removed.
 *
 * @since 0.1.0
 * @category errors
 */
export class NonZeroExit extends Schema.TaggedError<NonZeroExit>("effect-apikey/NonZeroExit")("NonZeroExit", {
  ...common,
  command: Schema.String,
  exitCode: Schema.Number,
  stderr: Schema.String,
  reason: Reason
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const text = reasonTexts[this.reason]
    const what = this.exitCode === 0 ? "answered with a failure" : `ended with status ${this.exitCode}`
    return `${named(this.command)}: ${what}${text === "" ? "" : `, ${text}`}`
  }
  get hint(): string {
    return this.remedy ?? reasonHints[this.reason]
  }
  get isTransient(): boolean {
    return this.reason === "Unavailable"
  }
}

/**
 * The command was ended by a signal that we did not send.
 *
 * @since 0.1.0
 * @category errors
 */
export class CommandKilled extends Schema.TaggedError<CommandKilled>("effect-apikey/CommandKilled")("CommandKilled", {
  ...common,
  command: Schema.String,
  signal: Schema.String,
  stderr: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: ended by ${this.signal}`
  }
  get hint(): string {
    return (
      this.remedy ??
      "Something ended it from outside (a crash, the system's memory limit, a person); run it by hand to see."
    )
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * Status 0, and nothing on stdout.
 *
 * @since 0.1.0
 * @category errors
 */
export class EmptyOutput extends Schema.TaggedError<EmptyOutput>("effect-apikey/EmptyOutput")("EmptyOutput", {
  ...common,
  command: Schema.String,
  stderr: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: ended well but printed no key`
  }
  get hint(): string {
    return this.remedy ?? "Check that the credential exists and that the command prints it on standard output."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * More on stdout than the limit, in bytes. The command was stopped.
 *
 * @since 0.1.0
 * @category errors
 */
export class OutputTooLarge extends Schema.TaggedError<OutputTooLarge>("effect-apikey/OutputTooLarge")(
  "OutputTooLarge",
  { ...common, command: Schema.String, limit: Schema.Number }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: printed more than ${this.limit} bytes, stopped`
  }
  get hint(): string {
    return this.remedy ?? "The command must print the key and nothing else."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The output is not what its format says. `path` is the field (empty: the whole output), `expected` what should have
 * stood there; never what stood there. The format `"header"` stands for a key that the request it is for cannot carry.
 *
 * @since 0.1.0
 * @category errors
 */
export class InvalidOutput extends Schema.TaggedError<InvalidOutput>("effect-apikey/InvalidOutput")("InvalidOutput", {
  ...common,
  command: Schema.String,
  format: Schema.String,
  path: Schema.String,
  expected: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const where = this.path === "" ? "" : ` at ${this.path}`
    const what = this.format === "auto" ? "of no known format" : `not "${this.format}"`
    const problem =
      this.format === "header" ? "the key cannot be sent" : `${named(this.command)}: its output is ${what}`
    return `${problem}; expected${where} ${this.expected}`
  }
  get hint(): string {
    return this.remedy ?? "Choose the `format` that the command speaks, or change the command's arguments."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The key had already expired when the command printed it.
 *
 * @since 0.1.0
 * @category errors
 */
export class ExpiredOnArrival extends Schema.TaggedError<ExpiredOnArrival>("effect-apikey/ExpiredOnArrival")(
  "ExpiredOnArrival",
  { ...common, command: Schema.String, expiredAt: Schema.DateTimeUtc }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: the key it printed had expired at ${isoOf(this.expiredAt)}`
  }
  get hint(): string {
    return (
      this.remedy ??
      "The command keeps an old key: renew its log-in or clear its cache, and check this machine's clock."
    )
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The command repeats a key that the server refused. Only with `onRepeat: "fail"`.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyRejected extends Schema.TaggedError<KeyRejected>("effect-apikey/KeyRejected")("KeyRejected", {
  ...common,
  command: Schema.String,
  rejectedAt: Schema.DateTimeUtc
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${named(this.command)}: repeats the key that the server refused at ${isoOf(this.rejectedAt)}`
  }
  get hint(): string {
    return this.remedy ?? "Renew the key where it is kept, and check that it is the one for this server."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * A file or variable that is there cannot be read. `source` names what wanted it.
 *
 * @since 0.1.0
 * @category errors
 */
export class SourceUnreadable extends Schema.TaggedError<SourceUnreadable>("effect-apikey/SourceUnreadable")(
  "SourceUnreadable",
  { ...common, source: Schema.String, path: Schema.String, code: Schema.String }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.source}: ${this.path} cannot be read (${this.code})`
  }
  get hint(): string {
    return this.remedy ?? "Correct its permissions or contents, or remove it so that the next source is asked."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * A file of secrets can be read by others, and `strict` was asked for. `mode` is octal.
 *
 * @since 0.1.0
 * @category errors
 */
export class InsecurePermissions extends Schema.TaggedError<InsecurePermissions>("effect-apikey/InsecurePermissions")(
  "InsecurePermissions",
  { ...common, path: Schema.String, mode: Schema.String }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.path}: others may read it (mode ${this.mode})`
  }
  get hint(): string {
    return this.remedy ?? `Take their permission away: chmod 600 ${shellWord(this.path)}`
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The configuration is wrong. `file` is where it stands (`code` for options given in code), `line` and `column` count
 * from 1 and are 0 where there are none.
 *
 * @since 0.1.0
 * @category errors
 */
export class ConfigInvalid extends Schema.TaggedError<ConfigInvalid>("effect-apikey/ConfigInvalid")("ConfigInvalid", {
  ...common,
  file: Schema.String,
  line: Schema.Number,
  column: Schema.Number,
  problem: Schema.String
}) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.file}${this.line > 0 ? `:${this.line}:${this.column}` : ""}: ${this.problem}`
  }
  get hint(): string {
    return this.remedy ?? "Correct it there; `effect-apikey schema` prints what is allowed."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * No source has a key for the provider. `tried` lists them all, in order.
 *
 * @since 0.1.0
 * @category errors
 */
export class KeyNotConfigured extends Schema.TaggedError<KeyNotConfigured>("effect-apikey/KeyNotConfigured")(
  "KeyNotConfigured",
  { ...common, provider: Schema.String, tried: Schema.Array(Schema.String) }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    const tried = this.tried.length === 0 ? "" : ` (tried ${this.tried.join(", ")})`
    return `${this.provider}: no key is configured${tried}`
  }
  get hint(): string {
    return this.remedy ?? "Set one of these, or configure a command that prints the key."
  }
  get isTransient(): boolean {
    return false
  }
}

/**
 * The provider was asked after its scope had ended.
 *
 * @since 0.1.0
 * @category errors
 */
export class ProviderClosed extends Schema.TaggedError<ProviderClosed>("effect-apikey/ProviderClosed")(
  "ProviderClosed",
  { ...common, provider: Schema.String }
) {
  readonly [TypeId]: TypeId = TypeId
  override get message(): string {
    return `${this.provider}: asked for a key after its scope was closed`
  }
  get hint(): string {
    return this.remedy ?? "Use the provider inside the scope of its layer."
  }
  get isTransient(): boolean {
    return false
  }
}

const isoOf = (at: DateTime.Utc): string => new Date(at.epochMillis).toISOString()

/**
 * The schema of all of them, for those who send errors somewhere.
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
 * Finds an `ApiKeyError` inside what an SDK, an HTTP client or a runtime made of it: follows `cause`, `error`, `reason`,
 * `errors` and Effect's `Cause`, nearest first.
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
