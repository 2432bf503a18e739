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
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Equal from "effect/Equal"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FiberId from "effect/FiberId"
import * as Option from "effect/Option"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Runtime from "effect/Runtime"
import * as RuntimeFlags from "effect/RuntimeFlags"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { ApiKey } from "./ApiKey.js"
import { type ApiKeyError, ExpiredOnArrival, KeyRejected, ProviderClosed } from "./ApiKeyError.js"
import type { RunReason } from "./CredentialHelper.js"
import {
  failureAfter,
  openRejection,
  type Rejection,
  reasonOf,
  refusalOf,
  rejectionAfter,
  repeatFailed,
  restingFailure,
  restsFromRejection,
  retryingAt
} from "./internal/cachePast.js"
import {
  type Empty,
  type Fetching,
  type Flight,
  type Holding,
  hasFlight,
  hasKey,
  initial,
  type Renewing,
  type State,
  transitions
} from "./internal/cacheState.js"
import { type Counts, statusOf } from "./internal/cacheStatus.js"
import { defaultLife, type Entry, entryOf, isFresh, isUsable, lifeOf } from "./internal/keyLife.js"
import { type RunReport, reportHits, reportRejection, reportRun } from "./internal/metrics.js"
import { type Peek, peekSymbol } from "./internal/peek.js"
import { inRunSpan, linkCaller, outcomeOf } from "./internal/runSpan.js"

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

/**
 * Makes a cache that lives as long as its scope: closing it stops a run in flight and forgets the key.
 *
 * @since 0.1.0
 * @category constructors
 */
