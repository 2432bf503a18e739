/** `effect-apikey get -- COMMAND [ARG …]`: runs a helper and prints its key. */
import * as Args from "@effect/cli/Args"
import * as Command from "@effect/cli/Command"
import * as Options from "@effect/cli/Options"
import * as Console from "effect/Console"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKeyProvider from "../ApiKeyProvider.js"
import * as CredentialFormat from "../CredentialFormat.js"
import { parseDuration } from "../internal/durationText.js"
import { Forwarded } from "./Forwarded.js"
import { UsageError } from "./UsageError.js"

const format = Options.choice("format", CredentialFormat.formatNames).pipe(
  Options.withDescription("The protocol that the command's output speaks (default: auto)."),
  Options.withDefault("auto")
)

const timeout = Options.text("timeout").pipe(
  Options.withDescription('How long it may take, e.g. "10 seconds" (default: 30 seconds, 2 minutes where it may ask).'),
  Options.optional
)

const words = Args.text({ name: "command" }).pipe(
  Args.withDescription("The program and its arguments, best after --."),
  Args.repeated
)

export const get = Command.make("get", { format, timeout, words }, ({ format, timeout, words }) =>
  Effect.gen(function* () {
    const command = [...words, ...(yield* Forwarded)]
    if (command.length === 0) {
      return yield* new UsageError({
        problem: "no command was given",
        hint: "For example: effect-apikey get -- op read op://Private/OpenAI/api-key"
      })
    }
    const limit = yield* Effect.transposeOption(Option.map(timeout, timeLimit))
    const provider = yield* ApiKeyProvider.fromCommand({
      command,
      format,
      timeout: Option.getOrUndefined(limit),
      interactive: "if-available"
    })
    const key = yield* provider.get
    yield* Console.log(Redacted.value(key.value))
  }).pipe(Effect.scoped)
).pipe(Command.withDescription("Print the key that a helper command gives."))

const timeLimit = (input: string): Effect.Effect<Duration.Duration, UsageError> =>
  Effect.mapError(
    parseDuration(input),
    () => new UsageError({ problem: "--timeout is not a time above 0", hint: 'For example: --timeout "10 seconds"' })
  )
