/** `effect-apikey schema`: the JSON Schema of `effect-apikey.jsonc`, for editors and for reading. */

import * as Command from "@effect/cli/Command"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { jsonSchema } from "../internal/config/file.js"
import { nothingForwarded } from "./passthrough.js"

export const schema = Command.make("schema", {}, () =>
  Effect.zipRight(nothingForwarded, Console.log(JSON.stringify(jsonSchema, undefined, 2)))
).pipe(Command.withDescription("Print the JSON Schema of effect-apikey.jsonc."))
