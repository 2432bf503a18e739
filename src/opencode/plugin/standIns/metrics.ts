/** In the place of effect's metrics and of ours in the plugin's bundle: an effect of its own, whose metrics nobody can come to read. */
import * as Effect from "effect/Effect"

// effect/internal/metric, of which fibers have some of their own, that are off
const none = { unsafeUpdate: () => {} }
export const counter = () => none
export const histogram = () => none
export const tagged = () => none
// effect/internal/metric/boundaries
export const exponential = () => none

// internal/metrics
export const reportRun = () => Effect.void
export const reportHits = () => Effect.void
export const reportRejection = () => Effect.void
