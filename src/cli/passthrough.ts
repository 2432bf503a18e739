/** What stands after `--`: it is the helper's, and never looked at by our own argument parser. */

import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import { UsageError } from "./exit.js"

export class Forwarded extends Context.Tag("effect-apikey/cli/Forwarded")<Forwarded, ReadonlyArray<string>>() {}

export const splitForwarded = (
  argv: ReadonlyArray<string>
): { readonly ours: ReadonlyArray<string>; readonly forwarded: ReadonlyArray<string> } => {
  const at = argv.indexOf("--")
  return at < 0 ? { ours: argv, forwarded: [] } : { ours: argv.slice(0, at), forwarded: argv.slice(at + 1) }
}

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
