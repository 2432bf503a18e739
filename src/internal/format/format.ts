/** The interface of a format, and what a run hands to it. */
import type * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as ApiKey from "../../ApiKey.js"
import type { ApiKeyError, InvalidOutput } from "../../ApiKeyError.js"
import type { Erase } from "./erase.js"
import type { FailedRun, Meaning } from "./failure.js"

/**
 * What a decoder knows beside the text.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeContext {
  /** The program's name, for errors. */
  readonly command: string
  /** When the run began, in epoch milliseconds: relative lifetimes count from here. */
  readonly startedAt: number
  /** The end of stderr, fit to be shown. */
  readonly stderr: () => string
}

/**
 * An answer as a discriminator sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly text: string
  /** The JSON in it, where it is JSON. */
  readonly json: unknown
  /** The same where it is an object, else an empty one. */
  readonly object: Readonly<Record<string, unknown>>
}

/**
 * One protocol. `decode` gets valid UTF-8 without a byte order mark and never throws; what it fails with never quotes
 * what it read.
 *
 * @since 0.1.0
 * @category models
 */
export interface CredentialFormat {
  readonly name: string
  readonly decode: (text: string, context: DecodeContext) => Either.Either<ApiKey.ApiKey, ApiKeyError>
  /** The answer a helper of this format would give for a key; a key that the format cannot carry is refused, its expiry included. */
  readonly encode: (key: ApiKey.ApiKey) => Either.Either<string, InvalidOutput>
  /** What it says on the helper's stdin; without it stdin is empty. */
  readonly input?: string
  /** Whether its helpers read a request on stdin. The command line passes its own stdin on to them where `input` is not set. */
  readonly readsStdin?: boolean
  /** Variables that it hands over to the helper: whether a person may be asked, and why the helper is run. */
  readonly environment?: (interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>
  /** What a status other than 0 means, where the helper says so on stdout. */
  readonly explain?: (failure: FailedRun) => Option.Option<Meaning>
  /** The command that makes the helper forget a key, and what to say on its stdin. */
  readonly forget?: (command: ReadonlyArray<string>, key: ApiKey.ApiKey) => Option.Option<Erase>
  /** The discriminator by which `auto` tells its answers from others. */
  readonly recognizes?: (answer: Answer) => boolean
}

/**
 * Why a key is asked for, as the helper is told in `EFFECT_APIKEY_REASON`.
 *
 * @since 0.1.0
 * @category models
 */
export type RunReason = "first" | "expiry" | "rejected"

/**
 * What a run with status 0 gave.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  /** The program's name. */
  readonly command: string
  readonly stdout: Redacted.Redacted<Uint8Array>
  /** The end of stderr, fit to be shown: made when asked for. */
  readonly stderr: () => string
  /** When the run began, in epoch milliseconds. */
  readonly startedAt: number
}
