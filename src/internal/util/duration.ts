/** Durations as people write them: "5 minutes", "10s", "500 ms"; a bare number is seconds. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"

const units: ReadonlyArray<readonly [names: RegExp, millis: number]> = [
  [/^(?:ms|millis|milliseconds?)$/, 1],
  [/^(?:|s|secs?|seconds?)$/, 1_000],
  [/^(?:m|mins?|minutes?)$/, 60_000],
  [/^(?:h|hours?)$/, 3_600_000],
  [/^(?:d|days?)$/, 86_400_000]
]

/** Parses a positive duration, else None. */
export const parseDuration = (input: string): Option.Option<Duration.Duration> => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(input.trim().toLowerCase()) ?? []
  return Option.fromNullable(units.find(([names]) => names.test(unit ?? "?"))).pipe(
    Option.map(([, millis]) => Duration.millis(Number(amount) * millis)),
    Option.filter((duration) => Duration.toMillis(duration) > 0)
  )
}

/** Pattern for JSON Schema, whose regular expressions are case-sensitive. It accepts less than `parseDuration`, never more. */
export const durationPattern =
  "^ *(?=[0-9.]*[1-9])[0-9]+(?:\\.[0-9]+)? *(?:ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)? *$"

/** Formats a duration so that `parseDuration` returns it unchanged, in the largest unit that fits. */
export const formatDuration = (duration: Duration.Duration): string => {
  const millis = Duration.toMillis(duration)
  const [unit, size] = writtenUnits.find(([, size]) => millis >= size && millis % size === 0) ?? ["ms", 1]
  const amount = millis / size
  return `${amount} ${amount === 1 && unit !== "ms" ? unit.slice(0, -1) : unit}`
}

const writtenUnits: ReadonlyArray<readonly [unit: string, millis: number]> = [
  ["days", 86_400_000],
  ["hours", 3_600_000],
  ["minutes", 60_000],
  ["seconds", 1_000]
]
