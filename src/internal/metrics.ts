/** The metrics of runs. Hits are counted by the cache in a plain field and published with the next run. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"

const counter = (name: string, description: string) =>
  Metric.counter(`effect_apikey_${name}_total`, { description, incremental: true })

const runs = counter("runs", "helper runs, by outcome")
const hits = counter("hits", "keys served without a run")
const renewals = counter("renewals", "runs that brought another key")
const rejections = counter("rejections", "keys the server refused")
const sharedWaits = counter("shared_waits", "callers that waited for a run another caller had started")
const runDuration = Metric.timerWithBoundaries(
  "effect_apikey_run_duration",
  [10, 30, 100, 300, 1_000, 3_000, 10_000, 30_000, 120_000],
  "how long helper runs took, in milliseconds"
)
const ageAtUse = Metric.histogram(
  "effect_apikey_age_at_use_seconds",
  MetricBoundaries.fromIterable([1, 10, 60, 300, 900, 3_600, 86_400]),
  "how old a key was when it was last used"
)

export interface RunReport {
  readonly program: string
  readonly outcome: string
  readonly durationMillis: number
  readonly renewed: boolean
  readonly hits: number
  readonly sharedWaits: number
  readonly ageAtUseMillis: number | undefined
}

export const reportRun = (report: RunReport): Effect.Effect<void> => {
  const tagged = <Type, In, Out>(metric: Metric.Metric<Type, In, Out>) =>
    Metric.tagged(metric, "program", report.program)
  return Effect.all(
    [
      Metric.increment(Metric.tagged(tagged(runs), "outcome", report.outcome)),
      Metric.update(tagged(runDuration), Duration.millis(report.durationMillis)),
      Metric.incrementBy(tagged(hits), report.hits),
      Metric.incrementBy(tagged(sharedWaits), report.sharedWaits),
      report.renewed ? Metric.increment(tagged(renewals)) : Effect.void,
      report.ageAtUseMillis === undefined ? Effect.void : Metric.update(tagged(ageAtUse), report.ageAtUseMillis / 1000)
    ],
    { discard: true }
  )
}

export const reportRejection = (program: string): Effect.Effect<void> =>
  Metric.increment(Metric.tagged(rejections, "program", program))
