/** The span of a run: a root of its own, linked to the spans of those who wait for it. */
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Tracer from "effect/Tracer"
import type { ApiKeyError } from "../ApiKeyError.js"
import type { Flight } from "./cache/inFlight.js"

const runSpanName = "effect-apikey.run"

/** In one word: `success`, the error's tag, `interrupted` or `defect`. */
export const outcomeOf = (exit: Exit.Exit<unknown, ApiKeyError>): string =>
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
  (flight: Flight, attributes: { readonly program: string; readonly format: string; readonly reason: string }) =>
  <A, R>(run: Effect.Effect<A, ApiKeyError, R>): Effect.Effect<A, ApiKeyError, R> =>
    Effect.useSpan(runSpanName, { root: true, links: [...flight.links], attributes }, (span) => {
      flight.span = Option.some(span)
      return Effect.withParentSpan(run, span).pipe(
        Effect.onExit((exit) => Effect.sync(() => span.attribute("outcome", outcomeOf(exit))))
      )
    })

/** Links the run to the caller's span, if it has one. */
export const linkCaller = (flight: Flight): Effect.Effect<void> =>
  Effect.currentParentSpan.pipe(
    Effect.flatMap((span) => {
      const link: Tracer.SpanLink = { _tag: "SpanLink", span, attributes: {} }
      flight.links.push(link)
      return Option.match(flight.span, {
        onNone: () => Effect.void,
        onSome: (running) => Effect.sync(() => running.addLinks([link]))
      })
    }),
    Effect.ignore
  )
