/** The source of a provider's key in environment variables. */

import * as Config from "effect/Config"
import * as ConfigError from "effect/ConfigError"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { ConfigInvalid } from "../../ApiKeyError.js"
import { homeFolder, variableLabel } from "../host/HostEnvironment.js"
import { atValue, commandProblem, decodeProblem, shellString } from "./decode.js"
import { inDirectory } from "./inspect.js"
import * as Document from "./jsonc.js"
import type { Problem } from "./problem.js"
import type { ApiKeySource } from "./schema.js"

/**
 * The names of the variables for a provider's id: `openai` has `OPENAI_API_KEY`, `OPENAI_API_KEY_FILE` and
 * `OPENAI_API_KEY_COMMAND`; any other character than a letter or digit becomes an underscore.
 *
 * @since 0.1.0
 * @category getters
 */
export const variablesFor = (id: string): { readonly key: string; readonly file: string; readonly command: string } => {
  // Letters beyond ASCII go first: some of them have an ASCII letter as their capital ("ı" has "I").
  const name = id.replace(/[^A-Za-z0-9]+/g, "_").toUpperCase()
  const key = `${/^[0-9]/.test(name) ? "_" : ""}${name}_API_KEY`
  return { key, file: `${key}_FILE`, command: `${key}_COMMAND` }
}

/** A variable that is set but blank counts as unset. */
const nonBlank = (name: string): Config.Config<Option.Option<string>> =>
  Config.map(
    Config.option(Config.string(name)),
    Option.filter((value) => value.trim() !== "")
  )

/** Whether a text begins like JSON. If so, its error is about JSON; otherwise it is probably a command line. */
const looksLikeJson = (text: string): boolean => /^\s*[[{"]/.test(text)

const notJson = ({ column, problem }: ConfigInvalid): Problem =>
  atValue(
    `${problem} (at character ${column})`,
    'For example ["op", "read", "op://Work/OpenAI/key"], in double quotes.'
  )

const parseArgv = (text: string): Either.Either<ApiKeySource, Problem> =>
  Either.map(
    Either.flatMap(
      Either.mapLeft(Document.parse("environment", text), (error) =>
        looksLikeJson(text) ? notJson(error) : shellString(text)
      ),
      ({ root }) => {
        const value = Document.valueOf(root)
        const problem = commandProblem(value)
        return problem === undefined ? decodeProblem({ command: value }) : Either.left(problem)
      }
    ),
    // In the current directory, git and other programs would read the project's configuration.
    (source) => inDirectory(source, homeFolder())
  )

/** The first of the variables that is set. An invalid command is a `ConfigInvalid`, not a `ConfigError`. */
export const environmentSource = (id: string): Config.Config<Either.Either<ApiKeySource, ConfigInvalid>> => {
  const names = variablesFor(id)
  const invalid = ({ problem, remedy }: Problem): ConfigInvalid =>
    new ConfigInvalid({
      file: variableLabel(names.command),
      line: 0,
      column: 0,
      problem,
      remedy: remedy ?? "Correct it, or unset the variable."
    })
  return Config.all([nonBlank(names.key), nonBlank(names.file), nonBlank(names.command)]).pipe(
    Config.mapOrFail(
      ([key, file, argv]): Either.Either<Either.Either<ApiKeySource, ConfigInvalid>, ConfigError.ConfigError> => {
        if (Option.isSome(key)) {
          return Either.right(Either.right({ _tag: "Literal", literal: Redacted.make(key.value) } as const))
        }
        if (Option.isSome(file)) return Either.right(Either.right({ _tag: "File", file: file.value } as const))
        return Option.match(argv, {
          onNone: () =>
            Either.left(
              ConfigError.MissingData([names.key], `set ${names.key}, ${names.file} or ${names.command} (a JSON array)`)
            ),
          onSome: (text) => Either.right(Either.mapLeft(parseArgv(text), invalid))
        })
      }
    )
  )
}
