/** In the place of `effect/Queue` in the plugin's bundle: a cache has one for each of its watchers, and here has none. */
import * as Effect from "effect/Effect"
import { leftOut } from "./leftOut.js"

export const sliding = () => Effect.sync(leftOut)
export { leftOut as shutdown }
