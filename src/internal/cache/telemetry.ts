/** Counters of a cache in plain fields, published as metrics with its runs. */

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { CachedKey } from "./lifetime.js"
import { type RunResult, reportHits, reportRun } from "./metrics.js"

/** The counters, incremented without a lock. */
export interface Counts {
  runs: number
  hits: number
  renewals: number
  rejections: number
}

/** Data of a run for its span and metrics. */
export interface RunTrace {
  readonly links: Array<Tracer.SpanLink>
  span: Option.Option<Tracer.Span>
  /** The number of callers that joined since the last report, without the one that started the run. */
  shared: number
}

export interface Counters {
  readonly counts: Counts
  /** Counts a hit: a key served without waiting. */
  readonly hit: (cached: CachedKey, now: number) => CachedKey
  /** Counts the result of a run. The effect publishes it together with everything counted since the last run. */
  readonly report: (
    trace: RunTrace,
    ended: { readonly exit: Exit.Exit<ApiKey, ApiKeyError>; readonly startedAt: number; readonly now: number },
    result: RunResult
  ) => Effect.Effect<void>
  /** Publishes the remaining counts when the cache closes. */
  readonly publishRest: () => Effect.Effect<void>
}

export const makeCounters = (program: string): Counters => {
  const counts: Counts = { runs: 0, hits: 0, renewals: 0, rejections: 0 }
  let published = 0
  let ageAtUse = 0
  const unpublishedHits = (): number => {
    const hits = counts.hits - published
    published = counts.hits
    return hits
  }
  return {
    counts,
    hit: (cached, now) => {
      counts.hits++
      ageAtUse = now - cached.cachedAt
      cached.lastReadAt = now
      return cached
    },
    report: (trace, { exit, startedAt, now }, result) => {
      if (result === "renewal") counts.renewals++
      const hits = unpublishedHits()
      const sharedWaits = Math.max(0, trace.shared)
      trace.shared = 0
      return reportRun({
        program,
        outcome: outcomeOf(exit),
        durationMillis: Math.max(0, now - startedAt),
        result,
        hits,
        sharedWaits,
        ageAtUseMillis: hits > 0 ? Option.some(ageAtUse) : Option.none()
      })
    },
    publishRest: () => reportHits(program, unpublishedHits())
  }
}

const runSpanName = "effect-apikey.run"

/** The outcome of a run: `success`, the error's tag, `interrupted` or `defect`. */
const outcomeOf = (exit: Exit.Exit<unknown, ApiKeyError>): string =>
  Exit.match(exit, {
    onSuccess: () => "success",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => (Cause.isInterrupted(cause) ? "interrupted" : "defect"),
        onSome: ({ _tag }) => _tag
      })
  })

/** Runs in a span. The `attributes` are exported by the application, so they contain no arguments and no secrets. */
export const inRunSpan =
  (trace: RunTrace, attributes: { readonly program: string; readonly format: string; readonly reason: string }) =>
  <A, R>(run: Effect.Effect<A, ApiKeyError, R>): Effect.Effect<A, ApiKeyError, R> =>
    Effect.useSpan(runSpanName, { root: true, links: [...trace.links], attributes }, (span) => {
      trace.span = Option.some(span)
      return Effect.withParentSpan(run, span).pipe(
        Effect.onExit((exit) => Effect.sync(() => span.attribute("outcome", outcomeOf(exit))))
      )
    })

/** Links the run to the caller's span, if it has one. */
export const linkCaller = (trace: RunTrace): Effect.Effect<void> =>
  Effect.currentParentSpan.pipe(
    Effect.flatMap((span) => {
      const link: Tracer.SpanLink = { _tag: "SpanLink", span, attributes: {} }
      trace.links.push(link)
      return Option.match(trace.span, {
        onNone: () => Effect.void,
        onSome: (running) => Effect.sync(() => running.addLinks([link]))
      })
    }),
    Effect.ignore
  )
