/** In the place of what the plugin's runs never come to: `Micro` within an Effect, batches of `Request`, who watches a cache. */

/** The end of a way that the plugin does not go: a defect, should it ever. */
export const leftOut = (): never => {
  throw new Error("effect-apikey: left out of the opencode plugin")
}

// effect/Micro
// effect/internal/blockedRequests
export {
  leftOut as provideContext,
  leftOut as runFork,
  leftOut as empty,
  leftOut as flatten,
  leftOut as makeEntry,
  leftOut as par,
  leftOut as reduce,
  leftOut as seq,
  leftOut as sequentialCollectionToChunk,
  leftOut as single
}
