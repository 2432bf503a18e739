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

/** None for what is no time above 0. */
export const parseDuration = (input: string): Option.Option<Duration.Duration> => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)\s*([a-z]*)$/.exec(input.trim().toLowerCase()) ?? []
  return Option.fromNullable(units.find(([names]) => names.test(unit ?? "?"))).pipe(
    Option.map(([, millis]) => Duration.millis(Number(amount) * millis)),
    Option.filter((duration) => Duration.toMillis(duration) > 0)
  )
}

/** For a JSON Schema, whose readers know letters of one case only: not all that is read, and nothing that is not. */
export const durationPattern =
  "^ *(?=[0-9.]*[1-9])[0-9]+(?:\\.[0-9]+)? *(?:ms|millis|milliseconds?|s|secs?|seconds?|m|mins?|minutes?|h|hours?|d|days?)? *$"

/** The text that `parseDuration` reads as this very time, in the largest unit that fits. */
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
