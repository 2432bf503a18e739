/** What one may say of a source, and the commands and other single sources in it. */

import { variableLabel } from "../host/HostEnvironment.js"
import { programName } from "../redact/programName.js"
import type { ApiKeySource, Single } from "./schema.js"

/**
 * What a message may say of a source: never its secret, of a command only the program's name.
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
 * All the sources in one, in the order in which they are asked.
 *
 * @since 0.1.0
 * @category getters
 */
export const singles = (source: ApiKeySource): ReadonlyArray<Single> =>
  source._tag === "FirstOf" ? source.firstOf.flatMap(singles) : [source]

/**
 * The same source, its commands running in this directory unless they say otherwise.
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
