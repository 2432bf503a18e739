/** Everything that a program lets out: its logs, its spans, its metrics, as text. */

import { inspect } from "node:util"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as LogLevel from "effect/LogLevel"
import * as Metric from "effect/Metric"
import * as Option from "effect/Option"
import * as Tracer from "effect/Tracer"

export interface RecordedSpan extends Tracer.Span {
  readonly recorded: {
    readonly attributes: Map<string, unknown>
    readonly links: Array<Tracer.SpanLink>
    exit: Option.Option<Exit.Exit<unknown, unknown>>
  }
}

export interface Observed {
  readonly spans: Array<RecordedSpan>
  readonly logs: Array<{ readonly level: string; readonly text: string }>
  readonly layer: Layer.Layer<never>
}

/** Records spans and logs (from trace level on) of what its layer is provided to. */
export const observe = (): Observed => {
  const spans: Array<RecordedSpan> = []
  const logs: Observed["logs"] = []
  let ids = 0
  const tracer = Tracer.make({
    context: (run) => run(),
    span: (name, parent, context, links, startTime, kind) => {
      const recorded: RecordedSpan["recorded"] = { attributes: new Map(), links: [...links], exit: Option.none() }
      const span: RecordedSpan = {
        _tag: "Span",
        name,
        spanId: `span-${++ids}`,
        traceId: "trace",
        parent,
        context,
        status: { _tag: "Started", startTime },
        attributes: recorded.attributes,
        links: recorded.links,
        sampled: true,
        kind,
        recorded,
        end: (_, exit) => {
          recorded.exit = Option.some(exit)
        },
        attribute: (key, value) => {
          recorded.attributes.set(key, value)
        },
        event: () => undefined,
        addLinks: (more) => {
          recorded.links.push(...more)
        }
      }
      spans.push(span)
      return span
    }
  })
  const logger = Logger.make<unknown, void>((options) => {
    logs.push({
      level: options.logLevel.label,
      text: [Logger.jsonLogger, Logger.logfmtLogger, Logger.stringLogger].map((each) => each.log(options)).join("\n")
    })
  })
  return {
    spans,
    logs,
    layer: Layer.mergeAll(
      Logger.replace(Logger.defaultLogger, logger),
      Logger.minimumLogLevel(LogLevel.All),
      Layer.setTracer(tracer)
    )
  }
}

const deep = { depth: 12, showHidden: true, getters: true, maxStringLength: null, maxArrayLength: null } as const

/** A value in every form in which it might be printed. */
export const shown = (value: unknown): string =>
  [
    inspect(value, deep),
    inspect(value),
    String(value),
    safeJson(value),
    value instanceof Error ? `${value.stack}` : "",
    Cause.isCause(value) ? Cause.pretty(value, { renderErrorCause: true }) : Cause.pretty(Cause.fail(value))
  ].join("\n")

const safeJson = (value: unknown): string => {
  try {
    return JSON.stringify(value) ?? ""
  } catch {
    return ""
  }
}

/** All of it as one text, metrics included. */
export const everything = ({ spans, logs }: Observed): Effect.Effect<string> =>
  Effect.map(Metric.snapshot, (metrics) =>
    [
      ...logs.map(({ text }) => text),
      ...spans.map(({ name, recorded }) =>
        [name, shown(recorded.attributes), ...Option.toArray(Option.map(recorded.exit, shown))].join("\n")
      ),
      shown(metrics.map(({ metricKey }) => [metricKey.name, metricKey.tags]))
    ].join("\n")
  )
