/** Canonical JSON: equal for equivalent values, so that digests of them can be compared. */
import * as Duration from "effect/Duration"

export interface ComparableOptions {
  /** Whether an undefined field is significant. It is for environment variables (unset), not for options. */
  readonly unset: "kept" | "dropped"
}

/**
 * Independent of the order of fields, and without losing what JSON would lose: unset fields, numbers such as NaN, and the
 * identity of functions and instances, which are equal only to themselves.
 */
export const comparable = (value: unknown, options: ComparableOptions): unknown => {
  if (value === undefined) return { unset: true }
  if (typeof value === "bigint" || (typeof value === "number" && !Number.isFinite(value))) {
    return { [typeof value]: String(value) }
  }
  if (typeof value === "function" || typeof value === "symbol") return { one: numberOf(value) }
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map((item) => comparable(item, options))
  if (Duration.isDuration(value)) return { millis: String(Duration.toMillis(value)) }
  if (!isRecord(value)) return { one: numberOf(value) }
  const fields = sorted(value).filter(([, field]) => field !== undefined || options.unset === "kept")
  return { record: fields.map(([name, field]) => [name, comparable(field, options)]) }
}

const isRecord = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

export const sorted = (record: object): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

/** JSON with the keys of each object sorted. Trust digests use this form, so its output for a value must not change. */
export const withSortedKeys = (value: unknown): unknown => {
  if (Array.isArray(value)) return value.map(withSortedKeys)
  if (typeof value !== "object" || value === null) return value
  return Object.fromEntries(sorted(value).map(([key, inner]) => [key, withSortedKeys(inner)]))
}

const numbers = new WeakMap<WeakKey, number>()
let lastNumber = 0

const numberOf = (one: WeakKey): number => {
  const number = numbers.get(one) ?? ++lastNumber
  numbers.set(one, number)
  return number
}
