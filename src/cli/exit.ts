/** All has been said already; what is left is the exit status. */
import * as Data from "effect/Data"

export class Reported extends Data.TaggedError("Reported")<{ readonly status: number }> {}
