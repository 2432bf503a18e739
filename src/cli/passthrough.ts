/** What stands after `--`: it is the helper's, and never looked at by our own argument parser. */
import * as Context from "effect/Context"

export class Forwarded extends Context.Tag("effect-apikey/cli/Forwarded")<Forwarded, ReadonlyArray<string>>() {}

export const splitForwarded = (
  argv: ReadonlyArray<string>
): { readonly ours: ReadonlyArray<string>; readonly forwarded: ReadonlyArray<string> } => {
  const at = argv.indexOf("--")
  return at < 0 ? { ours: argv, forwarded: [] } : { ours: argv.slice(0, at), forwarded: argv.slice(at + 1) }
}
