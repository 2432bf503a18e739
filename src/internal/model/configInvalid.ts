/** `ConfigInvalid` for options that were given in code, which have no file and no line. */

import { ConfigInvalid } from "../../ApiKeyError.js"
import type { RemedyInput } from "./remedy.js"

export const inCode = (problem: string, remedy: RemedyInput): ConfigInvalid =>
  new ConfigInvalid({ file: "code", line: 0, column: 0, problem, remedy })
