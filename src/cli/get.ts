/** `effect-apikey get PROVIDER` and `effect-apikey get -- COMMAND [ARG …]`: prints a key. */

import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as CredentialFormat from "../CredentialFormat.js"
import { toProvider } from "../internal/config/provider.js"
import { fromCommand } from "../internal/provider/command.js"
import { parseDuration } from "../internal/util/duration.js"
import { type Chosen, chosen, config, opencode } from "./configuration.js"
import { UsageError } from "./exit.js"
import { Forwarded } from "./passthrough.js"

const format = Options.choice("format", CredentialFormat.formatNames).pipe(
  Options.withDescription("The protocol that the command's output speaks (default: auto)."),
  Options.optional
)

const timeout = Options.text("timeout").pipe(
  Options.withDescription('How long it may take, e.g. "10 seconds" (default: 30 seconds, 2 minutes where it may ask).'),
  Options.optional
)

const words = Args.text({ name: "provider" }).pipe(
  Args.withDescription("A provider of the configuration; a command goes after --."),
  Args.repeated
)

export const get = Command.make(
  "get",
  { format, timeout, config, opencode, words },
  ({ format: formatName, timeout: limitText, words: given, ...choice }) =>
    Effect.gen(function* () {
      const command = yield* Forwarded
      const [id, ...more] = given
      const isCommand = command.length > 0
      if (more.length > 0 || (isCommand && id !== undefined)) {
        return yield* new UsageError({
          problem: "more than one provider was given",
          hint: "A command goes after --, for example: effect-apikey get -- op read op://Private/OpenAI/api-key"
        })
      }
      if (isCommand && (Option.isSome(choice.config) || choice.opencode)) {
        return yield* new UsageError({
          problem: "--config and --opencode go with a provider, not with a command",
          hint: "For example: effect-apikey get openai --config keys.jsonc"
        })
      }
      if (id !== undefined && (Option.isSome(formatName) || Option.isSome(limitText))) {
        return yield* new UsageError({
          problem: "--format and --timeout go with a command",
          hint: "Of a provider they stand in its configuration."
        })
      }
      if (id === undefined && !isCommand) {
        return yield* new UsageError({
          problem: "no provider and no command was given",
          hint: "For example: effect-apikey get openai, or effect-apikey get -- op read op://Private/OpenAI/api-key"
        })
      }
      const limit = yield* Effect.transposeOption(Option.map(limitText, timeLimit))
      const provider =
        id === undefined
          ? yield* fromCommand({
              command,
              format: Option.getOrUndefined(formatName),
              timeout: Option.getOrUndefined(limit),
              interactive: "if-available"
            })
          : yield* providerOf(id, choice)
      const key = yield* provider.get
      yield* Console.log(Redacted.value(key.value))
    }).pipe(Effect.scoped)
).pipe(Command.withDescription("Print the key of a provider, or the one that a helper command gives."))

const providerOf = (id: string, choice: Chosen) =>
  Effect.gen(function* () {
    const configuration = yield* chosen(choice)
    return yield* toProvider(yield* configuration.resolve(id), { interactive: "if-available" })
  })

const timeLimit = (input: string): Effect.Effect<Duration.Duration, UsageError> =>
  Effect.mapError(
    parseDuration(input),
    () => new UsageError({ problem: "--timeout is not a time above 0", hint: 'For example: --timeout "10 seconds"' })
  )
