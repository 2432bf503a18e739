/** The schemas of sources and helper commands in configuration. The types, the problem texts and the JSON Schema derive from them. */

import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"
import { FormatSpec, formatNames } from "../../formats/table.js"
import { anyOf, interactiveNames, onAbandonNames, onRepeatedKeyNames, searchNames } from "../model/options.js"
import { durationPattern, formatDuration, parseDuration } from "../util/duration.js"
import { optional, required } from "../util/schema.js"

/** Replaces a schema's messages, because they quote the input, which may be a key or an argument. */
const unquoted = (expected: string) => ({
  message: () => ({ message: `expected ${expected}; ApiKeySource.parse says what is wrong with it`, override: true })
})

const VariableName = Schema.String.pipe(
  Schema.pattern(/^[A-Za-z_][A-Za-z0-9_]*$/, {
    description: "the name of an environment variable",
    documentation: 'Give the name alone, without $: "OPENAI_API_KEY".'
  })
)

const FilePath = Schema.String.pipe(
  Schema.pattern(/^[^\0]*[^\0\s][^\0]*$/, {
    description: "a path",
    documentation: 'For example "/run/secrets/openai" or "~/.keys/openai"; relative to the file it stands in.'
  })
)

const infinite = "Infinity"

const durationText = (description: string, canBeInfinite: boolean): Schema.Schema<Duration.Duration, string> => {
  const texts = { description, documentation: 'For example "10 seconds", "5 minutes" or "250 ms".' }
  const pattern = canBeInfinite ? `^${infinite}$|${durationPattern}` : durationPattern
  const written = Schema.String.annotations({ ...texts, jsonSchema: { type: "string", pattern } })
  return Schema.transformOrFail(written, Schema.DurationFromSelf, {
    strict: true,
    decode: (text, _, ast) =>
      canBeInfinite && text === infinite
        ? Either.right(Duration.infinity)
        : Either.fromOption(parseDuration(text), () => new ParseResult.Type(ast, undefined)),
    encode: (duration) => Either.right(Duration.isFinite(duration) ? formatDuration(duration) : infinite)
  }).annotations(texts)
}

const Time = durationText("a time with its unit, above 0", false)

const Lifetime = durationText(`a time with its unit, above 0, or "${infinite}"`, true)

export const Argv = Schema.NonEmptyArray(Schema.String).pipe(
  Schema.filter(([program]) => program.trim() !== "", {
    jsonSchema: { items: [{ type: "string", pattern: "\\S" }], additionalItems: { type: "string" } }
  }),
  Schema.annotations({
    description: "an argv: a list of strings, the program and its arguments",
    documentation: 'For example ["op", "read", "op://Private/OpenAI/api-key"].'
  })
)

const named = <const Names extends readonly [string, ...ReadonlyArray<string>]>(names: Names) =>
  Schema.Literal(...names).annotations({ description: anyOf(names) })

const maxRetries = 10

