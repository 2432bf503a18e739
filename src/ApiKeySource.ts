/**
 * Where a key comes from, as configuration says it: a schema, its JSON Schema, and sources from the environment.
 *
 * `ApiKeyProvider.layerSource` makes a provider of one. The tables of precedence are in docs/configuration.md.
 *
 * @since 0.1.0
 */
import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "./ApiKeyError.js"
import { FormatSpec, formatNames, optionsOf } from "./formats/table.js"
import { homeFolder } from "./internal/host/HostEnvironment.js"
import { shownArgv } from "./internal/redact/probableArgv.js"
import { programName } from "./internal/redact/programName.js"
import * as Document from "./internal/source/jsonc.js"
import { inside, nearest, type Problem, problemOf, toConfigInvalid, unknownKey } from "./internal/source/problem.js"
import { durationPattern, formatDuration, parseDuration } from "./internal/util/duration.js"

const optional = <A, I, R>(schema: Schema.Schema<A, I, R>) => Schema.optionalWith(schema, { exact: true })

/** A schema's own messages quote what they were given, and that may be a key or an argument. */
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

const Argv = Schema.NonEmptyArray(Schema.String).pipe(
  Schema.filter(([program]) => program.trim() !== "", {
    jsonSchema: { items: [{ type: "string", pattern: "\\S" }], additionalItems: { type: "string" } }
  }),
  Schema.annotations({
    description: "an argv: a list of strings, the program and its arguments",
    documentation: 'For example ["op", "read", "op://Private/OpenAI/api-key"].'
  })
)

const CacheOptions = Schema.Struct({
  timeToLive: optional(Lifetime),
  refreshAhead: optional(Time),
  onRepeat: optional(Schema.Literal("serve", "fail").annotations({ description: '"serve" or "fail"' })),
  onReject: optional(Schema.Literal("forget", "erase").annotations({ description: '"forget" or "erase"' })),
  whenAbandoned: optional(Schema.Literal("stop", "finish").annotations({ description: '"stop" or "finish"' }))
}).annotations({ description: "how a key is kept" })

const maxRetries = 10

const RunOptions = Schema.Struct({
  argv: Argv,
  env: optional(
    Schema.Record({
      key: VariableName,
      value: Schema.NullOr(Schema.String).annotations({ description: "a string, or null to unset the variable" })
    }).annotations({ description: "variables to set, or with null to unset" })
  ),
  inheritEnv: optional(
    Schema.Union(Schema.Boolean, Schema.Array(VariableName)).annotations({
      description: "true, false, or a list of the variables to inherit"
    })
  ),
  cwd: optional(FilePath),
  timeout: optional(Time),
  retries: optional(
    Schema.Int.pipe(
      Schema.between(0, maxRetries, { description: `a whole number from 0 to ${maxRetries}` }),
      Schema.annotations({ description: `a whole number from 0 to ${maxRetries}` })
    )
  ),
  interactive: optional(
    Schema.Literal("never", "if-available", "always").annotations({
      description: '"never", "if-available" or "always"'
    })
  ),
  path: optional(
    Schema.Literal("usual-folders", "login-shell", "path-only").annotations({
      description: '"usual-folders", "login-shell" or "path-only"'
    })
  ),
  format: optional(
    FormatSpec.annotations({
      description: `one of the formats ${formatNames.join(", ")}, or an object with its name and parameters`,
      documentation: 'For example "oauth" or { "name": "json", "field": "data.key" }.'
    })
  ),
  cache: optional(CacheOptions)
}).annotations({ description: "a helper command with the options of its runs" })

/**
 * A helper command: its argv, and everything that shapes its runs, the format of its answer and the life of its key.
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
 * The key itself. For tests and keys that are no secret: a file that holds one is a file to be guarded.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Literal = Schema.Struct({
  literal: Schema.Redacted(Schema.NonEmptyString.annotations({ description: "a key that is not empty" }))
}).pipe(Schema.attachPropertySignature("_tag", "Literal"), Schema.annotations(unquoted("a literal key")))

/**
 * An environment variable, read at each `get`. Unset or blank, the next source is asked.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Env = Schema.Struct({ env: VariableName }).pipe(
  Schema.attachPropertySignature("_tag", "Env"),
  Schema.annotations(unquoted("an environment variable's name"))
)

const strict = optional(
  Schema.Boolean.annotations({ description: "true or false: whether a file that others may read is an error" })
)

/**
 * A file whose content is the key, read at each `get`: Docker's and Kubernetes' secrets. Missing, the next source is asked.
 * One that others may read is a warning; with `strict` it is `InsecurePermissions`.
 *
 * @since 0.1.0
 * @category schemas
 */
