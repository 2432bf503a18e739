/** Imports an optional package. A missing one is `ConfigInvalid` with the install command. */

import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/options.js"

export const loadOptionalPackage = <A>(name: string, load: () => Promise<A>): Effect.Effect<A, ConfigInvalid> =>
  Effect.tryPromise({
    try: load,
    catch: (error) => {
      const missing = missingPackage(error)
      if (missing === packageOf(name)) {
        return inCode(`the package ${name} is not installed`, `Install it: npm install ${missing}`)
      }
      return missing === undefined
        ? inCode(
            `the package ${name} cannot be loaded${codeOf(error)}`,
            `Check its version: npm ls ${name}; to reinstall it: npm install ${name}`
          )
        : inCode(
            `the package ${name} cannot be loaded: its dependency ${missing} is not installed`,
            `Install it: npm install ${missing}`
          )
    }
  })

/** Whether this package is missing, and not one of its dependencies. */
export const isMissing = (name: string, error: unknown): boolean => missingPackage(error) === packageOf(name)

const missingCodes: ReadonlyArray<unknown> = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]
/** The package is named in the message only. */
const missingName = /^Cannot find (?:package|module) '([^']+)'/
const packageName = /^(?:@[\w.~-]+\/)?[\w.~-]+/

/** The missing package. A file that is missing in an installed package is a path, not a name. */
const missingPackage = (error: unknown): string | undefined => {
  if (!hasProperty(error, "code") || !missingCodes.includes(error.code) || !(error instanceof Error)) return undefined
  const specifier = missingName.exec(error.message)?.[1]
  return specifier === undefined || /^(?:[./]|[a-z]+:|[A-Z]:)/.test(specifier) ? undefined : packageOf(specifier)
}

const packageOf = (specifier: string): string => packageName.exec(specifier)?.[0] ?? specifier

const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && typeof error.code === "string" ? ` (${error.code})` : ""
