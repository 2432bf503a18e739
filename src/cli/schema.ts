/** `effect-apikey schema`: the JSON Schema of `effect-apikey.jsonc`, for editors and for reading. */

import * as Console from "effect/Console"
import { jsonSchema } from "../internal/config/file.js"

export const schema = Console.log(JSON.stringify(jsonSchema, undefined, 2))
