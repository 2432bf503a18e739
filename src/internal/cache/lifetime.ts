/** How long a key is used: from when it is renewed in the background, and from when it may not be used. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"

/** A key that is kept. Instants are the wall clock's, in epoch milliseconds. */
export interface Entry {
  readonly key: ApiKey
  /** Made once, so that a hit allocates nothing. */
  readonly served: Effect.Effect<ApiKey>
  /** When the helper says that it expires: the first time it said so, while that is still to come. */
  readonly saidAt: Option.Option<number>
  /** Since when this key is held. */
  readonly since: number
  readonly softAt: number
  readonly hardAt: number
  /** The server refused it, and it is served all the same. */
  readonly suspect: boolean
  /** When it was last looked at: a clock that shows less was set back. A plain field, because every hit writes it. */
  seenAt: number
}

/** The options of a key's life, checked. */
export interface Life {
  readonly timeToLiveMillis: number
  readonly aheadMillis: Option.Option<number>
}

export const defaultTimeToLive = Duration.minutes(5)
/** A key goes out of use before the helper's instant, for clocks that differ and requests under way. */
const skewShare = 0.1
const maxSkewMillis = 30_000
const aheadShare = 0.2
const maxAheadMillis = 300_000
/** Else every use of a key would start a renewal, from its first on. */
const maxAheadShare = 0.5
/** The renewal begins up to this share of its window later, so that many processes do not ask at once. */
const aheadJitter = 0.25
const minRecheckMillis = 1_000

export const lifeOf = (options: {
  readonly timeToLive?: Duration.DurationInput | undefined
  readonly refreshAhead?: Duration.DurationInput | undefined
}): Either.Either<Life, ConfigInvalid> =>
  Either.all({
    timeToLiveMillis: positiveMillis("timeToLive", options.timeToLive ?? defaultTimeToLive),
    aheadMillis:
      options.refreshAhead === undefined
        ? Either.right(Option.none())
        : Option.match(Duration.decodeUnknown(options.refreshAhead), {
            onNone: () => invalid("`refreshAhead` is not a time"),
            onSome: (time) => Either.right(Option.some(Duration.toMillis(time)))
          })
  })

/** An option that is a time, which may be infinite. */
export const positiveMillis = (name: string, time: Duration.DurationInput): Either.Either<number, ConfigInvalid> =>
  Option.match(
    Option.filter(Option.map(Duration.decodeUnknown(time), Duration.toMillis), (millis) => millis > 0),
    { onNone: () => invalid(`\`${name}\` is not a time above 0`), onSome: Either.right }
  )

const invalid = (problem: string): Either.Either<never, ConfigInvalid> =>
  Either.left(inCode(problem, 'For example: "5 minutes"'))

export const isFresh = (entry: Entry, now: number): boolean => now < entry.softAt && now >= entry.seenAt

export const isUsable = (entry: Entry, now: number): boolean => now < entry.hardAt

/**
 * A key that a run brought. When the helper repeats the key that is held, and has ever said when it expires, that life goes on as
 * it was (`expires_in` counts from every run anew), and the next renewal waits for half of what is left of it.
 */
export const entryOf = (
  life: Life,
  key: ApiKey,
  {
    now,
    random,
    held,
    saidBefore
  }: {
    readonly now: number
    readonly random: number
    readonly held: Option.Option<Entry>
    /** The expiry of this key that an earlier run said. */
    readonly saidBefore: Option.Option<number>
  }
): Entry => {
  const instants = [
    Option.map(key.expiresAt, ({ epochMillis }) => epochMillis),
    Option.filter(saidBefore, (at) => at > now)
  ]
  const saidAt = Option.liftPredicate(Math.min(...instants.flatMap(Option.toArray)), Number.isFinite)
  const entry = newEntry(life, key, { now, random, saidAt })
  const same = Option.getOrUndefined(Option.filter(held, (known) => Equal.equals(known.key, key)))
  if (same === undefined) return entry
  if (Option.isNone(saidAt) || !isUsable(same, now)) return { ...entry, since: same.since, suspect: same.suspect }
  const hardAt = Math.min(same.hardAt, entry.hardAt)
  const recheckAt = now + Math.max(minRecheckMillis, (hardAt - now) / 2)
  // Never past the hard expiry, since a hit looks only at the soft one.
  const softAt = Math.min(hardAt, Math.max(Math.min(same.softAt, entry.softAt), recheckAt))
  return { ...same, saidAt, seenAt: now, hardAt, softAt }
}

const newEntry = (
  life: Life,
  key: ApiKey,
  { now, random, saidAt }: { readonly now: number; readonly random: number; readonly saidAt: Option.Option<number> }
): Entry => {
  const said = Option.map(saidAt, (at) => Math.max(0, at - now))
  const lifetime = Option.getOrElse(said, () => life.timeToLiveMillis)
  const usable = Option.isSome(said) ? lifetime - Math.min(maxSkewMillis, lifetime * skewShare) : lifetime
  const ahead = Math.min(
    Option.getOrElse(life.aheadMillis, () => Math.min(lifetime * aheadShare, maxAheadMillis)),
    usable * maxAheadShare
  )
  const hardAt = now + usable
  const softAt = Number.isFinite(hardAt) ? hardAt - ahead * (1 - aheadJitter * random) : hardAt
  return { key, served: Effect.succeed(key), saidAt, since: now, softAt, hardAt, suspect: false, seenAt: now }
}

/** The clock was set back: the key counts as soft-expired, and a time to live, which is ours, does not grow by the step. */
export const rewound = (entry: Entry, now: number): Entry =>
  now >= entry.seenAt
    ? entry
    : {
        ...entry,
        seenAt: now,
        since: Math.min(entry.since, now),
        softAt: now,
        hardAt: Option.isSome(entry.saidAt) ? entry.hardAt : entry.hardAt - (entry.seenAt - now)
      }
