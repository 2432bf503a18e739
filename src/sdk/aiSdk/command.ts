/** `apiKeyCommand` of a configuration, as the options of a provider. */

import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import { isRecord, isString } from "effect/Predicate"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { homeFolder } from "../../internal/host/HostEnvironment.js"
import { inCode } from "../../internal/model/options.js"
import type { CommandOptions } from "../../internal/provider/resolvedCommand.js"
import { commandOptions } from "../../internal/provider/source.js"
import { decodeProblem } from "../../internal/source/decode.js"

const example = 'For example: ["op", "read", "op://Private/OpenAI/api-key"]'

/**
 * Decodes the options of a command object in configuration, and `provider`. It runs in the home directory unless `cwd` is set, so
 * that no project can change what it does.
 */
export const commandOf = (id: string, given: unknown): Effect.Effect<CommandOptions, ConfigInvalid> => {
  const { provider = id, ...command } = isRecord(given) ? given : {}
  if (!isString(provider) || provider === "") {
    return inCode("`apiKeyCommand.provider` is invalid", "Give a non-empty string.")
  }
  return Either.match(decodeProblem({ command: isRecord(given) ? command : given }), {
    onLeft: ({ path: [, ...path], problem, remedy }) =>
      inCode(`\`${["apiKeyCommand", ...path].join(".")}\`: ${problem}`, remedy ?? example),
    onRight: (source) =>
      source._tag === "Command"
        ? Effect.succeed({ cwd: homeFolder(), ...commandOptions(source.command), provider })
        : inCode("`apiKeyCommand` is not a command", example)
  })
}
