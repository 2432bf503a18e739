/** Parses instants of credential protocols by strict rules, never with `new Date(text)`. */
import * as DateTime from "effect/DateTime"
import * as Option from "effect/Option"
import * as ParseResult from "effect/ParseResult"
import * as Schema from "effect/Schema"

const date = String.raw`(\d{4})-(\d{2})-(\d{2})`
const time = String.raw`(\d{2}):(\d{2}):(\d{2})(?:[.,](\d+))?`
/** RFC 3339, with a space for the T and `+0000` for `+00:00` as many tools print it. */
const rfc3339 = new RegExp(`^${date}[Tt ]${time} ?(?:[Zz]|([+-])(\\d{2}):?(\\d{2}))$`)
const zoneless = new RegExp(`^${date}[Tt ]${time}$`)

const millisPerMinute = 60_000
const millisPerSecond = 1000
/** The end of the year 9999, the last year in RFC 3339. A later instant means a number in another unit. */
const maxMillis = 253_402_300_799_999

interface Fields {
  readonly year: number
  readonly month: number
  readonly day: number
  readonly hour: number
  readonly minute: number
  readonly second: number
  readonly millis: number
}

/** A fraction of any length is cut to milliseconds: a key may end a little early, never late. */
const fieldsOf = (parts: ReadonlyArray<string | undefined>): Option.Option<Fields> => {
  const [, year, month, day, hour, minute, second, fraction] = parts
  const fields: Fields = {
    year: Number(year),
    month: Number(month),
    day: Number(day),
    hour: Number(hour),
    minute: Number(minute),
    second: Number(second),
    millis: Number((fraction ?? "").padEnd(3, "0").slice(0, 3))
  }
  const leapSecond = 60
  return fields.hour <= 23 && fields.minute <= 59 && fields.second <= leapSecond && isDay(fields)
    ? Option.some(fields)
    : Option.none()
}

/** Rejects the 30th of February, which `Date` would turn into a day in March. */
const isDay = ({ year, month, day }: Fields): boolean => {
  const moved = utcDay(year, month, day)
  return moved.getUTCFullYear() === year && moved.getUTCMonth() === month - 1 && moved.getUTCDate() === day
}

/** Not `Date.UTC`: it takes the years 0 to 99 for 1900 to 1999. */
const utcDay = (year: number, month: number, day: number): Date => {
  const start = new Date(0)
  start.setUTCFullYear(year, month - 1, day)
  return start
}

const instant = (millis: number): Option.Option<DateTime.Utc> =>
  Math.abs(millis) <= maxMillis ? DateTime.make(millis) : Option.none()

/** An RFC 3339 time: with `Z` or an offset, fractions of any length. A time without a zone is none. */
export const parseRfc3339 = (text: string): Option.Option<DateTime.Utc> => {
  const parts = rfc3339.exec(text.trim())
  if (parts === null) return Option.none()
  const [sign, hours, minutes] = parts.slice(8)
  const offset = (sign === "-" ? -1 : 1) * (Number(hours ?? 0) * 60 + Number(minutes ?? 0))
  if (Number(hours ?? 0) > 23 || Number(minutes ?? 0) > 59) return Option.none()
  return Option.flatMap(fieldsOf(parts), ({ day, hour, millis, minute, month, second, year }) =>
    instant(utcDay(year, month, day).setUTCHours(hour, minute, second, millis) - offset * millisPerMinute)
  )
}

/** A time without a zone, which is this machine's local time. Only where a protocol says so. */
export const parseLocal = (text: string): Option.Option<DateTime.Utc> => {
  const parts = zoneless.exec(text.trim())
  if (parts === null) return Option.none()
  return Option.flatMap(fieldsOf(parts), ({ day, hour, millis, minute, month, second, year }) => {
    const at = new Date(year, month - 1, day, hour, minute, second, millis)
    return instant(at.setFullYear(year, month - 1, day))
  })
}

/** This machine's local time without a zone, with microseconds as Python prints it. */
export const formatLocal = (at: DateTime.Utc): string => {
  const local = new Date(at.epochMillis)
  const two = (value: number): string => String(value).padStart(2, "0")
  return (
    `${String(local.getFullYear()).padStart(4, "0")}-${two(local.getMonth() + 1)}-${two(local.getDate())} ` +
    `${two(local.getHours())}:${two(local.getMinutes())}:${two(local.getSeconds())}.000000`
  )
}

/** A number, or the decimal text of one: some servers quote their numbers. */
export const parseNumber = (value: unknown): Option.Option<number> => {
  const number = typeof value === "string" && /^\s*-?\d+(?:\.\d+)?\s*$/.test(value) ? Number(value) : value
  return typeof number === "number" && Number.isFinite(number) ? Option.some(number) : Option.none()
}

