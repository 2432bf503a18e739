/** Loads an optional package when it is needed; that it is not there is the configuration's fault, and has a remedy. */
import * as Effect from "effect/Effect"
import { hasProperty } from "effect/Predicate"
import type { ConfigInvalid } from "../ApiKeyError.js"
import { configInvalid } from "./authorization.js"

export const loadPackage = <A>(name: string, load: () => Promise<A>): Effect.Effect<A, ConfigInvalid> =>
  Effect.tryPromise({
    try: load,
    catch: (error) =>
      isMissing(error)
        ? configInvalid(`the package ${name} is not installed`, `Install it: npm install ${name}`)
        : configInvalid(
            `the package ${name} cannot be loaded${codeOf(error)}`,
            `Check its version: npm ls ${name}; to install it anew: npm install ${name}`
          )
  })

const missingCodes: ReadonlyArray<unknown> = ["ERR_MODULE_NOT_FOUND", "MODULE_NOT_FOUND"]

export const isMissing = (error: unknown): boolean => hasProperty(error, "code") && missingCodes.includes(error.code)

const codeOf = (error: unknown): string =>
  hasProperty(error, "code") && typeof error.code === "string" ? ` (${error.code})` : ""