export const make = <R>(options: Options<R>): Effect.Effect<ApiKeyCache, never, R | Scope.Scope> =>
  Effect.gen(function* () {
    // A fiber that starts interruptible and is interrupted before its first step would never say how it ended.
    const runtime = Runtime.disableRuntimeFlag(yield* Effect.runtime<R>(), RuntimeFlags.Interruption)
    const watchers = new Set<Queue.Queue<ApiKeyStatus>>()
    const checkedLife = lifeOf(options)
    const life = Either.getOrElse(checkedLife, () => defaultLife)
    const finishes = (options.whenAbandoned ?? (options.mayPrompt ? "finish" : "stop")) === "finish"
    const counts: Counts = { runs: 0, hits: 0, renewals: 0, rejections: 0 }
    let publishedHits = 0
    let ageAtUse = 0
    let state: State = initial

    // --- asking

    const get: Effect.Effect<ApiKey, ApiKeyError> = Effect.clockWith((clock) => {
      const now = clock.unsafeCurrentTimeMillis()
      return hasKey(state) && isFresh(state.entry, now) ? serve(state.entry, now) : getSlowly
    })

    const hit = (entry: Entry, now: number): Entry => {
      counts.hits++
      ageAtUse = now - entry.since
      entry.seenAt = now
      return entry
    }

    const serve = (entry: Entry, now: number): Effect.Effect<ApiKey> => hit(entry, now).served

    /** A hit, for callers without a runtime. */
    const peek: Peek = (now) => (hasKey(state) && isFresh(state.entry, now) ? hit(state.entry, now).key : undefined)

    const getSlowly = uninterruptibleAt((now, restore) => {
      if (hasKey(state) && now < state.entry.seenAt) state = transitions.rewind(state, now)
      if (hasKey(state) && !isUsable(state.entry, now)) state = transitions.expire(state)
      switch (state._tag) {
        case "Closed":
          return closed
        case "Renewing":
          return serve(state.entry, now)
        case "Holding": {
          const { entry, past } = state
          const isStale = !isFresh(entry, now)
          // Nobody asked for this run, so nobody may be asked for a fingerprint.
          if (isStale && !options.mayPrompt && Option.isNone(restingFailure(past, now))) start(state, now, "background")
          return serve(entry, now)
        }
        case "Fetching":
          return join(state.flight, restore, get)
        case "Empty": {
          const from = state
          return Option.match(restingFailure(from.past, now), {
            onNone: () => join(start(from, now, "caller"), restore, get),
            // Anew, because the back-off moves with a clock that is set back.
            onSome: ({ cause, backoff }) => Effect.failCause(retryingAt(cause, backoff))
          })
        }
      }
    })

    const refresh: Effect.Effect<ApiKey, ApiKeyError> = uninterruptibleAt((now, restore) =>
      state._tag === "Closed"
        ? closed
        : join(hasFlight(state) ? state.flight : start(state, now, "caller"), restore, refresh)
    )

    // --- a run in flight

    const start = (from: Empty | Holding, now: number, by: "caller" | "background" | "prefetch"): Flight => {
      const flight: Flight = {
        kept: by !== "caller",
        result: Deferred.unsafeMake(FiberId.none),
        gone: Deferred.unsafeMake(FiberId.none),
        links: [],
        fiber: Runtime.runFork(
          runtime,
          Effect.suspend(() => fly(flight, by === "background")),
          { immediate: false }
        ),
        reason: reasonOf(from.past),
        span: Option.none(),
        waiters: 0,
        shared: by === "caller" ? -1 : 0,
        stopping: false
      }
      counts.runs++
      state = transitions.start(from, flight)
      changed(now)
      return flight
    }

    const fly = (flight: Flight, background: boolean): Effect.Effect<void, never, R> =>
      Effect.gen(function* () {
        const { reason } = flight
        const clock = yield* Effect.clock
        const startedAt = clock.unsafeCurrentTimeMillis()
        const exit = yield* Effect.zipRight(checkedLife, options.fetch({ reason, background })).pipe(
          Effect.interruptible,
          inRunSpan(flight, { program: options.program, format: options.format, reason }),
          Effect.exit
        )
        const random = yield* Random.next
        const now = clock.unsafeCurrentTimeMillis()
        const landing = land(flight, exit, now, random)
        yield* report(exit, Math.max(0, now - startedAt), landing, flight)
        return landing._tag === "Overtaken" ? yield* fly(flight, background) : yield* landing.announce
      })

    /** Waits for a run. Who finds one that is being stopped waits for its end, and asks `again`. */
    const join = (flight: Flight, restore: Restore, again: Effect.Effect<ApiKey, ApiKeyError>) => {
      if (flight.stopping) return restore(Effect.zipRight(Deferred.await(flight.gone), again))
      flight.waiters++
      flight.shared++
      return Effect.zipRight(linkCaller(flight), restore(Deferred.await(flight.result))).pipe(
        Effect.onExit(() => leave(flight))
      )
    }

    /** The last caller takes the run with it, unless the run is the cache's own or is to finish. */
    const leave = (flight: Flight): Effect.Effect<void> =>
      Effect.suspend(() => {
        flight.waiters--
        const isOver = !hasFlight(state) || state.flight !== flight
        if (isOver || flight.waiters > 0 || flight.kept || finishes) return Effect.void
        flight.stopping = true
        return Effect.asVoid(Fiber.interrupt(flight.fiber))
      })

    // --- what a run brought

    const land = (flight: Flight, exit: Exit.Exit<ApiKey, ApiKeyError>, now: number, random: number): Landing => {
      const landing = !hasFlight(state)
        ? landed(Exit.fail(closedError))
        : Exit.isSuccess(exit)
          ? landKey(state, exit.value, now, random)
          : landFailure(state, exit.cause, now, random)
      if (landing._tag === "Landed") {
        Deferred.unsafeDone(flight.result, landing.answer)
        Deferred.unsafeDone(flight.gone, Exit.void)
      }
      changed(now)
      return landing
    }

    const landKey = (from: Fetching | Renewing, key: ApiKey, now: number, random: number): Landing => {
      const refused = openRejection(from.past)
      const repeated = Option.filter(refused, ({ entry }) => Equal.equals(entry.key, key))
      const repeats = Option.isSome(repeated)
      if (repeats && from.flight.reason !== "rejected") {
        // It was under way when the key was refused, so the helper did not know: its answer is the older news.
        from.flight.reason = "rejected"
        counts.runs++
        return { _tag: "Overtaken" }
      }
      const held = hasKey(from) ? Option.some(from.entry) : Option.map(repeated, ({ entry }) => entry)
      const isLast = Option.contains(from.past.digest, key.digest)
      const saidBefore = isLast ? from.past.saidAt : Option.none()
      const entry = entryOf(life, key, { now, random, held, saidBefore })
      if (!isUsable(entry, now)) return landFailure(from, Cause.fail(expiredOnArrival(key, now)), now, random)
      if (Option.isSome(repeated) && options.onRepeat === "fail") return landRepeat(from, repeated.value, now)
      const isNew = Option.exists(from.past.digest, (digest) => digest !== key.digest)
      if (isNew) counts.renewals++
      state = transitions.keep(
        from,
        repeats ? { ...entry, suspect: true } : entry,
        rejectionAfter(from.past, { repeats, isNew, now })
      )
      return landed(Exit.succeed(key), {
        brought: repeats ? "repeat" : isNew ? "renewal" : "nothing new",
        announce: Option.exists(repeated, ({ strikes }) => strikes === 0) ? warnOfRepeat : Effect.void
      })
    }

    const landRepeat = (from: Fetching | Renewing, refused: Rejection, now: number): Landing => {
      const error = new KeyRejected({ command: options.program, rejectedAt: utc(refused.at) })
      const [failure, rejection] = repeatFailed(refused, Cause.fail(error), now)
      state = transitions.fail(from, failure, rejection)
      return landed(Exit.failCause(failure.cause), { brought: "repeat" })
    }

    const landFailure = (
      from: Fetching | Renewing,
      cause: Cause.Cause<ApiKeyError>,
      now: number,
      random: number
    ): Landing => {
      const wasInterrupted = Cause.isInterruptedOnly(cause)
      if (wasInterrupted && from.flight.stopping) {
        state = transitions.stop(from)
        return landed(Exit.failCause(cause))
      }
      // Whoever waits was not interrupted, so that is not what they may see.
      const told = wasInterrupted ? Cause.die(new Error("the run was interrupted by what it ran")) : cause
      const failure = failureAfter(from.past, told, now, random)
      state = transitions.fail(from, failure, from.past.rejection)
      const isKnown = Option.exists(from.past.failure, ({ loginRequired }) => loginRequired)
      const announce = Option.match(Cause.failureOption(cause), {
        onNone: () => Effect.void,
        onSome: (error) =>
          failure.loginRequired
            ? isKnown
              ? Effect.void
              : warn("a log-in is needed", error)
            : hasKey(from) && isUsable(from.entry, now)
              ? warn("a renewal failed, the current key goes on", error)
              : Effect.void
      })
      return landed(Exit.failCause(failure.cause), { announce })
    }

    const expiredOnArrival = (key: ApiKey, now: number): ApiKeyError =>
      new ExpiredOnArrival({
        command: options.program,
        expiredAt: Option.getOrElse(key.expiresAt, () => utc(now))
      })

    // --- a refused key

    const reject = (key: ApiKey): Effect.Effect<void> =>
      Effect.clockWith((clock) => {
        if (!hasKey(state) || !Equal.equals(state.entry.key, key)) return Effect.void
        const now = clock.unsafeCurrentTimeMillis()
        counts.rejections++
        if (!isUsable(state.entry, now)) state = transitions.expire(state)
        else if (restsFromRejection(state.past, now)) state = transitions.doubt(state)
        else state = transitions.reject(state, refusalOf(state.past, state.entry, now))
        changed(now)
        return reportRejection(options.program)
      })

    // --- telling

    const report = (
      exit: Exit.Exit<ApiKey, ApiKeyError>,
      durationMillis: number,
      landing: Landing,
      flight: Flight
    ): Effect.Effect<void> => {
      const hits = counts.hits - publishedHits
      publishedHits = counts.hits
      const sharedWaits = Math.max(0, flight.shared)
      flight.shared = 0
      return reportRun({
        program: options.program,
        outcome: outcomeOf(exit),
        durationMillis,
        brought: landing._tag === "Landed" ? landing.brought : "nothing new",
        hits,
        sharedWaits,
        ageAtUseMillis: hits > 0 ? Option.some(ageAtUse) : Option.none()
      })
    }

    const warn = (what: string, error: ApiKeyError): Effect.Effect<void> =>
      Effect.logWarning(`${options.provider}: ${what}: ${error.message}. ${error.hint}`)

    const warnOfRepeat = Effect.logWarning(
      `${options.provider}: the server refused the key, and ${options.program} repeats it; it is served all the same`
    )

    const statusAt = (now: number): ApiKeyStatus => statusOf(options.provider, state, counts, now)
    const changed = (now: number): void => {
      if (watchers.size === 0) return
      const current = statusAt(now)
      for (const watcher of watchers) watcher.unsafeOffer(current)
    }
    // A queue each rather than a PubSub: nobody watches the caches of most programs, and a PubSub is large in a bundle.
    const watcher = Effect.acquireRelease(
      Effect.tap(Queue.sliding<ApiKeyStatus>(statusesKept), (queue) =>
        state._tag === "Closed" ? Queue.shutdown(queue) : Effect.sync(() => watchers.add(queue))
      ),
      (queue) =>
        Effect.zipRight(
          Effect.sync(() => watchers.delete(queue)),
          Queue.shutdown(queue)
        )
    )
    const status = Effect.clockWith((clock) => Effect.succeed(statusAt(clock.unsafeCurrentTimeMillis())))
    const closedError = new ProviderClosed({ provider: options.provider })
    const closed = Effect.fail(closedError)

    yield* Effect.addFinalizer(() =>
      Effect.suspend(() => {
        const stopped = hasFlight(state) ? Fiber.interrupt(state.flight.fiber) : Effect.void
        if (state._tag !== "Closed") state = transitions.close(state)
        return stopped.pipe(
          Effect.zipRight(
            Effect.suspend(() => Effect.forEach(Array.from(watchers), Queue.shutdown, { discard: true }))
          ),
          Effect.zipRight(reportHits(options.program, counts.hits - publishedHits))
        )
      })
    )
    if (options.prefetch === true) {
      yield* Effect.clockWith((clock) => Effect.sync(() => start(initial, clock.unsafeCurrentTimeMillis(), "prefetch")))
    }

    return {
      get,
      [peekSymbol]: peek,
      refresh,
      reject,
      status,
      changes: Stream.unwrapScoped(
        Effect.map(watcher, (queue) => Stream.concat(Stream.fromEffect(status), Stream.fromQueue(queue)))
      )
    }
  })

