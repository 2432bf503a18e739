/**
 * Keeps one key fresh: any number of callers share one run, a renewal goes on behind their backs, a refused key is dropped
 * once, and a failing helper is left alone for a while.
 *
 * States and transitions are drawn in docs/cache.md.
 *
 * @since 0.1.0
 */
import * as Cause from "effect/Cause"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as PubSub from "effect/PubSub"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { ApiKey } from "./ApiKey.js"
import { type ApiKeyError, KeyRejected, ProviderClosed, withRetryAt } from "./ApiKeyError.js"
import type { RunReason } from "./CredentialHelper.js"
import { type Backoff, backoff, doubling, holds } from "./internal/backoff.js"
import { reportRejection, reportRun } from "./internal/metrics.js"
import { type Peek, peekSymbol } from "./internal/peek.js"

/**
 * How a provider stands. Holds no secret.
 *
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyStatus {
  readonly provider: string
  /** `empty`: no key yet; `stale`: to be renewed at its next use; `failing`: the last run failed; `rejected`: the server refused the key. */
  readonly state: "empty" | "fresh" | "refreshing" | "stale" | "failing" | "rejected"
  /** Since when the current key is held. */
  readonly age: Option.Option<Duration.Duration>
  /** From when a fresher key is fetched in the background. */
  readonly softExpiry: Option.Option<DateTime.Utc>
  /** From when the key may not be used. */
  readonly hardExpiry: Option.Option<DateTime.Utc>
  /** Runs started. */
  readonly runs: number
  /** Keys served without waiting for a run. */
  readonly hits: number
  /** Runs that brought another key than the one before. */
  readonly renewals: number
  readonly rejections: number
  /** The error of the last run, if it failed. */
  readonly lastFailure: Option.Option<ApiKeyError>
  /** Until when no run is started, while a back-off runs. */
  readonly nextTry: Option.Option<DateTime.Utc>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface ApiKeyCache {
  /** The current key; fetched when there is none that may be used. */
  readonly get: Effect.Effect<ApiKey, ApiKeyError>
  /** Fetches now, past any back-off; joins a run in flight. */
  readonly refresh: Effect.Effect<ApiKey, ApiKeyError>
  /** The server refused this very key: it is dropped if it is still the current one. */
  readonly reject: (key: ApiKey) => Effect.Effect<void>
  readonly status: Effect.Effect<ApiKeyStatus>
  /** The status now and at every change. */
  readonly changes: Stream.Stream<ApiKeyStatus>
}

/**
 * @since 0.1.0
 * @category models
 */
export interface FetchRequest {
  readonly reason: RunReason
  /** Nobody waits for it: nobody may be asked. */
  readonly background: boolean
}

/**
 * What shapes a key's life. Instants are the wall clock's.
 *
 * @since 0.1.0
 * @category models
 */
export interface LifeOptions {
  /** How long a key without an expiry of its own is used. Default 5 min (1 h for helpers that may prompt); may be infinite. */
  readonly timeToLive?: Duration.DurationInput | undefined
  /** How long before its hard expiry a key is renewed in the background. Default: the last 20 % of its life, at most 5 min. */
  readonly refreshAhead?: Duration.DurationInput | undefined
  /** What to do when the helper repeats a refused key: believe it (default), or fail with `KeyRejected`. */
  readonly onRepeat?: "serve" | "fail" | undefined
  /** What happens to a run when its last caller leaves. Default `"stop"`; `"finish"` for helpers that may prompt. */
  readonly whenAbandoned?: "stop" | "finish" | undefined
  /** Fetch the first key when the layer is built, in the background. Default false. */
  readonly prefetch?: boolean | undefined
}

/**
 * @since 0.1.0
 * @category models
 */
export interface Options<R> extends LifeOptions {
  /** The provider's id, for errors and status. */
  readonly provider: string
  /** The program's name, for errors, metrics and spans. */
  readonly program: string
  /** The format's name, for spans. */
  readonly format: string
  /** The helper may ask a person: no renewal that nobody asked for. */
  readonly mayPrompt: boolean
  readonly fetch: (request: FetchRequest) => Effect.Effect<ApiKey, ApiKeyError, R>
}

