/** The metrics and spans of a run as an application sees them: recorded from sample runs, for docs/reference/metrics-and-spans.md. */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricKeyType from "effect/MetricKeyType"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

import { reportHits, reportRejection, reportRun } from "../../src/internal/cache/metrics.js"
import { inRunSpan } from "../../src/internal/cache/telemetry.js"
import type { RunReason } from "../../src/internal/format/format.js"

interface DocumentedMetric {
  readonly name: string
  readonly description: string
  readonly tags: ReadonlyArray<string>
  /** The upper bounds of a histogram's buckets. */
  readonly boundaries: Option.Option<ReadonlyArray<number>>
}

const report = { program: "op", outcome: "success", durationMillis: 1, hits: 1, sharedWaits: 1 }

const sampleReports = Effect.all([
  reportRun({ ...report, result: "renewal", ageAtUseMillis: Option.some(1) }),
  reportRun({ ...report, result: "repeat", ageAtUseMillis: Option.none() }),
  reportHits("op", 1),
  reportRejection("op")
])

const isOurs = (name: string): boolean => name.startsWith("effect_apikey_")

export const metrics: Effect.Effect<ReadonlyArray<DocumentedMetric>> = Effect.map(
  Effect.zipRight(sampleReports, Metric.snapshot),
  (pairs) =>
    pairs
      .filter(({ metricKey }) => isOurs(metricKey.name))
      .map(({ metricKey: { description, keyType, name, tags } }) => ({
        name,
        description: Option.getOrElse(description, () => ""),
        tags: tags.map(({ key }) => key).toSorted(),
        boundaries: MetricKeyType.isHistogramKey(keyType)
          ? Option.some(keyType.boundaries.values.filter(Number.isFinite))
          : Option.none()
      }))
      .toSorted((a, b) => (a.name < b.name ? -1 : 1))
)

/** The values of a span's `reason`, and when a run has them. */
export const reasons: { readonly [R in RunReason]: string } = {
  first: "for the first key",
  expiry: "the key expires soon, or has expired",
  rejected: "the server rejected the key"
}

interface DocumentedSpan {
  readonly name: string
  readonly isRoot: boolean
  readonly attributes: ReadonlyMap<string, unknown>
}

/** A tracer that keeps its spans, and one run in it. */
export const spans: Effect.Effect<ReadonlyArray<DocumentedSpan>> = Effect.suspend(() => {
  const recorded: Array<DocumentedSpan> = []
  const tracer = Tracer.make({
    context: (run) => run(),
    span: (name, parent, context, links, startTime, kind) => {
      const attributes = new Map<string, unknown>()
      recorded.push({ name, isRoot: Option.isNone(parent), attributes })
      return {
        _tag: "Span",
        name,
        spanId: name,
        traceId: name,
        parent,
        context,
        links,
        kind,
        attributes,
        sampled: true,
        status: { _tag: "Started", startTime },
        end: () => {},
        attribute: (key, value) => {
          attributes.set(key, value)
        },
        event: () => {},
        addLinks: () => {}
      }
    }
  })
  const trace = { links: [], span: Option.none(), shared: 0 }
  return Effect.void.pipe(
    inRunSpan(trace, { program: "op", format: "text", reason: "first" }),
    Effect.orDie,
    Effect.withTracer(tracer),
    Effect.as(recorded)
  )
})
