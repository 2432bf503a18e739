/** The interface of a format, and the data of a run that it receives. */
import type * as Either from "effect/Either"
import type * as Option from "effect/Option"
import type * as Redacted from "effect/Redacted"
import type * as ApiKey from "../../ApiKey.js"
import type { ApiKeyError, InvalidOutput } from "../../ApiKeyError.js"
import type { RedactedText } from "../redact/redact.js"
import type { Erase } from "./erase.js"
import type { FailedRun, Meaning } from "./failure.js"

/**
 * The context of a decoder.
 *
 * @since 0.1.0
 * @category models
 */
export interface DecodeContext {
  /** The program's name, for errors. */
  readonly command: string
  /** When the run began, in epoch milliseconds: relative lifetimes count from here. */
  readonly startedAt: number
  /** The redacted end of stderr. */
  readonly stderr: () => RedactedText
  /** Removes what the helper was passed from a text of its stdout that explains a failure. The format removes what else stdout holds. */
  readonly redact: (text: string) => RedactedText
}

/**
 * An output as a discriminator sees it.
 *
 * @since 0.1.0
 * @category models
 */
export interface Answer {
  readonly text: string
  /** The JSON value, if the output is JSON. */
  readonly json: unknown
  /** The JSON value if it is an object, else an empty object. */
  readonly object: Readonly<Record<string, unknown>>
}

/**
 * One protocol. `decode` gets valid UTF-8 without a byte order mark and never throws. Its errors never quote the input.
 *
 * @since 0.1.0
 * @category models
 */
export interface CredentialFormat {
  readonly name: string
  readonly decode: (text: string, context: DecodeContext) => Either.Either<ApiKey.ApiKey, ApiKeyError>
  /** The output of a helper of this format for a key. Fails if the format cannot carry the key or its expiry. */
  readonly encode: (key: ApiKey.ApiKey) => Either.Either<string, InvalidOutput>
  /** The request for the helper's stdin. Default: stdin is empty. */
  readonly input?: string
  /** Whether its helpers read a request on stdin. If `input` is not set, the command line passes its own stdin to them. */
  readonly readsStdin?: boolean
  /** Environment variables for the helper: whether it may prompt the user, and why it runs. */
  readonly environment?: (interactive: boolean, reason: RunReason) => Readonly<Record<string, string>>
  /** The meaning of a non-zero exit status, if the helper explains it on stdout. */
  readonly explain?: (failure: FailedRun) => Option.Option<Meaning>
  /** The command that erases a key from the helper's store, and its stdin. */
  readonly forget?: (command: ReadonlyArray<string>, key: ApiKey.ApiKey) => Option.Option<Erase>
  /** The discriminator with which `auto` recognises its output. */
  readonly recognizes?: (answer: Answer) => boolean
}

/**
 * Why the helper runs. It is passed to the helper in `EFFECT_APIKEY_REASON`.
 *
 * @since 0.1.0
 * @category models
 */
export type RunReason = "first" | "expiry" | "rejected"

/**
 * The output of a run with status 0.
 *
 * @since 0.1.0
 * @category models
 */
export interface Output {
  /** The program's name. */
  readonly command: string
  readonly stdout: Redacted.Redacted<Uint8Array>
  /** The redacted end of stderr, computed on demand. */
  readonly stderr: () => RedactedText
  /** Removes what the helper was passed from a text of its stdout that explains a failure. */
  readonly redact: (text: string) => RedactedText
  /** When the run began, in epoch milliseconds. */
  readonly startedAt: number
}
