/** Whether two commands are the same one: by all of their options, so that an option added later counts as well. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { CommandOptions } from "../ApiKeyProvider.js"
import { digestOf } from "./digest.js"

const durations: ReadonlySet<string> = new Set(["timeout", "timeToLive", "refreshAhead"] satisfies Array<
  keyof CommandOptions
>)

/** A digest, since arguments and variables can hold secrets. Functions and instances are the same only if they are one. */
export const identityOf = (options: CommandOptions): string =>
  digestOf(
    sorted(options).flatMap(([name, value]) =>
      value === undefined ? [] : [[name, durations.has(name) ? durationOf(value) : plain(value)]]
    )
  )

const durationOf = (value: unknown): unknown =>
  Option.match(Duration.decodeUnknown(value), {
    onNone: () => plain(value),
    onSome: (it) => String(Duration.toMillis(it))
  })

/** As JSON can hold it, without losing what JSON would: a variable that is unset, and who is who among objects. */
const plain = (value: unknown): unknown => {
  if (value === undefined) return { unset: true }
  if (typeof value === "bigint") return { bigint: String(value) }
  if (typeof value === "function" || typeof value === "symbol") return { one: numberOf(value) }
  if (typeof value !== "object" || value === null) return value
  if (Array.isArray(value)) return value.map(plain)
  return isRecord(value)
    ? { record: sorted(value).map(([name, inner]) => [name, plain(inner)]) }
    : { one: numberOf(value) }
}

const isRecord = (value: object): boolean => {
  const prototype: unknown = Object.getPrototypeOf(value)
  return prototype === Object.prototype || prototype === null
}

const sorted = (record: object): ReadonlyArray<readonly [string, unknown]> =>
  Object.entries(record).sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))

const numbers = new WeakMap<WeakKey, number>()
let lastNumber = 0

const numberOf = (one: WeakKey): number => {
  const number = numbers.get(one) ?? ++lastNumber
  numbers.set(one, number)
  return number
}
