/** What a cache counts in plain fields, and publishes as metrics with its runs. */

import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { ApiKey } from "../../ApiKey.js"
import type { ApiKeyError } from "../../ApiKeyError.js"
import type { CachedKey } from "./lifetime.js"
import { type RunResult, reportHits, reportRun } from "./metrics.js"

/** What is counted where it happens, without a lock. */
export interface Counts {
  runs: number
  hits: number
  renewals: number
  rejections: number
}

/** What a run keeps for its span and metrics. */
export interface RunTrace {
  readonly links: Array<Tracer.SpanLink>
  span: Option.Option<Tracer.Span>
  /** How many callers have come to wait for it since the last report, but for the one that started it. */
  shared: number
}

export interface Counters {
  readonly counts: Counts
  /** Counts a key that is served without waiting. */
  readonly hit: (cached: CachedKey, now: number) => CachedKey
  /** Counts what a run brought; the effect publishes it, and what was counted since the one before. */
  readonly report: (
    trace: RunTrace,
    ended: { readonly exit: Exit.Exit<ApiKey, ApiKeyError>; readonly startedAt: number; readonly now: number },
    result: RunResult
  ) => Effect.Effect<void>
  /** What no run is left to publish. */
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

/** In one word: `success`, the error's tag, `interrupted` or `defect`. */
const outcomeOf = (exit: Exit.Exit<unknown, ApiKeyError>): string =>
  Exit.match(exit, {
    onSuccess: () => "success",
    onFailure: (cause) =>
      Option.match(Cause.failureOption(cause), {
        onNone: () => (Cause.isInterrupted(cause) ? "interrupted" : "defect"),
        onSome: ({ _tag }) => _tag
      })
  })

/** `attributes` go to whatever the application exports to: no argument, no secret. */
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
