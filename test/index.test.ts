/** What the root of the package exports. */
import * as Root from "effect-apikey"
import { expect, it } from "vitest"

it("the root exports the nine modules of the pipeline", () => {
  expect(Object.keys(Root).sort()).toEqual([
    "ApiKey",
    "ApiKeyError",
    "ApiKeyProvider",
    "ApiKeyProviders",
    "ApiKeySource",
    "CredentialFormat",
    "CredentialHelper",
    "HelperExecutor",
    "HelperPolicy"
  ])
})
