// docs/reference/metrics-and-spans.md: what docs/data/telemetry.ts records. Source files that make metrics or spans are compared with it.
import { readFileSync } from "node:fs"
import { join } from "node:path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { reasons, metrics as recordedMetrics, spans as recordedSpans } from "../../docs/data/telemetry.ts"
import { repositoryFiles, root } from "../support.mjs"
import { code, list, page, table } from "./markdown.mjs"

const metrics = Effect.runSync(recordedMetrics)
const spans = Effect.runSync(recordedSpans)

const METRICS = "src/internal/cache/metrics.ts"
const SPANS = "src/internal/cache/telemetry.ts"
const MAKES_METRIC = /\bMetric\.(?:counter|frequency|gauge|histogram|summary|timer)\w*\(/
const MAKES_SPAN = /\b(?:Effect|Stream|Layer)\.(?:withSpan\w*|useSpan|makeSpan\w*|span)\(|\bEffect\.fn\(|\.span\((?!\.)/
/** The name that METRICS gives to its functions `counter` and `seconds`. */
const METRIC_NAME = /\b(?:counter|seconds)\("(\w+)"/g
const SPAN_NAME = /SpanName = "([^"]+)"/g
/** It passes spans of another library on. */
const WRAPPERS = ["src/internal/request/redactedResponse.ts"]

const read = (file) => readFileSync(join(root, file), "utf8")
const namesIn = (file, pattern) => Array.from(read(file).matchAll(pattern), ([, name]) => name)

const missing = (file, names, recorded) =>
  names
    .filter((name) => !recorded.some((each) => each.includes(name)))
    .map((name) => `${file}: ${name} is not recorded`)

export const problems = async () => {
  const files = await repositoryFiles("src/**/*.ts")
  const makers = (pattern, known) =>
    files
      .filter((file) => pattern.test(read(file)) && !known.includes(file))
      .map((file) => `${file} makes a metric or a span that docs/data/telemetry.ts does not record`)
  const metricNames = namesIn(METRICS, METRIC_NAME)
  const spanNames = namesIn(SPANS, SPAN_NAME)
  return [
    ...makers(MAKES_METRIC, [METRICS]),
    ...makers(MAKES_SPAN, [SPANS, ...WRAPPERS]),
    ...missing(
      METRICS,
      metricNames,
      metrics.map(({ name }) => name)
    ),
    ...missing(
      SPANS,
      spanNames,
      spans.map(({ name }) => name)
    ),
    ...(metricNames.length === metrics.length && spanNames.length === spans.length
      ? []
      : [
          `docs/data/telemetry.ts records ${metrics.length} metrics and ${spans.length} spans, src has ${metricNames.length} and ${spanNames.length}`
        ])
  ]
}

const unitOf = (name) => (name.endsWith("_seconds") ? "seconds" : "count")

const bounds = metrics.flatMap(({ boundaries, name }) =>
  Option.toArray(Option.map(boundaries, (values) => `${code(name)}: ${values.join(", ")}`))
)

const spanSection = ({ attributes, isRoot, name }) => [
  `### ${name}`,
  `One for each run${isRoot ? ". It is a root span, and is linked to the spans of the callers that wait for it" : ""}. Its attributes:`,
  list([...attributes.keys()].map((attribute) => `${code(attribute)}: ${meanings[attribute]}`))
]

const meanings = {
  program: "the program's name",
  format: "the format's name",
  reason: Object.entries(reasons)
    .map(([reason, when]) => `${code(reason)} (${when})`)
    .join(", "),
  outcome: "`success`, an [error's](errors.md) `_tag`, `interrupted` or `defect`"
}

export const make = () =>
  page(
    "Metrics and spans",
    "docs/data/telemetry.ts, which records them",
    "Metrics are Effect's `Metric`, spans are Effect's. `@effect/opentelemetry` exports both. No argument and no secret is in them.",
    "## Metrics",
    table(
      ["name", "unit", "tags", "meaning"],
      metrics.map(({ description, name, tags }) => [code(name), unitOf(name), tags.map(code).join(", "), description])
    ),
    list(["program", "outcome"].map((tag) => `${code(tag)}: ${meanings[tag]}`)),
    "The upper bounds of the buckets, in seconds:",
    list(bounds),
    "Hits are counted in a plain field. They are published with the next run, or when the scope closes.",
    "## Spans",
    spans.flatMap(spanSection),
    "A key that is served without waiting makes no span. [How a key is kept](../concepts/how-a-key-is-kept.md#status-metrics-and-spans) explains both."
  )
