/**
 * When the key of a JSON answer expires: one table of field names for all formats. Every expiry in the answer counts, and the
 * earliest is the key's.
 */

import type * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import {
  after,
  earlier,
  epoch,
  fromEpochMillis,
  fromEpochSeconds,
  isZeroTime,
  lifetime,
  parseHttpDate,
  parseLifetime,
  parseLocal,
  parseNumber,
  parseRfc3339
} from "./instant.js"
import { type Mismatch, mismatch } from "./schema.js"

/** How the value of a field is read. `expected` is what an error says of a value that does not fit. */
export interface Reading {
  readonly expected: string
  readonly read: (value: unknown, startedAt: number) => Option.Option<DateTime.Utc>
}

const text =
  (parse: (value: string) => Option.Option<DateTime.Utc>): Reading["read"] =>
  (value) =>
    typeof value === "string" ? parse(value) : Option.none()

export const rfc3339: Reading = { expected: "an RFC 3339 time", read: text(parseRfc3339) }

export const localOrRfc3339: Reading = {
  expected: "a local time (YYYY-MM-DD HH:MM:SS) or an RFC 3339 time",
  read: text((value) => Option.orElse(parseLocal(value), () => parseRfc3339(value)))
}

export const epochSeconds: Reading = {
  expected: epoch("seconds"),
  read: (value) => Option.flatMap(parseNumber(value), fromEpochSeconds)
}

export const secondsFromStart: Reading = {
  expected: lifetime("seconds"),
  read: (value, startedAt) => Option.flatMap(parseNumber(value), (seconds) => after(startedAt, seconds))
}

/** As seconds, such a number is after the year 5138; as milliseconds, a smaller one is before the year 1974. */
const smallestMillis = 1e11

/** Where the name has no unit, the number has: only one of the two gives a year in which tokens exist. */
const instantIn = (unit: number): Reading => ({
  expected: `an RFC 3339 time or ${epoch("seconds")}`,
  read: (value) =>
    Option.orElse(
      Option.flatMap(parseNumber(value), (number) =>
        unit < 1 || number >= smallestMillis ? fromEpochMillis(number) : fromEpochSeconds(number)
      ),
      () =>
        typeof value === "string"
          ? Option.orElse(parseRfc3339(value), () => parseHttpDate(value))
          : Option.none<DateTime.Utc>()
    )
})

const millisPerSecond = 1000

const lifetimeIn = (secondsPerUnit: number): Reading => ({
  expected: lifetime("seconds"),
  read: (value, startedAt) =>
    Option.flatMap(
      Option.orElse(
        Option.map(parseNumber(value), (amount) => amount * secondsPerUnit),
        () => (typeof value === "string" ? parseLifetime(value) : Option.none())
      ),
      (seconds) => after(startedAt, seconds)
    )
})

/** Lark's `expire` is a lifetime; a small number would be a time in the first years after 1970. */
const lifetimeOrInstantIn = (unit: number): Reading => ({
  expected: instantIn(unit).expected,
  read: (value, startedAt) =>
    (Option.exists(parseNumber(value), (number) => number < smallestMillis / millisPerSecond)
      ? lifetimeIn(unit)
      : instantIn(unit)
    ).read(value, startedAt)
})

const readings = { instant: instantIn, lifetime: lifetimeIn, either: lifetimeOrInstantIn }

type Kind = keyof typeof readings

/** The names, without what they may begin and end with. */
const kinds: Readonly<Record<string, Kind>> = {
  exp: "instant",
  expires: "instant",
  expiry: "instant",
  expiration: "instant",
  expiresat: "instant",
  expireat: "instant",
  expiredat: "instant",
  expirationat: "instant",
  expireson: "instant",
  expireon: "instant",
  expiresby: "instant",
  expirydate: "instant",
  expirytime: "instant",
  expirationdate: "instant",
  expirationtime: "instant",
  expiretime: "instant",
  validuntil: "instant",
  validtill: "instant",
  validto: "instant",
  goodtill: "instant",
  gooduntil: "instant",
  notafter: "instant",
  notonorafter: "instant",
  expire: "either",
  expiresin: "lifetime",
  expirein: "lifetime",
  expiryin: "lifetime",
  expirationin: "lifetime",
  expiresafter: "lifetime",
  expireafter: "lifetime",
  ttl: "lifetime",
  timetolive: "lifetime",
  lifetime: "lifetime",
  validfor: "lifetime",
  leaseduration: "lifetime",
  maxage: "lifetime"
}

