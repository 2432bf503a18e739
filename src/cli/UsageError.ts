/** The command line itself was wrong: exit status 64. */
import * as Data from "effect/Data"

export class UsageError extends Data.TaggedError("UsageError")<{
  readonly problem: string
  readonly hint: string
}> {}
