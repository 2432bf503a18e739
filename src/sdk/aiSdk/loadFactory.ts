/** The factory of a provider package of the AI SDK, loaded by the package's name. */

import { isBuiltin } from "node:module"
import { join } from "node:path"
import { pathToFileURL } from "node:url"
import * as Effect from "effect/Effect"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "../../internal/model/options.js"
import { isMissing, loadOptionalPackage } from "../../internal/request/optionalPackage.js"

const packageName = /^(?:@[a-z0-9-~][a-z0-9-._~]*\/)?[a-z0-9-~][a-z0-9-._~]*(?:\/[\w.-]+)*$/

export const loadFactory = (npm: string): Effect.Effect<(settings: object) => unknown, ConfigInvalid> => {
  if (!packageName.test(npm) || isBuiltin(npm)) {
    return Effect.fail(inCode("`npm` is not the name of a package", 'For example: "@ai-sdk/openai-compatible"'))
  }
  return Effect.flatMap(
    loadOptionalPackage(npm, () => importFromHereOrThere(npm)),
    (module) => {
      const factory = Object.entries(module).find(([name]) => name.startsWith("create"))?.[1]
      return isFactory(factory)
        ? Effect.succeed(factory)
        : Effect.fail(
            inCode(
              `the package ${npm} has no factory: no export begins with "create"`,
              "Name a provider package of the AI SDK, for example @ai-sdk/openai-compatible."
            )
          )
    }
  )
}

const isFactory = (u: unknown): u is (settings: object) => unknown => typeof u === "function"

/** Imports from our package first. If packages are not hoisted, only the working directory resolves the package. */
const importFromHereOrThere = (npm: string): Promise<object> =>
  import(npm).catch(async (error: unknown) => {
    if (!isMissing(npm, error)) throw error
    // Node's resolver starts at its own module only, and `createRequire` does not resolve ESM-only packages.
    const { resolve } = await import("import-meta-resolve")
    return import(resolve(npm, pathToFileURL(join(process.cwd(), "package.json")).href))
  })
