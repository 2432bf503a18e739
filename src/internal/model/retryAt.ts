/** An error with the instant before which nothing is tried again. */

import type * as DateTime from "effect/DateTime"
import type { ApiKeyError } from "../../ApiKeyError.js"

/**
 * The same error, saying that nothing is tried before an instant.
 *
 * @internal
 */
export const withRetryAt = <E extends ApiKeyError>(error: E, retryAt: DateTime.Utc): E => {
  const copy: E = Object.create(Object.getPrototypeOf(error), Object.getOwnPropertyDescriptors(error))
  Object.defineProperty(copy, "retryAt", { value: retryAt, enumerable: true, configurable: true })
  return copy
}
