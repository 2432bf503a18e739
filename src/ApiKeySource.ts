/**
 * Where a key comes from, as configuration says it: a schema, its JSON Schema, and sources from the environment.
 *
 * `ApiKeyProvider.layer` makes a provider of one. The tables of precedence are in docs/configuration.md.
 *
 * @since 0.1.0
 */

import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "./ApiKeyError.js"
import { homeFolder } from "./internal/host/HostEnvironment.js"
import { atValue, commandProblem, decodeProblem, shellString } from "./internal/source/decode.js"
import { inDirectory } from "./internal/source/inspect.js"
import * as Document from "./internal/source/jsonc.js"
import { type Problem, toConfigInvalid } from "./internal/source/problem.js"
import {
  ApiKeySource,
  type Auth,
  type Command,
  type Env,
  type File,
  type FirstOf,
  type Literal,
  type RunOptions
} from "./internal/source/schema.js"

export { label, singles } from "./internal/source/inspect.js"
export {
  ApiKeySource,
  Auth,
  Command,
  type Encoded,
  Env,
  File,
  FirstOf,
  Literal,
  RunOptions,
  type Single
} from "./internal/source/schema.js"

/**
 * @since 0.1.0
 * @category constructors
 */
export const literal = (key: string | Redacted.Redacted<string>): Literal => ({
  _tag: "Literal",
  literal: Redacted.isRedacted(key) ? key : Redacted.make(key)
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const env = (name: string): Env => ({ _tag: "Env", env: name })

/**
 * @since 0.1.0
 * @category constructors
 */
export const file = (path: string, options?: { readonly strict?: boolean }): File => ({
  _tag: "File",
  file: path,
  ...options
})

/**
 * @since 0.1.0
 * @category constructors
 */
export const auth = (id: string, options?: { readonly strict?: boolean }): Auth => ({
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
): Command => ({ _tag: "Command", command: { argv, ...options } })

/**
 * @since 0.1.0
 * @category constructors
 */
export const firstOf = (
  sources: readonly [ApiKeySource, ...ReadonlyArray<ApiKeySource>],
  options?: { readonly onFailure?: "stop" | "next" }
): FirstOf => ({ _tag: "FirstOf", firstOf: sources, ...options })

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
 *   Layer.provide(HelperExecutor.layer)
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
