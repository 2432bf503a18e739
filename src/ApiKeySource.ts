/**
 * Sources of a key as configuration: a schema, its JSON Schema, and sources from the environment.
 *
 * `ApiKeyProvider.layer` makes a provider from a source. docs/guides/configuration-files.md lists the precedence.
 *
 * @since 0.1.0
 */

import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "./ApiKeyError.js"
import { decodeProblem } from "./internal/source/decode.js"
import { environmentSource, variablesFor } from "./internal/source/environment.js"
import * as Document from "./internal/source/jsonc.js"
import { toConfigInvalid } from "./internal/source/problem.js"
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

export { variablesFor } from "./internal/source/environment.js"
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
 * Parses a source from JSONC. Fails with one `ConfigInvalid` that has line, column and remedy. `file` is the name to show in it.
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
 * The JSON of a source, for a configuration file. It contains a `literal` in plain text, so do not log it.
 *
 * @since 0.1.0
 * @category getters
 */
export const print = (source: ApiKeySource): string => JSON.stringify(encode(source))

/**
 * The source of a provider's key in the environment, read through the current `ConfigProvider`. For `openai` it is the first of
 * these variables that is set:
 *
 * - `OPENAI_API_KEY`: the key itself
 * - `OPENAI_API_KEY_FILE`: the path of a file
 * - `OPENAI_API_KEY_COMMAND`: a command as a JSON array, which runs in the home directory
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
export const config = (id: string): Config.Config<ApiKeySource> =>
  Config.mapOrFail(
    environmentSource(id),
    Either.mapLeft(({ hint, problem }) => ConfigError.InvalidData([variablesFor(id).command], `${problem}. ${hint}`))
  )