/** What a name may begin with and still be of the key itself: not `refresh`, `id` or `ext`. */
const beginnings: ReadonlySet<string> = new Set(
  "access api auth bearer credential credentials key oauth secret token".split(" ")
)

/** What a name may end with that changes neither kind nor unit. */
const endings: ReadonlySet<string> = new Set(
  "date datetime epoch gmt iso iso8601 rfc3339 time timestamp unix utc".split(" ")
)

const secondsPerUnit: Readonly<Record<string, number>> = {
  ms: 1e-3,
  msec: 1e-3,
  msecs: 1e-3,
  millis: 1e-3,
  milliseconds: 1e-3,
  s: 1,
  sec: 1,
  secs: 1,
  second: 1,
  seconds: 1,
  min: 60,
  mins: 60,
  minutes: 60,
  hours: 3600,
  days: 86_400
}

/** `expiresAtMs`, `ExpiresAtMS` and `expires_at_ms` alike. */
const wordsOf = (name: string): ReadonlyArray<string> =>
  name
    .replace(/([a-z0-9])([A-Z])/g, "$1 $2")
    .toLowerCase()
    .split(/[^a-z0-9]+/)
    .filter((word) => word !== "")

const longestName = 60

/** How the field of this name is read. None if it is not an expiry of the key. */
export const readingOf = (name: string): Option.Option<Reading> => {
  const words = name.length > longestName ? [] : [...wordsOf(name)]
  let unit = 1
  while (words.length > 1) {
    const last = words.at(-1) ?? ""
    if (!endings.has(last) && !Object.hasOwn(secondsPerUnit, last)) break
    unit = secondsPerUnit[last] ?? unit
    words.pop()
  }
  while (words.length > 1 && beginnings.has(words[0] ?? "")) words.shift()
  const core = words.join("")
  return Option.map(Option.fromNullable(Object.hasOwn(kinds, core) ? kinds[core] : undefined), (kind) =>
    readings[kind](unit)
  )
}

/** An object of the answer, and its path for errors. */
export interface Place {
  readonly path: string
  readonly object: Readonly<Record<string, unknown>>
}

export interface Options {
  readonly startedAt: number
  /** The fields that the protocol itself defines, with its own reading. None means that the field does not count. */
  readonly own?: Readonly<Record<string, Option.Option<Reading>>>
  /** Fields that are passed over if they cannot be read and another field has an expiry. */
  readonly weak?: ReadonlyArray<string>
  /** The fields are the user's own data: what cannot be read does not count. */
  readonly isUserData?: boolean
}

/** What serializers write for "no expiry": null, an empty string, and the zero time of Go and .NET. */
const isNone = (value: unknown): boolean =>
  value === undefined || value === null || isZeroTime(value) || (typeof value === "string" && value.trim() === "")

type Found = Either.Either<DateTime.Utc, Mismatch & { readonly name: string }>

/** The earliest expiry in the given objects: the one that holds the key, and those around it. */
export const expiryIn = (
  places: ReadonlyArray<Place>,
  { isUserData = false, own = {}, startedAt, weak = [] }: Options
): Either.Either<Option.Option<DateTime.Utc>, Mismatch> => {
  const found = places.flatMap(({ object, path }) =>
    Object.entries(object).flatMap(([name, value]): ReadonlyArray<Found> => {
      if (isNone(value)) return []
      const reading = Object.hasOwn(own, name) ? (own[name] ?? Option.none()) : readingOf(name)
      return Option.toArray(reading).map(({ expected, read }) =>
        Either.fromOption(read(value, startedAt), () => ({
          path: path === "" ? name : `${path}.${name}`,
          expected,
          name
        }))
      )
    })
  )
  const ends = found.flatMap((each) => Option.toArray(Either.getRight(each)))
  const earliest = ends.map((end) => Option.some(end)).reduce(earlier, Option.none<DateTime.Utc>())
  const unread = found
    .flatMap((each) => Option.toArray(Either.getLeft(each)))
    .filter(({ name }) => !isUserData && !(ends.length > 0 && weak.includes(name)))
  const [first] = unread
  return first === undefined
    ? Either.right(earliest)
    : mismatch(
        first.path,
        first.expected,
        "Make the command print that field with its time zone (2030-01-31T12:30:15Z), as epoch seconds, or as a number of seconds."
      )
}
