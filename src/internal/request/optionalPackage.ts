/** Loads an optional package when it is needed; that it is not there is the configuration's fault, and has a remedy. */

import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"

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
            `Check its version: npm ls ${name}; to install it anew: npm install ${name}`
          )
        : inCode(
            `the package ${name} cannot be loaded: ${missing}, which it needs, is not installed`,
            `Install it: npm install ${missing}`
          )
    }
  })

/** Whether it is this very package that is not there, and not one that it needs. */
export const isMissing = (name: string, error: unknown): boolean => missingPackage(error) === packageOf(name)

const missingCodes: ReadonlyArray<unknown> = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]
/** Only the message names it. */
const missingName = /^Cannot find (?:package|module) '([^']+)'/
const packageName = /^(?:@[\w.~-]+\/)?[\w.~-]+/

/** A file that is missing in a package that is there has a path, not a name. */
const missingPackage = (error: unknown): string | undefined => {
  if (!hasProperty(error, "code") || !missingCodes.includes(error.code) || !(error instanceof Error)) return undefined
  const specifier = missingName.exec(error.message)?.[1]
  return specifier === undefined || /^(?:[./]|[a-z]+:|[A-Z]:)/.test(specifier) ? undefined : packageOf(specifier)
}

const packageOf = (specifier: string): string => packageName.exec(specifier)?.[0] ?? specifier

const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && typeof error.code === "string" ? ` (${error.code})` : ""
