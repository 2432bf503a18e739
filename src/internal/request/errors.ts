/** The errors of a request, other than those of the provider. */

import { type ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"

/** A function in the options threw or rejected. */
export const callbackThrew = (name: "scheme" | "isRejection"): ConfigInvalid =>
  inCode(`the function \`${name}\` threw an error, which may hold the key`, "Call it with a test key to see the error.")

/** The key does not fit the request. Whether the helper is to blame is not known here. */
export const unsendable = (expected: string, remedy: string): InvalidOutput =>
  new InvalidOutput({ command: "effect-apikey", format: "header", path: "", expected, remedy })
