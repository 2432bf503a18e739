/** The errors that a request can bring beside the provider's own. */

import { type ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"

/** A function that was given is at fault. */
export const callbackThrew = (name: "scheme" | "isRejection"): ConfigInvalid =>
  inCode(`the function given as \`${name}\` throws`, "It must return; call it with a test key to see why it does not.")

/** Not the helper's fault, as far as is known here: it is the key that does not fit. */
export const unsendable = (expected: string, remedy: string): InvalidOutput =>
  new InvalidOutput({ command: "effect-apikey", format: "header", path: "", expected, remedy })