const defaultTimeToLive = Duration.minutes(5)
const skewShare = 0.1
const maxSkewMillis = 30_000
const aheadShare = 0.2
const maxAheadMillis = 300_000
/** The renewal begins up to this share of its window later, so that many processes do not ask at once. */
const aheadJitter = 0.25
const minRecheckMillis = 1_000
const failureBackoff = { firstMillis: 1_000, maxMillis: 30_000, jitter: 0.25 }
const loginBackoffMillis = 5_000
const rejectBackoff = { firstMillis: 30_000, maxMillis: 300_000, jitter: 0 }

interface Entry {
  readonly key: ApiKey
  /** Made once, so that a hit allocates nothing. */
  readonly served: Effect.Effect<ApiKey>
  readonly since: number
  /** From when the clock is believed: it ran backward if it shows less. */
  readonly checkedAt: number
  readonly softAt: number
  readonly hardAt: number
  /** The server refused it, and it is served all the same. */
  suspect: boolean
}

interface Failure {
  readonly error: ApiKeyError
  readonly backoff: Backoff
}

interface Flight {
  readonly reason: RunReason
  readonly background: boolean
  readonly result: Deferred.Deferred<ApiKey, ApiKeyError>
  readonly gone: Deferred.Deferred<void>
  readonly links: Array<Tracer.SpanLink>
  waiters: number
  joined: number
  stopping: boolean
  span: Option.Option<Tracer.Span>
  fiber: Option.Option<Fiber.RuntimeFiber<unknown, unknown>>
}

/** The last key that was refused, kept so that a helper that repeats it is recognised. */
interface Rejection {
  readonly entry: Entry
  readonly at: number
  strikes: number
  /** None while the run that it caused has not brought a key. */
  backoff: Option.Option<Backoff>
  /** Whether that run brought the same key. */
  repeated: boolean
}

type State =
  | { readonly _tag: "Empty"; readonly flight: Option.Option<Flight>; readonly failure: Option.Option<Failure> }
  | {
      readonly _tag: "Holding"
      readonly entry: Entry
      readonly flight: Option.Option<Flight>
      readonly failure: Option.Option<Failure>
    }
  | { readonly _tag: "Closed" }

