/**
 * Metrics of runs, tagged with the program's name. The cache counts hits in a plain field and publishes them with the next
 * run, so that a hit updates no metric.
 */
import * as Effect from "effect/Effect"
import * as Metric from "effect/Metric"
import * as MetricBoundaries from "effect/MetricBoundaries"
import * as Option from "effect/Option"

const counter = (name: string, description: string) =>
  Metric.counter(`effect_apikey_${name}_total`, { description, incremental: true })

const seconds = (name: string, boundaries: ReadonlyArray<number>, description: string) =>
  Metric.histogram(`effect_apikey_${name}_seconds`, MetricBoundaries.fromIterable(boundaries), description)

const runs = counter("runs", "helper runs, by outcome")
const hits = counter("hits", "keys served without waiting for a run")
const renewals = counter("renewals", "runs that returned a new key")
const repeats = counter("repeats", "runs that returned a key that the server had rejected")
const rejections = counter("rejections", "rejections of the current key by the server")
const sharedWaits = counter("shared_waits", "callers that joined a run in flight")
const runDuration = seconds("run_duration", [0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 120], "how long helper runs took")
const ageAtUse = seconds("age_at_use", [1, 10, 60, 300, 900, 3_600, 86_400], "how old a key was at its last use")

export type RunResult = "renewal" | "repeat" | "nothing new"

export interface RunReport {
  readonly program: string
  readonly outcome: string
  readonly durationMillis: number
  readonly result: RunResult
  /** Counted since the last report. */
  readonly hits: number
  readonly sharedWaits: number
  readonly ageAtUseMillis: Option.Option<number>
}

export const reportRun = (report: RunReport): Effect.Effect<void> =>
  Effect.all(
    [
      Effect.tagMetrics(Metric.increment(runs), "outcome", report.outcome),
      Metric.update(runDuration, report.durationMillis / 1000),
      Metric.incrementBy(hits, report.hits),
      Metric.incrementBy(sharedWaits, report.sharedWaits),
      Effect.when(Metric.increment(renewals), () => report.result === "renewal"),
      Effect.when(Metric.increment(repeats), () => report.result === "repeat"),
      Option.match(report.ageAtUseMillis, {
        onNone: () => Effect.void,
        onSome: (millis) => Metric.update(ageAtUse, millis / 1000)
      })
    ],
    { discard: true }
  ).pipe(Effect.tagMetrics("program", report.program))

export const reportHits = (program: string, count: number): Effect.Effect<void> =>
  Effect.tagMetrics(Metric.incrementBy(hits, count), "program", program)

export const reportRejection = (program: string): Effect.Effect<void> =>
  Effect.tagMetrics(Metric.increment(rejections), "program", program)