export const fromEpochSeconds = (seconds: number): Option.Option<DateTime.Utc> =>
  instant(Math.floor(seconds * millisPerSecond))

export const fromEpochMillis = (millis: number): Option.Option<DateTime.Utc> => instant(Math.floor(millis))

/** Cut to whole seconds: a key may end a little early, never late. */
export const toEpochSeconds = (at: DateTime.Utc): number => Math.floor(at.epochMillis / millisPerSecond)

/** The zero time of Go and .NET as a text, and as Go's epoch seconds. */
export const isZeroTime = (value: unknown): boolean =>
  typeof value === "string"
    ? /^\s*0001-01-01[Tt ]00:00:00(?:\.0+)?(?:[Zz]|[+-]00:?00)?\s*$/.test(value)
    : value === zeroTimeSeconds || value === zeroTimeSeconds * millisPerSecond

const zeroTimeSeconds = -62_135_596_800

const months = ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"]
const httpDate = new RegExp(`^\\w{3}, (\\d{2}) (${months.join("|")}) (\\d{4}) (\\d{2}):(\\d{2}):(\\d{2}) GMT$`)

/** The date of HTTP headers (RFC 9110, IMF-fixdate): `Fri, 29 May 2026 00:21:43 GMT`. */
export const parseHttpDate = (text: string): Option.Option<DateTime.Utc> => {
  const [, day, month = "", year, hour, minute, second] = httpDate.exec(text.trim()) ?? []
  const number = String(months.indexOf(month) + 1).padStart(2, "0")
  return parseRfc3339(`${year}-${number}-${day}T${hour}:${minute}:${second}Z`)
}

const secondsPerUnit = { d: 86_400, h: 3600, m: 60, s: 1, ms: 1e-3 } as const
const goDuration = /^-?(?:\d+(?:\.\d+)?(?:ms|[smhd]))+$/

/** A duration as Go and protocol buffers print it, in seconds: `3600s`, `1h30m`. */
export const parseLifetime = (text: string): Option.Option<number> => {
  const trimmed = text.trim()
  if (!goDuration.test(trimmed)) return Option.none()
  const parts = Array.from(trimmed.matchAll(/(\d+(?:\.\d+)?)(ms|[smhd])/g))
  const sum = parts.reduce((total, [, amount, unit = "s"]) => total + Number(amount) * unitOf(unit), 0)
  return Option.some(trimmed.startsWith("-") ? -sum : sum)
}

const unitOf = (unit: string): number => (isUnit(unit) ? secondsPerUnit[unit] : 0)

const isUnit = (unit: string): unit is keyof typeof secondsPerUnit => Object.hasOwn(secondsPerUnit, unit)

/** A lifetime that counts from the start of the run. */
export const after = (startedAt: number, seconds: number): Option.Option<DateTime.Utc> =>
  instant(Math.floor(startedAt + seconds * millisPerSecond))

const decoding = <A, I>(
  from: Schema.Schema<I>,
  to: Schema.Schema<A>,
  parse: (input: I) => Option.Option<A>,
  print: (value: A) => I
) =>
  Schema.transformOrFail(from, to, {
    strict: true,
    decode: (input, _, ast) =>
      Option.match(parse(input), {
        onNone: () => ParseResult.fail(new ParseResult.Type(ast, undefined)),
        onSome: ParseResult.succeed
      }),
    encode: (value) => ParseResult.succeed(print(value))
  })

/** Later is the mark of another unit: an error says so, for it never shows the number. */
export const epoch = (unit: "seconds" | "milliseconds"): string => `epoch ${unit} before the year 10000`

/** A lifetime that is added to now. */
export const lifetime = (unit: "seconds" | "milliseconds"): string =>
  `a number of ${unit} that end before the year 10000`

/** Each says in its description what it expects: that is what an error names. */
export const Rfc3339 = decoding(
  Schema.String,
  Schema.DateTimeUtcFromSelf,
  parseRfc3339,
  DateTime.formatIso
).annotations({ description: "an RFC 3339 time" })

const NumberOrText = Schema.Union(Schema.Number, Schema.String)

export const EpochSeconds = decoding<DateTime.Utc, number | string>(
  NumberOrText,
  Schema.DateTimeUtcFromSelf,
  (input) => Option.flatMap(parseNumber(input), fromEpochSeconds),
  toEpochSeconds
).annotations({ description: epoch("seconds") })

/** Of two expiries the one that comes first. */
export const earlier = (
  one: Option.Option<DateTime.Utc>,
  other: Option.Option<DateTime.Utc>
): Option.Option<DateTime.Utc> =>
  Option.reduceCompact([one, other], Option.none<DateTime.Utc>(), (first, at) =>
    Option.some(Option.match(first, { onNone: () => at, onSome: (own) => DateTime.min(own, at) }))
  )
