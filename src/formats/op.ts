/**
 * 1Password's command line, `op item get … --format json`: an item with its fields, one field, or a list of fields. The key
 * is the field named, else the one with the id `credential`, else the only concealed one.
 *
 * Protocol: https://developer.1password.com/docs/cli/item-template-json
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { hasProperty } from "effect/Predicate"
import * as Schema from "effect/Schema"
import { define, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { AnyText, anObject, fromValue, jsonOf, maybe, mismatch } from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("op"),
  field: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: "The id or label of the field that is the key. Default: credential, else the only concealed one."
    })
  )
})

const Answer = Schema.Struct({
  fields: Schema.Array(
    Schema.Struct({
      id: maybe(AnyText),
      label: maybe(AnyText),
      type: maybe(AnyText),
      value: maybe(Schema.Unknown)
    }).annotations(anObject)
  ).annotations({ description: "a list of fields" })
})
type Field = (typeof Answer.Type)["fields"][number]

const readFields = fromValue(Answer)

const whole = (json: unknown): unknown =>
  Array.isArray(json) ? { fields: json } : hasProperty(json, "fields") ? json : { fields: [json] }

const has = (part: Option.Option<string>, name: string): boolean => Option.exists(part, (own) => own === name)

const concealed = "CONCEALED"
const credential = "credential"

const chosen = (fields: ReadonlyArray<Field>, name: string | undefined): Option.Option<Field> => {
  const only = (candidates: ReadonlyArray<Field>): Option.Option<Field> =>
    candidates.length === 1 ? Option.fromNullable(candidates[0]) : Option.none()
  const filled = fields.filter(({ value }) => Option.exists(value, (own) => own !== ""))
  if (name !== undefined) {
    return Option.orElse(only(filled.filter(({ id }) => has(id, name))), () =>
      only(filled.filter(({ label }) => has(label, name)))
    )
  }
  return Option.orElse(only(filled.filter(({ id }) => has(id, credential))), () =>
    only(filled.filter(({ type }) => has(type, concealed)))
  )
}

export const op = ({ field }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "op",
    recognizes: ({ json, object }) =>
      ("fields" in object && "category" in object && "vault" in object) ||
      ([json].flat().every((one) => hasProperty(one, "type") && hasProperty(one, "id") && hasProperty(one, "label")) &&
        [json].flat().some((one) => hasProperty(one, "type") && one.type === concealed)),
    read: (text) =>
      Option.match(jsonOf(text), {
        onNone: () => mismatch("", "a JSON object or a list"),
        onSome: (json) =>
          Either.flatMap(readFields(whole(json)), ({ fields }) =>
            Option.match(chosen(fields, field), {
              onNone: () =>
                mismatch(
                  "fields",
                  field === undefined
                    ? "one field with the id credential, or one that is concealed"
                    : "one field of the name given",
                  { text: "Name the field that holds the key", option: "format", example: { name: "op", field: "…" } }
                ),
              onSome: ({ value }) =>
                Option.match(
                  Option.filter(value, (own) => typeof own === "string"),
                  {
                    onNone: () => mismatch("fields.value", "a string"),
                    onSome: (own) => tokenKey("fields.value", own)
                  }
                )
            })
          )
      }),
    write: (key) =>
      Either.map(onlyValue(key), (value) =>
        jsonLine({ id: field ?? credential, type: concealed, label: field ?? credential, value })
      )
  })
