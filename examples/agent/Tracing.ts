/** A tracer that writes down every span as it ends. */
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Layer from "effect/Layer"
import * as Tracer from "effect/Tracer"

export interface EndedSpan {
  readonly name: string
  readonly millis: number
  readonly outcome: "ok" | "failed"
  readonly attributes: ReadonlyMap<string, unknown>
}

export const layerRecording = (spans: Array<EndedSpan>): Layer.Layer<never> =>
  Layer.unwrapEffect(
    Effect.map(Effect.tracer, (native) =>
      Layer.setTracer(
        Tracer.make({
          context: (run, fiber) => native.context(run, fiber),
          span: (name, parent, context, links, startTime, kind) => {
            const span = native.span(name, parent, context, links, startTime, kind)
            const end = span.end.bind(span)
            return Object.assign(span, {
              end: (endTime: bigint, exit: Exit.Exit<unknown, unknown>) => {
                const millis = Number(endTime - startTime) / 1e6
                spans.push({
                  name,
                  millis,
                  outcome: Exit.isSuccess(exit) ? "ok" : "failed",
                  attributes: span.attributes
                })
                end(endTime, exit)
              }
            })
          }
        })
      )
    )
  )
