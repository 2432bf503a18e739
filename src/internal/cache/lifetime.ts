/** The lifetime of a key: when it is refreshed in the background (soft expiry), and until when it may be used (hard expiry). */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Option from "effect/Option"
import type { ApiKey } from "../../ApiKey.js"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"
import type { Verdicts } from "./verdicts.js"

/** A key in the cache. Instants are wall clock times in epoch milliseconds. */
export interface CachedKey {
  readonly key: ApiKey
  /** The `Exit` of a hit, made once so that a hit allocates nothing. */
  readonly served: Effect.Effect<ApiKey>
  /** The expiry that the helper declared first for this key, as long as it lies in the future. */
  readonly declaredExpiry: Option.Option<number>
  /** When the key was stored in the cache. */
  readonly cachedAt: number
  readonly refreshAt: number
  readonly expiresAt: number
  /** The server rejected the key, and it is still served. */
  readonly suspect: boolean
  readonly verdicts: Verdicts
  /** When the key was last read. An earlier clock means that it was set back. A plain field, because every hit writes it. */
  lastReadAt: number
}

/** The checked lifetime options. */
export interface Life {
  readonly timeToLiveMillis: number
  readonly aheadMillis: Option.Option<number>
}

export const defaultTimeToLive = Duration.minutes(5)
/** Margin before the declared expiry, for clock differences and requests in flight. */
const skewShare = 0.1
const maxSkewMillis = 30_000
const aheadShare = 0.2
const maxAheadMillis = 300_000
/** Minimum soft lifetime. Without it every use of a short-lived key would start a refresh. */
const maxAheadShare = 0.5
/** Jitter: a refresh starts up to this share of its window later, so that many processes do not refresh at the same time. */
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
            onNone: () => invalid("`refreshAhead` is not a duration"),
            onSome: (time) => Either.right(Option.some(Duration.toMillis(time)))
          })
  })

/** Checks an option that is a positive duration, possibly infinite. */
export const positiveMillis = (name: string, time: Duration.DurationInput): Either.Either<number, ConfigInvalid> =>
  Option.match(
    Option.filter(Option.map(Duration.decodeUnknown(time), Duration.toMillis), (millis) => millis > 0),
    { onNone: () => invalid(`\`${name}\` is not a duration above 0`), onSome: Either.right }
  )

const invalid = (problem: string): Either.Either<never, ConfigInvalid> =>
  Either.left(inCode(problem, 'For example: "5 minutes"'))

export const isFresh = (cached: CachedKey, now: number): boolean => now < cached.refreshAt && now >= cached.lastReadAt

export const isUsable = (cached: CachedKey, now: number): boolean => now < cached.expiresAt

/**
 * Makes the cached key from a run's result. If the helper printed the current key again and once declared its expiry, the
 * lifetime stays as it was: `expires_in` counts from each run. The next refresh then waits for half of the remaining time.
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
    /** The expiry that an earlier run declared for this key. */
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
    return { ...cached, cachedAt: same.cachedAt, suspect: same.suspect, verdicts: same.verdicts }
  const expiresAt = Math.min(same.expiresAt, cached.expiresAt)
  const recheckAt = now + Math.max(minRecheckMillis, (expiresAt - now) / 2)
  // Never after the hard expiry, because a hit checks only the soft one.
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
    verdicts: new Map(),
    lastReadAt: now
  }
}

/** After the clock was set back: the key counts as soft-expired, and its time to live does not grow by the step. */
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
