/** The status of a cache, put together from its state when somebody asks. */
import * as Option from "effect/Option"
import type { ApiKeyStatus } from "../ApiKeyCache.js"

export const emptyStatus = (provider: string): ApiKeyStatus => ({
  provider,
  state: "empty",
  age: Option.none(),
  softExpiry: Option.none(),
  hardExpiry: Option.none(),
  runs: 0,
  hits: 0,
  renewals: 0,
  rejections: 0,
  lastFailure: Option.none(),
  nextTry: Option.none()
})