export const RunOptions = Schema.Struct({
  argv: required(Argv, "The program and its arguments. No shell reads them."),
  env: optional(
    Schema.Record({
      key: VariableName,
      value: Schema.NullOr(Schema.String).annotations({ description: "a string, or null to unset the variable" })
    }).annotations({ description: "variables to set, or with null to unset" }),
    "Environment variables for the helper; null unsets one. Default: none."
  ),
  inheritEnv: optional(
    Schema.Union(Schema.Boolean, Schema.Array(VariableName)).annotations({
      description: "true, false, or a list of the variables to inherit"
    }),
    "Which of your variables the helper inherits: all, only the essential ones, or these and the listed ones. Default: true."
  ),
  cwd: optional(FilePath, "The helper's working directory. Default: the home directory."),
  timeout: optional(
    Time,
    "The time limit for everything: the queue, every attempt, and the delays between them. Default: 30 seconds; 2 minutes if the helper may prompt."
  ),
  retries: optional(
    Schema.Int.pipe(
      Schema.between(0, maxRetries, { description: `a whole number from 0 to ${maxRetries}` }),
      Schema.annotations({ description: `a whole number from 0 to ${maxRetries}` })
    ),
    "How often to retry after a transient error. If the helper may prompt, only a failed start is retried. Default: 2."
  ),
  interactive: optional(
    named(interactiveNames),
    'Whether the helper may prompt the user on the terminal. Default: "never"; at a shell "if-available".'
  ),
  search: optional(
    named(searchNames),
    'Where to search for the program if PATH does not have it. Default: "install-dirs".'
  ),
  format: optional(
    FormatSpec.annotations({
      description: `one of the formats ${formatNames.join(", ")}, or an object with its name and parameters`,
      documentation: 'For example "oauth" or { "name": "json", "field": "data.key" }.'
    }),
    'What the helper prints: a format\'s name, or an object with its name and parameters. Default: "auto".'
  ),
  timeToLive: optional(
    Lifetime,
    "How long a key without an expiry is used. Default: 5 minutes; 1 hour for known programs that store static secrets and may prompt."
  ),
  refreshAhead: optional(
    Time,
    "How long before its expiry a key is refreshed in the background. Default: the last 20 % of its lifetime, at most 5 minutes."
  ),
  onRepeatedKey: optional(
    named(onRepeatedKeyNames),
    'If the helper prints a rejected key again: serve it, or fail with KeyRejected. Default: "serve".'
  ),
  eraseOnReject: optional(
    Schema.Boolean.annotations({ description: "true or false: whether the helper erases a rejected key" }),
    "Whether the helper erases a rejected key from its store. Default: false."
  ),
  onAbandon: optional(
    named(onAbandonNames),
    'What to do with a run when its last caller leaves: interrupt it, or let it complete. Default: "interrupt"; "complete" if the helper may prompt.'
  )
}).annotations({ description: "a helper command with the options of its runs" })

/**
 * A helper command: its argv, and the options for its runs, its output format and the lifetime of its key.
 *
 * @since 0.1.0
 * @category models
 */
export type RunOptions = typeof RunOptions.Type

const CommandField = Schema.transform(
  Schema.Union(Argv, RunOptions).annotations({ description: "an argv, or an object with `argv` and options" }),
  Schema.typeSchema(RunOptions),
  {
    strict: false,
    decode: (command) => (Array.isArray(command) ? { argv: command } : command),
    encode: (command: RunOptions) => (Object.keys(command).length === 1 ? command.argv : command)
  }
)

/**
 * The key itself, in plain text. Meant for tests and for keys that are not secret. Protect a file that contains one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Literal = Schema.Struct({
  literal: required(
    Schema.Redacted(Schema.NonEmptyString.annotations({ description: "a key that is not empty" })),
    "The key itself. For tests, and for keys that are not secret."
  )
}).pipe(Schema.attachPropertySignature("_tag", "Literal"), Schema.annotations(unquoted("a literal key")))

/**
 * @since 0.1.0
 * @category models
 */
export type Literal = typeof Literal.Type

/**
 * An environment variable, read at each `get`. If it is unset or blank, the next source is tried.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Env = Schema.Struct({
  env: required(VariableName, "The environment variable that holds the key, read at each use.")
}).pipe(Schema.attachPropertySignature("_tag", "Env"), Schema.annotations(unquoted("an environment variable's name")))

/**
 * @since 0.1.0
 * @category models
 */
export type Env = typeof Env.Type

const strict = optional(
  Schema.Boolean.annotations({ description: "true or false: whether a file that others may read is an error" }),
  "Whether a file that others may read is an error instead of a warning. Default: false."
)

/**
 * A file that contains the key, read at each `get`, such as a Docker or Kubernetes secret. If it is missing, the next source is
 * tried. If other users can read it, a warning is logged; with `strict` it is an `InsecurePermissions` error.
 *
 * @since 0.1.0
 * @category schemas
 */