/** What became of a run: it has an answer for those who wait, or has to be made again because the key was refused meanwhile. */
type Landing =
  | { readonly _tag: "Overtaken" }
  | {
      readonly _tag: "Landed"
      readonly answer: Exit.Exit<ApiKey, ApiKeyError>
      readonly announce: Effect.Effect<void>
      readonly brought: RunReport["brought"]
    }

const landed = (
  answer: Exit.Exit<ApiKey, ApiKeyError>,
  {
    announce = Effect.void,
    brought = "nothing new"
  }: Partial<Pick<RunReport, "brought">> & { readonly announce?: Effect.Effect<void> } = {}
): Landing => ({ _tag: "Landed", answer, announce, brought })

type Restore = <A, E, R>(effect: Effect.Effect<A, E, R>) => Effect.Effect<A, E, R>

/** What reads and changes the state is one step: nobody can be interrupted between starting a run and waiting for it. */
const uninterruptibleAt = <A, E>(step: (now: number, restore: Restore) => Effect.Effect<A, E>): Effect.Effect<A, E> =>
  Effect.uninterruptibleMask((restore) => Effect.clockWith((clock) => step(clock.unsafeCurrentTimeMillis(), restore)))

const statusesKept = 16

const utc = (millis: number): DateTime.Utc => DateTime.unsafeMake(millis)