export const File = Schema.Struct({ file: FilePath, strict }).pipe(
  Schema.attachPropertySignature("_tag", "File"),
  Schema.annotations(unquoted("a path"))
)

/**
 * An entry of opencode's `auth.json`, by its id. Missing, the next source is asked.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Auth = Schema.Struct({
  auth: Schema.NonEmptyString.annotations({ description: "the id of an entry in auth.json" }),
  strict
}).pipe(Schema.attachPropertySignature("_tag", "Auth"), Schema.annotations(unquoted("the id of an entry in auth.json")))

/**
 * A helper command. It is there whenever it is configured: a failure does not let the next source try.
 *
 * @since 0.1.0
 * @category schemas
 */
export const Command = Schema.Struct({ command: CommandField }).pipe(
  Schema.attachPropertySignature("_tag", "Command"),
  Schema.annotations(unquoted("a helper command"))
)

/**
 * A source that asks no other.
 *
 * @since 0.1.0
 * @category models
 */
export type Single = typeof Literal.Type | typeof Env.Type | typeof File.Type | typeof Auth.Type | typeof Command.Type

type SingleEncoded =
  | typeof Literal.Encoded
  | typeof Env.Encoded
  | typeof File.Encoded
  | typeof Auth.Encoded
  | typeof Command.Encoded

/**
 * The first of several that has a key. One that is absent lets the next try; one that fails ends it, unless `onFailure` is
 * `"next"`.
 *
 * @since 0.1.0
 * @category models
 */
