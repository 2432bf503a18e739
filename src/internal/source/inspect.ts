/** Labels of sources for messages, and the single sources in a source. */

import { variableLabel } from "../host/HostEnvironment.js"
import { programName } from "../redact/programName.js"
import type { ApiKeySource, Single } from "./schema.js"

/**
 * The name of a source for messages. It contains no secret; for a command it is only the program's name.
 *
 * @since 0.1.0
 * @category getters
 */
export const label = (source: ApiKeySource): string => {
  switch (source._tag) {
    case "Literal":
      return "a literal key"
    case "Env":
      return variableLabel(source.env)
    case "File":
      return `file ${source.file}`
    case "Auth":
      return `auth.json entry ${source.auth}`
    case "Command":
      return `command ${programName(source.command.argv)}`
    case "FirstOf":
      return source.firstOf.map(label).join(", ")
  }
}

/**
 * All single sources in a source, in the order in which they are tried.
 *
 * @since 0.1.0
 * @category getters
 */
export const singles = (source: ApiKeySource): ReadonlyArray<Single> =>
  source._tag === "FirstOf" ? source.firstOf.flatMap(singles) : [source]

/**
 * The same source with a default working directory for its commands.
 *
 * @internal
 */
export const inDirectory = (source: ApiKeySource, cwd: string): ApiKeySource => {
  switch (source._tag) {
    case "Command":
      return { ...source, command: { cwd, ...source.command } }
    case "FirstOf": {
      const [first, ...rest] = source.firstOf
      return { ...source, firstOf: [inDirectory(first, cwd), ...rest.map((next) => inDirectory(next, cwd))] }
    }
    default:
      return source
  }
}
