/** What the demo takes on its command line. */
import { parseArgs } from "node:util"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Schema from "effect/Schema"

export interface Options {
  readonly duration: Duration.Duration
}

export class UsageError extends Data.TaggedError("UsageError")<{ readonly message: string }> {}

const shortest = 1
const longest = 3600

const decodeSeconds = Schema.decodeUnknownEither(
  Schema.NonEmptyTrimmedString.pipe(Schema.compose(Schema.NumberFromString), Schema.between(shortest, longest))
)

/** `Left` is what to tell the user, in one line. */
export const parse = (args: ReadonlyArray<string>): Either.Either<Options, UsageError> =>
  Either.try({
    try: () => parseArgs({ args: [...args], options: { seconds: { type: "string", default: "10" } } }).values,
    catch: () => misused
  }).pipe(
    Either.flatMap(({ seconds }) => Either.mapLeft(decodeSeconds(seconds), () => misused)),
    Either.map((seconds) => ({ duration: Duration.seconds(seconds) }))
  )

const misused = new UsageError({
  message: `usage: npm start -- [--seconds N], with N from ${shortest} to ${longest} (default 10)`
})
