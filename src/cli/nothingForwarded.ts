/** Refuses what stands after `--` where no command is due: it would be thrown away, and something else done. */
import * as Effect from "effect/Effect"
import { Forwarded } from "./passthrough.js"
import { UsageError } from "./UsageError.js"

export const nothingForwarded: Effect.Effect<void, UsageError, Forwarded> = Effect.flatMap(Forwarded, (words) =>
  words.length === 0
    ? Effect.void
    : Effect.fail(
        new UsageError({
          problem: "nothing may stand after -- here",
          hint: "A command goes after -- of `effect-apikey get`; name a file or a provider without --."
        })
      )
)
