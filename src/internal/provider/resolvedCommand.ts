/** A command whose options are resolved once, before it runs: name, catalog entry, format, timeout, time to live and identity. */

import * as Duration from "effect/Duration"
import type * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Hash from "effect/Hash"
import * as Option from "effect/Option"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { defaultTimeToLive } from "../cache/lifetime.js"
import { defaultOnAbandon, type LifeOptions } from "../cache/options.js"
import type { CredentialFormat } from "../format/format.js"
import { type Format, resolve } from "../format/lookup.js"
import { defaultTimeout } from "../helper/deadline.js"
import { type KnownCommand, knownCommand, mayPrompt } from "../helper/knownCommand.js"
import type { Options } from "../helper/options.js"
import { comparable, sorted } from "../util/canonicalJson.js"
import { digestOf } from "../util/digest.js"
import { ownProperties } from "../util/ownProperties.js"

/**
 * The options of a helper command: its runs, its output format, and the lifetime of its key.
 *
 * @since 0.1.0
 * @category models
 */
export interface CommandOptions extends Options, LifeOptions {
  /** The name in errors, status and the helper's `EFFECT_APIKEY_PROVIDER`. Default `"default"`. */
  readonly provider?: string | undefined
  /** What the command prints to stdout: a format's name, or an object with its name and parameters. Default `"auto"`. */
  readonly format?: Format | undefined
  /**
   * Whether the helper erases a key that the server rejected. The erase command runs before the next run, within its timeout.
   * Default false. Only `git-credential` with a `url` and `docker-credential` with a `serverUrl` support it, for a command that
   * ends in `get` or `fill`.
   */
  readonly eraseOnReject?: boolean | undefined
}

/** A resolved command. Two are equal if all their options are equal. A missing option equals its default. */
export class ResolvedCommand implements KnownCommand, Equal.Equal {
  readonly name: string
  readonly printer: string
  readonly entry: KnownCommand["entry"]
  readonly install: KnownCommand["install"]
  /** The format. If it does not exist, each run fails with the error. */
  readonly format: Either.Either<CredentialFormat, ConfigInvalid>
  /** Whether a run may prompt the user. */
  readonly mayPrompt: boolean
  /** None if it depends on whether the run gets the terminal. */
  readonly timeout: Option.Option<Duration.DurationInput>
  readonly timeToLive: Duration.DurationInput
  #identity: string | undefined

  constructor(
    readonly options: CommandOptions,
    /** The working directory. */
    readonly cwd: string | undefined
  ) {
    const { entry, install, name, printer } = knownCommand(options.argv, cwd)
    const interactive = options.interactive ?? "never"
    this.name = name
    this.printer = printer
    this.entry = entry
    this.install = install
    this.format = resolve(options.format ?? "auto", printer)
    this.mayPrompt = mayPrompt(entry, interactive !== "never")
    this.timeout = Option.orElse(Option.fromNullable(options.timeout), () =>
      interactive === "never" ? Option.some(defaultTimeout(this.mayPrompt)) : Option.none()
    )
    this.timeToLive =
      options.timeToLive ??
      Option.getOrElse(
        Option.flatMapNullable(entry, (known) => known.timeToLive),
        () => defaultTimeToLive
      )
  }

  /** A digest of all options, because arguments and variables may be secret. */
  get identity(): string {
    this.#identity ??= identityOf(this)
    return this.#identity
  }

  [Equal.symbol](that: Equal.Equal): boolean {
    return that instanceof ResolvedCommand && that.identity === this.identity
  }

  [Hash.symbol](): number {
    return Hash.string(this.identity)
  }
}

/** `defaultCwd` is the working directory that a policy sets for a command without `cwd`. */
export const resolveCommand = (options: CommandOptions, defaultCwd?: string): ResolvedCommand =>
  fromOwn(ownProperties(options), defaultCwd)

const fromOwn = (options: CommandOptions, defaultCwd: string | undefined): ResolvedCommand =>
  new ResolvedCommand(options, options.cwd ?? defaultCwd)

const durations: ReadonlySet<string> = new Set(["timeout", "timeToLive", "refreshAhead"] satisfies Array<
  keyof CommandOptions
>)

/** The options with defaults filled in. `retry` and `refreshAhead` have no default that could be written as a value. */
const effectiveOptions = ({ cwd, mayPrompt, options, timeout, timeToLive }: ResolvedCommand): CommandOptions => ({
  ...options,
  cwd,
  env: options.env ?? {},
  format: options.format ?? "auto",
  inheritEnv: options.inheritEnv ?? true,
  interactive: options.interactive ?? "never",
  onRepeatedKey: options.onRepeatedKey ?? "serve",
  eraseOnReject: options.eraseOnReject ?? false,
  search: options.search ?? "install-dirs",
  prefetch: options.prefetch ?? false,
  timeToLive,
  timeout: Option.getOrUndefined(timeout),
  onAbandon: options.onAbandon ?? defaultOnAbandon(mayPrompt)
})

/** Covers all options, including options that are added later. Functions and instances are equal only to themselves. */
const identityOf = (command: ResolvedCommand): string =>
  digestOf(
    sorted(effectiveOptions(command)).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, durations.has(name) ? durationOf(value) : plain(value)]]
    )
  )

const plain = (value: unknown): unknown => comparable(value, { unset: "kept" })

const durationOf = (value: unknown): unknown =>
  Option.match(Duration.decodeUnknown(value), {
    onNone: () => plain(value),
    onSome: (it) => String(Duration.toMillis(it))
  })
