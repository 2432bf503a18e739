/** Where the user's own configuration stands. */
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import { Surroundings, xdg } from "./HostEnvironment.js"

export const fileName = "effect-apikey.jsonc"

export const userFolder: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(xdg(yield* Surroundings, "XDG_CONFIG_HOME", path.join), "effect-apikey")
})

export const userFile: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(yield* userFolder, fileName)
})
