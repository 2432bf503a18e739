/** Compares the entry that opencode passes with the files. No policy has authorized a difference, because its author is unknown. */

import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import { affectsRequestFields, escapesPath, harmlessFields, harmlessOptions } from "../config/destination.js"

/** Whether a field affects the destination or the content of requests. */
const affectsRequest = ([first = "", second = "", third]: ReadonlyArray<string>, value: unknown): boolean => {
  if (first === "options") return !harmlessOptions.has(second)
  if (first === "models")
    return third !== undefined && (affectsRequestFields.has(third) || (third === "id" && escapesPath(value)))
  return !harmlessFields.has(first)
}

/** A comparable text. A placeholder without quotes is a string on our side, and any value on opencode's side. */
const textOf = (value: unknown): string | undefined => (typeof value === "string" ? value : JSON.stringify(value))

/** The first path whose value differs from the files. Functions are ignored: they come from plugins that the user installed. */
export const firstUndeclared = (
  actual: unknown,
  written: unknown,
  path: ReadonlyArray<string> = []
): Option.Option<ReadonlyArray<string>> => {
  if (typeof actual === "function" || actual === undefined) return Option.none()
  const [first, second, third] = path
  if (
    first === "models" &&
    third === undefined &&
    written === undefined &&
    second !== undefined &&
    escapesPath(second)
  ) {
    return Option.some(path)
  }
  if (!isRecord(actual))
    return affectsRequest(path, actual) && textOf(actual) !== textOf(written) ? Option.some(path) : Option.none()
  return Option.firstSomeOf(
    Object.entries(actual).map(([key, value]) =>
      firstUndeclared(value, isRecord(written) && Object.hasOwn(written, key) ? written[key] : undefined, [
        ...path,
        key
      ])
    )
  )
}