export const File = Schema.Struct({
  file: required(FilePath, "The file whose content is the key, read at each use."),
  strict
}).pipe(Schema.attachPropertySignature("_tag", "File"), Schema.annotations(unquoted("a path")))

/**
 * @since 0.1.0
 * @category models
 */
export type File = typeof File.Type

/**
 * An entry of opencode's `auth.json`, by its id. If it is missing, the next source is tried.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Auth = Schema.Struct({
  auth: required(
    Schema.NonEmptyString.annotations({ description: "the id of an entry in auth.json" }),
    "The entry of opencode's auth.json that holds the key, read at each use."
  ),
  strict
}).pipe(Schema.attachPropertySignature("_tag", "Auth"), Schema.annotations(unquoted("the id of an entry in auth.json")))

/**
 * @since 0.1.0
 * @category models
 */
export type Auth = typeof Auth.Type

/**
 * A helper command. If it fails, the next source is not tried, unless `firstOf` has `onFailure: "next"`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command = Schema.Struct({
  command: required(CommandField, "The helper command that prints the key.")
}).pipe(Schema.attachPropertySignature("_tag", "Command"), Schema.annotations(unquoted("a helper command")))

/**
 * @since 0.1.0
 * @category models
 */
export type Command = typeof Command.Type

/**
 * A source that contains no other source.
 *
 * @since 0.1.0
 * @category models
 */
export type Single = Literal | Env | File | Auth | Command

type SingleEncoded =
  | typeof Literal.Encoded
  | typeof Env.Encoded
  | typeof File.Encoded
  | typeof Auth.Encoded
  | typeof Command.Encoded

export const onFailure = optional(
  named(["stop", "next"]),
  'What to do if a source fails: stop with its error, or try the next source. Default: "stop".'
)

/**
 * The first of several sources that has a key. If one has no key, the next is tried. A failure ends the search, unless
 * `onFailure` is `"next"`.
 *
 * @since 0.1.0
 * @category models
 */
export interface FirstOf {
  readonly _tag: "FirstOf"
  readonly firstOf: readonly [ApiKeySource, ...ReadonlyArray<ApiKeySource>]
  /** What happens after a failure: `"stop"` (default) or try the `"next"` source. */
  readonly onFailure?: "stop" | "next"
}

interface FirstOfEncoded {
  readonly firstOf: readonly [Encoded, ...ReadonlyArray<Encoded>]
  readonly onFailure?: "stop" | "next"
}

/**
 * Where a key comes from.
 *
 * @since 0.1.0
 * @category models
 */
export type ApiKeySource = Single | FirstOf

/**
 * A source in the encoded form of configuration files.
 *
 * @since 0.1.0
 * @category models
 */
export type Encoded = SingleEncoded | FirstOfEncoded

/**
 * The first of several sources.
 *
 * @since 0.1.0
 * @category schemas
 */
export const FirstOf: Schema.Schema<FirstOf, FirstOfEncoded> = Schema.Struct({
  firstOf: required(
    Schema.NonEmptyArray(Schema.suspend((): Schema.Schema<ApiKeySource, Encoded> => ApiKeySource)).annotations({
      description: "a list of sources that is not empty"
    }),
    "Several sources. The first that has a key is used."
  ),
  onFailure
}).pipe(Schema.attachPropertySignature("_tag", "FirstOf"), Schema.annotations(unquoted("a list of sources")))

/**
 * The schema of a source. Its JSON Schema is what `effect-apikey schema` prints for one.
 *
 * @since 0.1.0
 * @category schemas
 */
export const ApiKeySource: Schema.Schema<ApiKeySource, Encoded> = Schema.Union(
  Literal,
  Env,
  File,
  Auth,
  Command,
  FirstOf
).annotations({
  identifier: "ApiKeySource",
  description: "where a key comes from",
  ...unquoted("where a key comes from")
})