/**
 * Makes a cache that lives as long as its scope: closing it stops a run in flight and forgets the key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(options: Options<R>): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    const runtime = yield* Effect.runtime<R>()
    const hub = yield* PubSub.sliding<ApiKeyStatus>(16)
    const lifetimeMillis = Duration.toMillis(options.timeToLive ?? defaultTimeToLive)
    const aheadMillis = Option.map(Option.fromNullable(options.refreshAhead), Duration.toMillis)
    const finishes = (options.whenAbandoned ?? (options.mayPrompt ? "finish" : "stop")) === "finish"

    let state: State = { _tag: "Empty", flight: Option.none(), failure: Option.none() }
    let rejection: Option.Option<Rejection> = Option.none()
    let lastKey: Option.Option<ApiKey> = Option.none()
    let failures = 0
    const counts = { runs: 0, hits: 0, publishedHits: 0, renewals: 0, rejections: 0 }
    let usedAt = 0

    // --- asking

    const get: Effect.Effect<ApiKey, ApiKeyError> = Effect.clockWith((clock) => {
      const now = clock.unsafeCurrentTimeMillis()
      if (state._tag === "Holding" && now < state.entry.softAt && now >= state.entry.checkedAt) {
        counts.hits++
        usedAt = now
        return state.entry.served
      }
      return getSlowly(now)
    })

    /** A hit, for callers without a runtime. */
    const peek: Peek = (now) => {
      if (state._tag !== "Holding" || now >= state.entry.softAt || now < state.entry.checkedAt) return undefined
      counts.hits++
      usedAt = now
      return state.entry.key
    }

    const getSlowly = (now: number): Effect.Effect<ApiKey, ApiKeyError> => {
      if (state._tag === "Closed") return closed
      const rests = Option.filter(state.failure, (failure) => holds(failure.backoff, now))
      if (state._tag === "Holding" && now < state.entry.hardAt) {
        const { served } = state.entry
        counts.hits++
        usedAt = now
        if (Option.isNone(state.flight) && Option.isNone(rests) && !options.mayPrompt) start(now, true)
        return served
      }
      drop()
      return Option.isNone(state.flight) && Option.isSome(rests)
        ? Effect.fail(withRetryAt(rests.value.error, utc(rests.value.backoff.until)))
        : joinOrStart(now)
    }

    const refresh: Effect.Effect<ApiKey, ApiKeyError> = Effect.clockWith((clock) =>
      state._tag === "Closed" ? closed : joinOrStart(clock.unsafeCurrentTimeMillis())
    )

    const joinOrStart = (now: number): Effect.Effect<ApiKey, ApiKeyError> =>
      state._tag === "Closed" ? closed : join(Option.getOrElse(state.flight, () => start(now, false)))

    // --- a run in flight

    const reasonOf = (): RunReason =>
      Option.exists(rejection, ({ backoff }) => Option.isNone(backoff))
        ? "rejected"
        : Option.isSome(lastKey)
          ? "expiry"
          : "first"

    const start = (now: number, background: boolean): Flight => {
      const flight: Flight = {
        reason: reasonOf(),
        background,
        result: Deferred.unsafeMake(FiberId.none),
        gone: Deferred.unsafeMake(FiberId.none),
        links: [],
        waiters: 0,
        joined: 0,
        stopping: false,
        span: Option.none(),
        fiber: Option.none()
      }
      if (state._tag !== "Closed") state = { ...state, flight: Option.some(flight) }
      counts.runs++
      flight.fiber = Option.some(Runtime.runFork(runtime, fly(flight, now), { immediate: false }))
      changed(now)
      return flight
    }

    const fly = (flight: Flight, startedAt: number): Effect.Effect<void, never, R> =>
      Effect.suspend(() => {
        const { reason, background, links } = flight
        return noteSpan(flight).pipe(
          Effect.zipRight(Effect.interruptible(options.fetch({ reason, background }))),
          Effect.onExit((exit) => Effect.annotateCurrentSpan("outcome", outcomeOf(exit))),
          Effect.withSpan("effect-apikey.run", {
            root: true,
            links,
            attributes: { program: options.program, format: options.format, reason }
          })
        )
      }).pipe(
        Effect.exit,
        Effect.flatMap((exit) => settle(flight, exit, startedAt)),
        Effect.uninterruptible
      )

    const noteSpan = (flight: Flight): Effect.Effect<void> =>
      Effect.currentSpan.pipe(
        Effect.flatMap((span) =>
          Effect.sync(() => {
            flight.span = Option.some(span)
          })
        ),
        Effect.ignore
      )

    const join = (flight: Flight): Effect.Effect<ApiKey, ApiKeyError> =>
      Effect.uninterruptibleMask((restore) => {
        if (flight.stopping) return restore(Effect.zipRight(Deferred.await(flight.gone), get))
        flight.waiters++
        flight.joined++
        return linkCaller(flight).pipe(
          Effect.zipRight(restore(Deferred.await(flight.result))),
          Effect.onExit(() => leave(flight))
        )
      })

    const linkCaller = (flight: Flight): Effect.Effect<void> =>
      Effect.currentParentSpan.pipe(
        Effect.flatMap((span) =>
          Effect.sync(() => {
            const link: Tracer.SpanLink = { _tag: "SpanLink", span, attributes: {} }
            if (Option.isSome(flight.span)) flight.span.value.addLinks([link])
            else flight.links.push(link)
          })
        ),
        Effect.ignore
      )

    /** The last caller takes the run with it, unless the run is the cache's own or is to finish. */
    const leave = (flight: Flight): Effect.Effect<void> => {
      flight.waiters--
      const inFlight = state._tag !== "Closed" && Option.contains(state.flight, flight)
      if (!inFlight || flight.waiters > 0 || flight.background || finishes) return Effect.void
      flight.stopping = true
      return Option.match(flight.fiber, { onNone: () => Effect.void, onSome: Fiber.interrupt })
    }

    const settle = (flight: Flight, exit: Exit.Exit<ApiKey, ApiKeyError>, startedAt: number): Effect.Effect<void> =>
      Effect.gen(function* () {
        const now = (yield* Effect.clock).unsafeCurrentTimeMillis()
        const random = yield* Random.next
        const previous = lastKey
        const ageAtUse = state._tag === "Holding" ? Option.some(usedAt - state.entry.since) : Option.none()
        const [answer, announce] = land(exit, now, random)
        const renewed = Exit.isSuccess(answer) && Option.exists(previous, (key) => !Equal.equals(key, answer.value))
        if (renewed) counts.renewals++
        Deferred.unsafeDone(flight.result, answer)
        Deferred.unsafeDone(flight.gone, Exit.void)
        changed(now)
        const hits = counts.hits - counts.publishedHits
        counts.publishedHits = counts.hits
        yield* announce
        yield* reportRun({
          program: options.program,
          outcome: outcomeOf(exit),
          durationMillis: Math.max(0, now - startedAt),
          renewed,
          hits,
          sharedWaits: Math.max(0, flight.joined - 1),
          ageAtUseMillis: Option.getOrUndefined(ageAtUse)
        })
      })

    /** What a finished run makes of the state: what those who wait get, and what is to be logged. */
    const land = (exit: Exit.Exit<ApiKey, ApiKeyError>, now: number, random: number): Landed => {
      if (state._tag === "Closed") return [Exit.fail(closedError), Effect.void]
      state = { ...state, flight: Option.none() }
      if (Exit.isSuccess(exit)) return landKey(exit.value, now, random)
      return Option.match(Cause.failureOption(exit.cause), {
        onNone: () => [exit, Effect.void],
        onSome: (error) => landFailure(error, now, random)
      })
    }

    const landKey = (key: ApiKey, now: number, random: number): Landed => {
      const refused = Option.getOrUndefined(Option.filter(rejection, ({ backoff }) => Option.isNone(backoff)))
      const repeats = refused !== undefined && Equal.equals(refused.entry.key, key)
      failures = 0
      if (refused !== undefined) {
        refused.strikes++
        refused.repeated = repeats
        const rest = backoff(now, doubling(rejectBackoff, refused.strikes, random))
        if (repeats && options.onRepeat === "fail") {
          const error = new KeyRejected({ command: options.program, rejectedAt: utc(refused.at) })
          state = { _tag: "Empty", flight: Option.none(), failure: Option.some({ error, backoff: rest }) }
          return [Exit.fail(error), Effect.void]
        }
        refused.backoff = Option.some(rest)
      }
      const held = state._tag === "Holding" ? state.entry : repeats ? refused.entry : undefined
      const entry =
        held !== undefined && now < held.hardAt && Equal.equals(held.key, key)
          ? recheckLater(held, now)
          : newEntry(key, now, random)
      entry.suspect ||= repeats
      lastKey = Option.some(key)
      state = { _tag: "Holding", entry, flight: Option.none(), failure: Option.none() }
      return [Exit.succeed(key), repeats ? warnOfRepeat : Effect.void]
    }

    const landFailure = (error: ApiKeyError, now: number, random: number): Landed => {
      if (state._tag === "Closed") return [Exit.fail(closedError), Effect.void]
      failures++
      const loginRequired = error._tag === "NonZeroExit" && error.reason === "LoginRequired"
      const known = Option.exists(state.failure, (last) => last.error.message === error.message)
      const millis = doubling(failureBackoff, failures, random)
      const rest = backoff(now, loginRequired ? Math.min(millis, loginBackoffMillis) : millis)
      state = { ...state, failure: Option.some({ error, backoff: rest }) }
      const served = state._tag === "Holding" && now < state.entry.hardAt
      if (loginRequired) return [Exit.fail(error), known ? Effect.void : warn("a log-in is needed", error)]
      return [Exit.fail(error), served ? warn("a renewal failed, the current key goes on", error) : Effect.void]
    }

    const newEntry = (key: ApiKey, now: number, random: number): Entry => {
      const said = Option.map(key.expiresAt, (at) => Math.max(0, at.epochMillis - now))
      const life = Option.getOrElse(said, () => lifetimeMillis)
      const usable = Option.isSome(said) ? life - Math.min(maxSkewMillis, life * skewShare) : life
      const hardAt = now + usable
      const ahead = Math.min(
        Option.getOrElse(aheadMillis, () => Math.min(life * aheadShare, maxAheadMillis)),
        usable
      )
      const softAt = Number.isFinite(hardAt) ? hardAt - ahead * (1 - aheadJitter * random) : hardAt
      return { key, served: Effect.succeed(key), since: now, checkedAt: now, softAt, hardAt, suspect: false }
    }

    /** A renewal that brings the same key leaves its life as it was; the next one waits for half of what is left. */
    const recheckLater = (entry: Entry, now: number): Entry => ({
      ...entry,
      checkedAt: now,
      softAt: Math.max(entry.softAt, now + Math.max(minRecheckMillis, (entry.hardAt - now) / 2))
    })

    // --- forgetting

    const drop = (): void => {
      if (state._tag === "Holding") state = { _tag: "Empty", flight: state.flight, failure: state.failure }
    }

    const reject = (key: ApiKey): Effect.Effect<void> =>
      Effect.clockWith((clock) => {
        if (state._tag !== "Holding" || !Equal.equals(state.entry.key, key)) return Effect.void
        const now = clock.unsafeCurrentTimeMillis()
        const { entry } = state
        const rests = Option.exists(
          Option.flatMap(rejection, (known) => known.backoff),
          (rest) => holds(rest, now)
        )
        counts.rejections++
        if (now >= entry.hardAt) drop()
        else if (rests) entry.suspect = true
        else {
          const strikes = Option.match(rejection, {
            onNone: () => 0,
            onSome: (old) => (old.repeated ? old.strikes : 0)
          })
          rejection = Option.some({ entry, at: now, strikes, backoff: Option.none(), repeated: false })
          drop()
        }
        changed(now)
        return reportRejection(options.program)
      })

    // --- telling

    const warn = (what: string, error: ApiKeyError): Effect.Effect<void> =>
      Effect.logWarning(`${options.provider}: ${what}: ${error.message}. ${error.hint}`)

    const warnOfRepeat = Effect.logWarning(
      `${options.provider}: the server refused the key, and ${options.program} repeats it; it is served all the same`
    )

    const statusAt = (now: number): ApiKeyStatus => {
      const entry = state._tag === "Holding" ? Option.some(state.entry) : Option.none()
      const failure = state._tag === "Closed" ? Option.none() : state.failure
      const pause = Option.orElse(
        Option.map(failure, (last) => last.backoff),
        () => Option.flatMap(rejection, (known) => known.backoff)
      )
      return {
        provider: options.provider,
        state: stateAt(now),
        age: Option.map(entry, ({ since }) => Duration.millis(Math.max(0, now - since))),
        softExpiry: Option.flatMap(entry, ({ softAt }) => DateTime.make(softAt)),
        hardExpiry: Option.flatMap(entry, ({ hardAt }) => DateTime.make(hardAt)),
        runs: counts.runs,
        hits: counts.hits,
        renewals: counts.renewals,
        rejections: counts.rejections,
        lastFailure: Option.map(failure, ({ error }) => error),
        nextTry: Option.filter(pause, (rest) => holds(rest, now)).pipe(Option.map(({ until }) => utc(until)))
      }
    }

    const stateAt = (now: number): ApiKeyStatus["state"] => {
      if (state._tag === "Closed") return "empty"
      const held = state._tag === "Holding" ? state.entry : undefined
      const refused = Option.exists(rejection, ({ backoff }) => Option.isNone(backoff))
      if (held?.suspect ?? refused) return "rejected"
      if (Option.isSome(state.flight)) return "refreshing"
      if (Option.isSome(state.failure)) return "failing"
      if (held === undefined) return "empty"
      return now < held.softAt && now >= held.checkedAt ? "fresh" : "stale"
    }

    const changed = (now: number): void => {
      hub.unsafeOffer(statusAt(now))
    }

    const status = Effect.clockWith((clock) => Effect.sync(() => statusAt(clock.unsafeCurrentTimeMillis())))
    const closedError = new ProviderClosed({ provider: options.provider })
    const closed = Effect.fail(closedError)

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        const flight = state._tag === "Closed" ? Option.none<Flight>() : state.flight
        state = { _tag: "Closed" }
        rejection = Option.none()
        lastKey = Option.none()
        const fiber = Option.flatMap(flight, (running) => running.fiber)
        return Option.match(fiber, { onNone: () => Effect.void, onSome: Fiber.interrupt })
      }).pipe(Effect.zipRight(PubSub.shutdown(hub)))
    )

    if (options.prefetch === true)
      yield* Effect.clockWith((clock) => Effect.sync(() => start(clock.unsafeCurrentTimeMillis(), true)))

    return {
      get,
      [peekSymbol]: peek,
      refresh,
      reject,
      status,
      changes: Stream.unwrapScoped(
        Effect.map(PubSub.subscribe(hub), (queue) => Stream.concat(Stream.fromEffect(status), Stream.fromQueue(queue)))
      )
    }
  })

type Landed = readonly [answer: Exit.Exit<ApiKey, ApiKeyError>, announce: Effect.Effect<void>]

const utc = (millis: number): DateTime.Utc => DateTime.unsafeMake(millis)

const outcomeOf = (exit: Exit.Exit<ApiKey, ApiKeyError>): string =>
  Exit.match(exit, {
    onSuccess: () => "success",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => (Cause.isInterrupted(cause) ? "interrupted" : "defect"),
        onSome: ({ _tag }) => _tag
      })
  })
