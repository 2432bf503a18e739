/**
 * Any JSON, by the places of its fields: for what has no format of its own. A place is a dot path (`data.key`) or a JSON Pointer
 * (RFC 6901: https://www.rfc-editor.org/rfc/rfc6901).
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { define, jsonLine, withoutUser } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import {
  after,
  earlier,
  epoch,
  fromEpochMillis,
  fromEpochSeconds,
  lifetime,
  parseNumber,
  parseRfc3339,
  toEpochSeconds
} from "../internal/format/instant.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { jsonOf, type Mismatch, mismatch } from "../internal/format/schema.js"
import type { Remedy } from "../internal/model/remedy.js"
import { build, lookUp } from "../internal/util/pointer.js"

const place = (description: string) => Schema.NonEmptyString.annotations({ description })

export const Spec = Schema.Struct({
  name: Schema.Literal("json"),
  field: place("The field of the key: a dot path (data.key) or a JSON Pointer (/data/key)."),
  username: Schema.optional(place("The field of the user name, if the key is a pair.")),
  expiresAt: Schema.optional(
    place("The field of the expiry: an RFC 3339 time, or a number in `unit` since the epoch.")
  ),
  expiresIn: Schema.optional(place("The field of the lifetime, in `unit`, counted from the start of the run.")),
  unit: Schema.optional(
    Schema.Literal("seconds", "milliseconds").annotations({ description: "The unit of numbers. Default: seconds." })
  )
})

type Spec = typeof Spec.Type

const noString = (option: "field" | "username"): Remedy => ({
  text: "Make the command print the key alone, or name a member that is a string",
  option
})

const millisPerSecond = 1000

const expiryIn = (
  value: unknown,
  { expiresAt, expiresIn, unit = "seconds" }: Spec,
  startedAt: number
): Either.Either<Option.Option<DateTime.Utc>, Mismatch> => {
  // Who names a place expects an expiry there: only `null` says that there is none.
  const at = (
    path: string | undefined,
    expected: string,
    toInstant: (found: unknown) => Option.Option<DateTime.Utc>
  ): Either.Either<Option.Option<DateTime.Utc>, Mismatch> => {
    if (path === undefined) return Either.right(Option.none())
    const found = lookUp(value, path)
    if (Option.contains(found, null)) return Either.right(Option.none())
    const instant = Option.flatMap(found, toInstant)
    if (Option.isSome(instant)) return Either.right(instant)
    return unit === "seconds" && Option.isSome(Option.flatMap(found, parseNumber))
      ? mismatch(path, expected, 'If the number is in milliseconds: unit: "milliseconds"')
      : mismatch(path, expected)
  }
  const absolute = at(expiresAt, `an RFC 3339 time or ${epoch(unit)}`, (found) =>
    Option.orElse(Option.flatMap(parseNumber(found), unit === "seconds" ? fromEpochSeconds : fromEpochMillis), () =>
      typeof found === "string" ? parseRfc3339(found) : Option.none()
    )
  )
  const relative = at(expiresIn, lifetime(unit), (found) =>
    Option.flatMap(parseNumber(found), (amount) =>
      after(startedAt, unit === "seconds" ? amount : amount / millisPerSecond)
    )
  )
  return Either.zipWith(absolute, relative, earlier)
}

export const json = (spec: Spec): CredentialFormat =>
  define({
    name: "json",
    read: (text, { startedAt }) =>
      Either.gen(function* () {
        const value = yield* Option.match(jsonOf(text), { onNone: () => mismatch("", "JSON"), onSome: Either.right })
        const found = lookUp(value, spec.field)
        if (Option.isNone(found) || typeof found.value !== "string")
          return yield* mismatch(spec.field, "a string", noString("field"))
        const expiresAt = yield* expiryIn(value, spec, startedAt)
        if (spec.username === undefined) {
          const secret = yield* KeySyntax.token(found.value, spec.field)
          return new ApiKey.ApiKey({ value: Redacted.make(secret), expiresAt })
        }
        const name = lookUp(value, spec.username)
        if (Option.isNone(name) || typeof name.value !== "string")
          return yield* mismatch(spec.username, "a string", noString("username"))
        const username = yield* KeySyntax.password(name.value, spec.username)
        const secret = yield* KeySyntax.password(found.value, spec.field)
        return new ApiKey.ApiKey({ value: Redacted.make(secret), username: Option.some(username), expiresAt })
      }),
    write: (key) =>
      Either.flatMap(withoutUser(key), (value) => {
        const wanted: ReadonlyArray<readonly [string | undefined, Option.Option<unknown>]> = [
          [spec.field, Option.some(value)],
          [spec.username, key.username],
          [
            spec.expiresAt,
            Option.some(
              Option.match(key.expiresAt, {
                onNone: () => null,
                onSome: (at) =>
                  spec.unit === undefined
                    ? DateTime.formatIso(at)
                    : spec.unit === "seconds"
                      ? toEpochSeconds(at)
                      : at.epochMillis
              })
            )
          ],
          [spec.expiresIn, Option.some(null)]
        ]
        const fields = wanted.flatMap(([path, part]) =>
          path === undefined || Option.isNone(part) ? [] : [[path, part.value] as const]
        )
        return Option.match(build(fields), {
          onNone: () => mismatch(spec.field, "places that do not lie inside one another"),
          onSome: (object) => Either.right(jsonLine(object))
        })
      })
  })
