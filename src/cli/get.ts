/** `effect-apikey get PROVIDER` and `effect-apikey get -- COMMAND [ARG …]`: prints a key. */

import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { toProvider } from "../internal/config/provider.js"
import { fromCommand } from "../internal/provider/command.js"
import { parseDuration } from "../internal/util/duration.js"
import { type ConfigurationOptions, configurationFor, refuseKey, suggestId } from "./configuration.js"
import { UsageError } from "./exit.js"
import { type FormatOptions, formatFor, isFormatOption } from "./formatOptions.js"

export interface GetOptions extends ConfigurationOptions, FormatOptions {
  readonly timeout?: string
}

/** Prints the key of a provider, or of `command`: the words after `--`. */
export const get = Effect.fnUntraced(function* (
  ids: ReadonlyArray<string>,
  command: ReadonlyArray<string>,
  options: GetOptions
) {
  const [id] = ids
  yield* checkUsage(ids, command, options)
  const provider = id === undefined ? yield* commandProvider(command, options) : yield* configuredProvider(id, options)
  const key = yield* provider.get
  yield* Console.log(Redacted.value(key.value))
}, Effect.scoped)

const checkUsage = (
  ids: ReadonlyArray<string>,
  command: ReadonlyArray<string>,
  options: GetOptions
): Effect.Effect<void, UsageError> => {
  const isCommand = command.length > 0
  if (ids.length > 1 || (isCommand && ids.length > 0)) {
    return new UsageError({
      problem: "more than one provider was given",
      hint: "Put a command after --, for example: effect-apikey get -- op read op://Private/OpenAI/api-key"
    })
  }
  if (isCommand && (options.config !== undefined || options.opencode === true)) {
    return new UsageError({
      problem: "--config and --opencode apply to a provider, not to a command",
      hint: "For example: effect-apikey get openai --config keys.jsonc"
    })
  }
  const ofCommand = Object.keys(options).find((name) => name === "timeout" || isFormatOption(name))
  if (!isCommand && ids.length > 0 && ofCommand !== undefined) {
    return new UsageError({
      problem: "--format, its parameters and --timeout apply to a command, not to a provider",
      hint: "Set them in the provider's configuration."
    })
  }
  return isCommand || ids.length > 0
    ? Effect.void
    : new UsageError({
        problem: "no provider and no command was given",
        hint: "For example: effect-apikey get openai, or effect-apikey get -- op read op://Private/OpenAI/api-key"
      })
}

const commandProvider = Effect.fnUntraced(function* (command: ReadonlyArray<string>, options: GetOptions) {
  const timeout = yield* Effect.transposeOption(Option.map(Option.fromNullable(options.timeout), timeoutOf))
  const format = yield* formatFor(command, options)
  return yield* fromCommand({
    argv: command,
    format,
    timeout: Option.getOrUndefined(timeout),
    interactive: "if-available"
  })
})

const configuredProvider = Effect.fnUntraced(function* (id: string, options: ConfigurationOptions) {
  const configuration = yield* configurationFor(options)
  yield* refuseKey(id, configuration)
  const provider = yield* toProvider(yield* configuration.resolve(id), { interactive: "if-available" })
  return { get: Effect.mapError(provider.get, suggestId(id, configuration)) }
})

const timeoutOf = (input: string): Effect.Effect<Duration.Duration, UsageError> =>
  Effect.mapError(
    parseDuration(input),
    () =>
      new UsageError({ problem: "--timeout is not a duration above 0", hint: 'For example: --timeout "10 seconds"' })
  )