export interface FirstOf {
  readonly _tag: "FirstOf"
  readonly firstOf: readonly [ApiKeySource, ...ReadonlyArray<ApiKeySource>]
  /** Default `"stop"`. */
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
 * A source as configuration files write it.
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
  firstOf: Schema.NonEmptyArray(Schema.suspend((): Schema.Schema<ApiKeySource, Encoded> => ApiKeySource)).annotations({
    description: "a list of sources that is not empty"
  }),
  onFailure: optional(Schema.Literal("stop", "next").annotations({ description: '"stop" or "next"' }))
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

/**
 * @since 0.1.0
 * @category constructors
 */
export const literal = (key: string | Redacted.Redacted<string>): ApiKeySource => ({
  _tag: "Literal",
  literal: Redacted.isRedacted(key) ? key : Redacted.make(key)
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const env = (name: string): ApiKeySource => ({ _tag: "Env", env: name })

/**
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string, options?: { readonly strict?: boolean }): ApiKeySource => ({
  _tag: "File",
  file: path,
  ...options
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const auth = (id: string, options?: { readonly strict?: boolean }): ApiKeySource => ({
  _tag: "Auth",
  auth: id,
  ...options
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const command = (
  argv: readonly [string, ...ReadonlyArray<string>],
  options?: Omit<RunOptions, "argv">
): ApiKeySource => ({ _tag: "Command", command: { argv, ...options } })

/**
 * @since 0.1.0
 * @category constructors
 */
export const firstOf = (
  sources: readonly [ApiKeySource, ...ReadonlyArray<ApiKeySource>],
  options?: { readonly onFailure?: "stop" | "next" }
): ApiKeySource => ({ _tag: "FirstOf", firstOf: sources, ...options })

// --- reading

const decoder =
  <A extends Single, I>(schema: Schema.Schema<A, I>) =>
  (value: unknown): Either.Either<Single, ParseResult.ParseError> =>
    Schema.decodeUnknownEither(schema, { onExcessProperty: "error" })(value)

const kinds = {
  literal: decoder(Literal),
  env: decoder(Env),
  file: decoder(File),
  auth: decoder(Auth),
  command: decoder(Command)
}

const kindNames = [...Object.keys(kinds), "firstOf"]

const decodeList = Schema.decodeUnknownEither(
  Schema.Struct({
    firstOf: Schema.NonEmptyArray(Schema.Unknown).annotations({ description: "a list of sources that is not empty" }),
    onFailure: optional(Schema.Literal("stop", "next").annotations({ description: '"stop" or "next"' }))
  }),
  { onExcessProperty: "error" }
)
const decodeRunOptions = Schema.decodeUnknownEither(RunOptions, { onExcessProperty: "error" })
const decodeArgv = Schema.decodeUnknownEither(Argv)

const atValue = (problem: string, remedy: string): Problem => ({ path: [], at: "value", problem, remedy })

const problemIn = ({ issue }: ParseResult.ParseError): Problem => problemOf(issue)

const shellString = (line: string): Problem =>
  atValue("a command is a list of strings, not a shell string", `It probably means ${shownArgv(line)}`)

/** Of a format's parameters likewise the one that is named says what it takes. */
const formatProblem = (format: unknown): Problem | undefined => {
  const named = isRecord(format) && typeof format["name"] === "string" ? optionsOf(format["name"]) : undefined
  if (named === undefined) return undefined
  const decoded = Schema.decodeUnknownEither(named, { onExcessProperty: "error" })(format)
  return Option.getOrUndefined(Option.map(Either.getLeft(decoded), problemIn))
}

/** The members of the command's union have nothing in common, so which one was meant is found before either complains. */
const commandProblem = (value: unknown): Problem | undefined => {
  if (typeof value === "string") return shellString(value)
  if (isRecord(value)) {
    const { argv, format } = value
    if (typeof argv === "string") return inside("argv", shellString(argv))
    const ofFormat = formatProblem(format)
    return ofFormat !== undefined
      ? inside("format", ofFormat)
      : Option.getOrUndefined(Option.map(Either.getLeft(decodeRunOptions(value)), problemIn))
  }
  return Option.getOrUndefined(Option.map(Either.getLeft(decodeArgv(value)), problemIn))
}

const isKind = (name: string): name is keyof typeof kinds => Object.hasOwn(kinds, name)

/**
 * From plain data to a source, with one problem that has a path.
 *
 * @internal
 */
export const decodeProblem = (value: unknown): Either.Either<ApiKeySource, Problem> => {
  if (!isRecord(value)) {
    return Either.left(atValue("expected an object that names a source", 'For example { "env": "OPENAI_API_KEY" }.'))
  }
  const names = Object.keys(value)
  const [kind, another] = names.filter((name) => kindNames.includes(name))
  if (kind === undefined) {
    const misspelt = names.find((name) => Option.isSome(nearest(name, kindNames)))
    return Either.left(
      misspelt === undefined
        ? atValue("names no source", `Give one of: ${kindNames.join(", ")}`)
        : unknownKey(misspelt, kindNames)
    )
  }
  if (another !== undefined) {
    return Either.left({
      path: [another],
      at: "key",
      problem: `"${kind}" and "${another}" are two sources`,
      remedy: `Choose one, or say which goes first: { "firstOf": [{ "${kind}": … }, { "${another}": … }] }`
    })
  }
  if (kind === "command") {
    const problem = commandProblem(value[kind])
    if (problem !== undefined) return Either.left(inside(kind, problem))
  }
  return isKind(kind) ? Either.mapLeft(kinds[kind](value), problemIn) : decodeFirstOf(value)
}

const decodeFirstOf = (value: unknown): Either.Either<FirstOf, Problem> =>
  Either.gen(function* () {
    const list = yield* Either.mapLeft(decodeList(value), problemIn)
    const at = (index: number, source: unknown): Either.Either<ApiKeySource, Problem> =>
      Either.mapLeft(decodeProblem(source), (problem) => inside("firstOf", inside(index, problem)))
    const [first, ...rest] = list.firstOf
    const sources = yield* Either.all(rest.map((source, index) => at(index + 1, source)))
    return {
      _tag: "FirstOf",
      firstOf: [yield* at(0, first), ...sources],
      ...(list.onFailure === undefined ? {} : { onFailure: list.onFailure })
    }
  })

/**
 * Reads a source from JSONC. What is wrong is one `ConfigInvalid` with line, column and remedy; `file` is its name there.
 *
 * @example
 * ```ts
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as Either from "effect/Either"
 *
 * const parsed = ApiKeySource.parse(`{ "command": "op read op://Work/OpenAI/key" }`, "keys.jsonc")
 *
 * console.log(Either.isLeft(parsed) && parsed.left.hint)
 * // It probably means ["op", "read", "op://Work/OpenAI/key"]
 * ```
 *
 * @since 0.1.0
 * @category constructors
 */
export const parse = (text: string, file = "code"): Either.Either<ApiKeySource, ConfigInvalid> =>
  Either.flatMap(Document.parse(file, text), (document) =>
    Either.mapLeft(decodeProblem(Document.valueOf(document.root)), (problem) => toConfigInvalid(document, problem))
  )

const encode = Schema.encodeSync(ApiKeySource)

/**
 * A source as a configuration file would write it. A `literal` is written in plain text: it is for files, not for logs.
 *
 * @since 0.1.0
 * @category getters
 */
export const print = (source: ApiKeySource): string => JSON.stringify(encode(source))

/**
 * What a message may say of a source: never its secret, of a command only the program's name.
 *
 * @since 0.1.0
 * @category getters
 */
export const label = (source: ApiKeySource): string => {
  switch (source._tag) {
    case "Literal":
      return "a literal key"
    case "Env":
      return `environment variable ${source.env}`
    case "File":
      return `file ${source.file}`
    case "Auth":
      return `auth.json entry ${source.auth}`
    case "Command":
      return `command ${programName(source.command.argv)}`
    case "FirstOf":
      return source.firstOf.map(label).join(", ")
  }
}

/**
 * All the sources in one, in the order in which they are asked.
 *
 * @since 0.1.0
 * @category getters
 */
export const singles = (source: ApiKeySource): ReadonlyArray<Single> =>
  source._tag === "FirstOf" ? source.firstOf.flatMap(singles) : [source]

// --- the environment

/**
 * The names of the variables for a provider's id: `openai` has `OPENAI_API_KEY`, `OPENAI_API_KEY_FILE` and
 * `OPENAI_API_KEY_COMMAND`; what is no letter or digit becomes an underscore.
 *
 * @since 0.1.0
 * @category getters
 */
export const variablesFor = (id: string): { readonly key: string; readonly file: string; readonly command: string } => {
  const name = id.toUpperCase().replace(/[^A-Z0-9]+/g, "_")
  const key = `${/^[0-9]/.test(name) ? "_" : ""}${name}_API_KEY`
  return { key, file: `${key}_FILE`, command: `${key}_COMMAND` }
}

/** A variable that is set but blank says nothing. */
const nonBlank = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(
    Config.option(Config.string(name)),
    Option.filter((value) => value.trim() !== "")
  )

/** What begins as JSON was meant as JSON, and is no command line. */
const looksLikeJson = (text: string): boolean => /^\s*[[{"]/.test(text)

const notJson = ({ column, problem }: ConfigInvalid): Problem =>
  atValue(
    `${problem} (at character ${column})`,
    'For example ["op", "read", "op://Work/OpenAI/key"], in double quotes.'
  )

const parseArgv = (text: string): Either.Either<ApiKeySource, string> => {
  const decoded = Either.flatMap(
    Either.mapLeft(Document.parse("environment", text), (error) =>
      looksLikeJson(text) ? notJson(error) : shellString(text)
    ),
    ({ root }) => {
      const value = Document.valueOf(root)
      const problem = commandProblem(value)
      return problem === undefined ? decodeProblem({ command: value }) : Either.left(problem)
    }
  )
  return Either.mapBoth(decoded, {
    onLeft: ({ problem, remedy }) => (remedy === undefined ? problem : `${problem}. ${remedy}`),
    // git and others would read the configuration of the project that we happen to stand in.
    onRight: (source) => inDirectory(source, homeFolder())
  })
}

/**
 * The same source, its commands running in this directory unless they say otherwise.
 *
 * @internal
 */
export const inDirectory = (source: ApiKeySource, cwd: string): ApiKeySource => {
  switch (source._tag) {
    case "Command":
      return { ...source, command: { cwd, ...source.command } }
    case "FirstOf": {
      const [first, ...rest] = source.firstOf
      return { ...source, firstOf: [inDirectory(first, cwd), ...rest.map((next) => inDirectory(next, cwd))] }
    }
    default:
      return source
  }
}

/**
 * The source of a provider's key in the environment, through whatever `ConfigProvider` is in force: for `openai` these
 * variables, in this order, the first that is set: `OPENAI_API_KEY`, the key itself; `OPENAI_API_KEY_FILE`, a path;
 * `OPENAI_API_KEY_COMMAND`, a JSON array (it runs in the home directory).
 *
 * @example
 * ```ts
 * import * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
 * import * as ApiKeySource from "effect-apikey/ApiKeySource"
 * import * as HelperExecutor from "effect-apikey/HelperExecutor"
 * import * as Layer from "effect/Layer"
 *
 * export const OpenAiKey = ApiKeyProvider.layerConfig(ApiKeySource.config("openai")).pipe(
 *   Layer.provide(HelperExecutor.layerNode)
 * )
 * ```
 *
 * @since 0.1.0
 * @category config
 */
export const config = (id: string): Config.Config<ApiKeySource> => {
  const names = variablesFor(id)
  return Config.all([nonBlank(names.key), nonBlank(names.file), nonBlank(names.command)]).pipe(
    Config.mapOrFail(([key, path, argv]) => {
      if (Option.isSome(key)) return Either.right(literal(key.value))
      if (Option.isSome(path)) return Either.right(file(path.value))
      return Option.match(argv, {
        onNone: () =>
          Either.left(
            ConfigError.MissingData([names.key], `set ${names.key}, ${names.file} or ${names.command} (a JSON array)`)
          ),
        onSome: (text) =>
          Either.mapLeft(parseArgv(text), (problem) => ConfigError.InvalidData([names.command], problem))
      })
    })
  )
}
