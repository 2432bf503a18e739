/** The errors that a request can bring beside the provider's own. */

import { ConfigInvalid, InvalidOutput } from "../../ApiKeyError.js"

export const configInvalid = (problem: string, remedy: string): ConfigInvalid =>
  new ConfigInvalid({ file: "code", line: 0, column: 0, problem, remedy })

/** A function that was given is at fault. */
export const callbackThrew = (name: "scheme" | "isRejection"): ConfigInvalid =>
  configInvalid(
    `the function given as \`${name}\` throws`,
    "It must return; call it with a test key to see why it does not."
  )

/** Not the helper's fault, as far as is known here: it is the key that does not fit. */
export const unsendable = (expected: string, remedy: string): InvalidOutput =>
  new InvalidOutput({ command: "effect-apikey", format: "header", path: "", expected, remedy })
