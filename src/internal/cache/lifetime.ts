/** How long a key is used: from when it is renewed in the background, and from when it may not be used. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"

/** A key in the cache. Instants are the wall clock's, in epoch milliseconds. */
export interface CachedKey {
  readonly key: ApiKey
  /** Made once, so that a hit allocates nothing. */
  readonly served: Effect.Effect<ApiKey>
  /** When the helper says that it expires: the first time it said so, while that is still to come. */
  readonly declaredExpiry: Option.Option<number>
  /** Since when this key is held. */
  readonly cachedAt: number
  readonly refreshAt: number
  readonly expiresAt: number
  /** The server refused it, and it is served all the same. */
  readonly suspect: boolean
  /** When it was last looked at: a clock that shows less was set back. A plain field, because every hit writes it. */
  lastReadAt: number
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

export const isFresh = (cached: CachedKey, now: number): boolean => now < cached.refreshAt && now >= cached.lastReadAt

export const isUsable = (cached: CachedKey, now: number): boolean => now < cached.expiresAt

/**
 * A key that a run brought. When the helper repeats the key that is held, and has ever said when it expires, that life goes on as
 * it was (`expires_in` counts from every run anew), and the next renewal waits for half of what is left of it.
 */
export const cachedKeyOf = (
  life: Life,
  key: ApiKey,
  {
    now,
    random,
    previous,
    declaredBefore
  }: {
    readonly now: number
    readonly random: number
    readonly previous: Option.Option<CachedKey>
    /** The expiry of this key that an earlier run said. */
    readonly declaredBefore: Option.Option<number>
  }
): CachedKey => {
  const instants = [
    Option.map(key.expiresAt, ({ epochMillis }) => epochMillis),
    Option.filter(declaredBefore, (at) => at > now)
  ]
  const declaredExpiry = Option.liftPredicate(Math.min(...instants.flatMap(Option.toArray)), Number.isFinite)
  const cached = newCachedKey(life, key, { now, random, declaredExpiry })
  const same = Option.getOrUndefined(Option.filter(previous, (known) => Equal.equals(known.key, key)))
  if (same === undefined) return cached
  if (Option.isNone(declaredExpiry) || !isUsable(same, now))
    return { ...cached, cachedAt: same.cachedAt, suspect: same.suspect }
  const expiresAt = Math.min(same.expiresAt, cached.expiresAt)
  const recheckAt = now + Math.max(minRecheckMillis, (expiresAt - now) / 2)
  // Never past the hard expiry, since a hit looks only at the soft one.
  const refreshAt = Math.min(expiresAt, Math.max(Math.min(same.refreshAt, cached.refreshAt), recheckAt))
  return { ...same, declaredExpiry, lastReadAt: now, expiresAt, refreshAt }
}

const newCachedKey = (
  life: Life,
  key: ApiKey,
  {
    now,
    random,
    declaredExpiry
  }: { readonly now: number; readonly random: number; readonly declaredExpiry: Option.Option<number> }
): CachedKey => {
  const declaredMillis = Option.map(declaredExpiry, (at) => Math.max(0, at - now))
  const lifetime = Option.getOrElse(declaredMillis, () => life.timeToLiveMillis)
  const usable = Option.isSome(declaredMillis) ? lifetime - Math.min(maxSkewMillis, lifetime * skewShare) : lifetime
  const ahead = Math.min(
    Option.getOrElse(life.aheadMillis, () => Math.min(lifetime * aheadShare, maxAheadMillis)),
    usable * maxAheadShare
  )
  const expiresAt = now + usable
  const refreshAt = Number.isFinite(expiresAt) ? expiresAt - ahead * (1 - aheadJitter * random) : expiresAt
  return {
    key,
    served: Effect.succeed(key),
    declaredExpiry,
    cachedAt: now,
    refreshAt,
    expiresAt,
    suspect: false,
    lastReadAt: now
  }
}

/** The clock was set back: the key counts as soft-expired, and a time to live, which is ours, does not grow by the step. */
export const rewindCachedKey = (cached: CachedKey, now: number): CachedKey =>
  now >= cached.lastReadAt
    ? cached
    : {
        ...cached,
        lastReadAt: now,
        cachedAt: Math.min(cached.cachedAt, now),
        refreshAt: now,
        expiresAt: Option.isSome(cached.declaredExpiry)
          ? cached.expiresAt
          : cached.expiresAt - (cached.lastReadAt - now)
      }
