/** What tests of real helpers provide. */

import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as ApiKeyProvider from "../../src/ApiKeyProvider.js"
import * as HelperExecutor from "../../src/HelperExecutor.js"

/** A provider over a real process. */
export const realProvider = (
  options: ApiKeyProvider.CommandOptions
): Effect.Effect<ApiKeyProvider.Provider, never, Scope.Scope> =>
  Effect.provide(ApiKeyProvider.fromCommand(options), HelperExecutor.layer)

/** A helper that is a line of shell. */
export const shell = (script: string, ...args: ReadonlyArray<string>): ReadonlyArray<string> => [
  "sh",
  "-c",
  script,
  "helper",
  ...args
]
