/** Sets the instant before which no run starts on an error. */

import type * as DateTime from "effect/DateTime"
import type { ApiKeyError } from "../../ApiKeyError.js"

/**
 * The same error with `retryAt`: no run starts before this instant.
 *
 * @internal
 */
export const withRetryAt = <E extends ApiKeyError>(error: E, retryAt: DateTime.Utc): E => {
  const copy: E = Object.create(Object.getPrototypeOf(error), Object.getOwnPropertyDescriptors(error))
  Object.defineProperty(copy, "retryAt", { value: retryAt, enumerable: true, configurable: true })
  return copy
}
