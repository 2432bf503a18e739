import { mkdtempSync, rmSync, symlinkSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { inspect } from "node:util"
import * as NodeSdk from "@effect/opentelemetry/NodeSdk"
import { describe, expect, it } from "@effect/vitest"
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  PeriodicExportingMetricReader
} from "@opentelemetry/sdk-metrics"
import { InMemorySpanExporter, SimpleSpanProcessor } from "@opentelemetry/sdk-trace-base"
import * as Effect from "effect/Effect"
import type * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import { secretOf } from "../support/cacheUnderTest.js"
import { realProvider, shell } from "../support/layers.js"

const secret = "sk-exported-to-nobody"
const argument = "argument-of-the-helper"

const helper = (script: string): ApiKeyProvider.CommandOptions => ({
  argv: shell(`${script} # ${argument}`, secret),
  format: "text",
  retry: undefined
})

const temporaryFolder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "effect-apikey-exported-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const exporters = () => {
  const spans = new InMemorySpanExporter()
  const metrics = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE)
  const reader = new PeriodicExportingMetricReader({ exporter: metrics, exportIntervalMillis: 3_600_000 })
  const layer = NodeSdk.layer(() => ({
    resource: { serviceName: "test" },
    spanProcessor: new SimpleSpanProcessor(spans),
    metricReader: reader
  }))
  const exported = Effect.promise(() => reader.forceFlush()).pipe(
    Effect.map(() => ({
      spans: spans.getFinishedSpans(),
      metrics: metrics.getMetrics().flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((scope) => scope.metrics))
    }))
  )
  return { layer, exported }
}

const deep = { depth: null, showHidden: true, maxStringLength: null, maxArrayLength: null } as const

describe("through @effect/opentelemetry", () => {
  it.live(
    "the span of a run is exported with its attributes, a root of its own, linked to those who waited for it",
    () => {
      const { layer, exported } = exporters()
      return Effect.gen(function* () {
        const provider = yield* realProvider(helper(`sleep 0.2; printf %s "$1"`))
        const caller = (name: string) => Effect.withSpan(provider.get, name)
        const keys = yield* Effect.all([caller("one caller"), caller("another")], { concurrency: "unbounded" })
        expect(keys.map(secretOf)).toEqual([secret, secret])
        const { spans } = yield* exported
        const idsOf = (...names: ReadonlyArray<string>) =>
          spans.filter(({ name }) => names.includes(name)).map((span) => span.spanContext().spanId)
        const runs = spans.filter(({ name }) => name === "effect-apikey.run")
        expect(runs.length).toBe(1)
        const [run] = runs
        expect(run?.attributes).toMatchObject({ program: "sh", format: "text", reason: "first", outcome: "success" })
        expect(run?.parentSpanContext).toBeUndefined()
        expect(new Set(run?.links.map(({ context }) => context.spanId))).toEqual(
          new Set(idsOf("one caller", "another"))
        )
        expect(run?.links.length).toBe(2)
      }).pipe(Effect.scoped, Effect.provide(layer))
    }
  )

  it.live("the metrics are exported, by program and by outcome", () => {
    const { layer, exported } = exporters()
    return Effect.gen(function* () {
      const folder = yield* temporaryFolder
      // Metrics live as long as the process, so this test counts those of a program of its own name.
      const program = join(folder, "counted")
      symlinkSync("/bin/sh", program)
      const notes = join(folder, "runs")
      // The second run repeats the key of the first, the third brings another, the fourth fails.
      const script = 'echo >> "$2"; n=$(wc -l < "$2"); [ "$n" -lt 4 ] || exit 69; sleep 0.1; printf %s "$1-$((n / 3))"'
      const provider = yield* realProvider({ ...helper(""), argv: [program, "-c", script, "sh", secret, notes] })
      const key = yield* provider.get
      yield* provider.get
      yield* provider.reject(key)
      yield* provider.get
      yield* Effect.all([provider.refresh, provider.refresh, provider.refresh], { concurrency: "unbounded" })
      yield* Effect.flip(provider.refresh)
      const { metrics } = yield* exported
      const counted = Object.fromEntries(
        metrics.flatMap(({ descriptor, dataPoints }) =>
          dataPoints.flatMap(({ attributes: { program: of, ...others }, value }) =>
            of === "counted"
              ? [
                  [
                    [descriptor.name, ...Object.values(others)].join(" "),
                    typeof value === "number" ? value : value.count
                  ]
                ]
              : []
          )
        )
      )
      expect(counted).toEqual({
        "effect_apikey_runs_total success": 3,
        "effect_apikey_runs_total NonZeroExit": 1,
        effect_apikey_run_duration_seconds: 4,
        effect_apikey_hits_total: 1,
        effect_apikey_age_at_use_seconds: 1,
        effect_apikey_renewals_total: 1,
        effect_apikey_repeats_total: 1,
        effect_apikey_rejections_total: 1,
        effect_apikey_shared_waits_total: 2
      })
    }).pipe(Effect.scoped, Effect.provide(layer))
  })

  it.live("no secret and no argument of the helper stands in what is exported", () => {
    const { layer, exported } = exporters()
    return Effect.gen(function* () {
      const working = yield* realProvider(helper(`printf %s "$1"`))
      const failing = yield* realProvider(helper(`printf '%s ${argument}' "$1" >&2; exit 69`))
      yield* Effect.withSpan(working.get, "caller")
      yield* Effect.exit(Effect.withSpan(failing.get, "caller"))
      const everything = yield* exported
      const text = `${inspect(everything, deep)}\n${JSON.stringify(everything.metrics)}`
      expect(text).toContain("effect-apikey.run")
      expect(text).toContain("effect_apikey_runs_total")
      expect(text).not.toContain(secret)
      expect(text).not.toContain(argument)
    }).pipe(Effect.scoped, Effect.provide(layer))
  })
})
