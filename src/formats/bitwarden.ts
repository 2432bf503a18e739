/**
 * Bitwarden's command lines: `bw get item` (the password, or a custom field by its name), the same in the envelope of
 * `--response`, and `bws secret get` of the Secrets Manager.
 *
 * Protocol: https://bitwarden.com/help/cli/#get and https://bitwarden.com/help/secrets-manager-cli/#secret-get
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, failed, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { bitwarden as byName, type Message } from "../internal/format/messages.js"
import {
  AnyText,
  anObject,
  fromValue,
  jsonOf,
  type Mismatch,
  maybe,
  mismatch,
  objectOf
} from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("bitwarden"),
  field: Schema.optional(
    Schema.NonEmptyString.annotations({
      description: "The custom field that is the key. Default: the login's password, or the secret's value."
    })
  )
})

const Item = Schema.Struct({
  value: maybe(AnyText),
  data: maybe(Schema.Unknown),
  login: maybe(Schema.Struct({ password: maybe(AnyText) }).annotations(anObject)),
  fields: maybe(
    Schema.Array(Schema.Struct({ name: maybe(AnyText), value: maybe(AnyText) }).annotations(anObject)).annotations({
      description: "a list of fields"
    })
  )
})

const readItem = fromValue(Item)

const messages: ReadonlyArray<Message> = Object.values(byName)

/** The words of the program's own messages, which are fixed; the message itself is not passed on. */
const meaningOf = (message: unknown): Meaning =>
  messages.find(({ pattern }) => typeof message === "string" && new RegExp(pattern).test(message))?.meaning ?? {
    reason: "Unknown"
  }

const explain = (text: string): Option.Option<Meaning> =>
  Option.flatMap(Option.flatMap(jsonOf(text), objectOf), ({ message, success, version }) =>
    success === false && version === undefined ? Option.some(meaningOf(message)) : Option.none()
  )

/** What stands inside the envelope of `--response`. */
const opened = (object: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  object["success"] === true ? Option.getOrElse(objectOf(object["data"]), () => object) : object

const keyIn = (item: typeof Item.Type, field: string | undefined) => {
  const at = (path: string, value: Option.Option<string>) =>
    Option.match(value, {
      onNone: () =>
        mismatch(path, "a string", {
          text: "Name the custom field that holds the key",
          option: "format",
          example: { name: "bitwarden", field: "…" }
        }),
      onSome: (own) => tokenKey(path, own)
    })
  if (field !== undefined) {
    const fields = Option.getOrElse(item.fields, () => [])
    const named = fields.find(({ name }) => Option.exists(name, (own) => own === field))
    return at(
      "fields.value",
      Option.flatMap(Option.fromNullable(named), ({ value }) => value)
    )
  }
  if (Option.isSome(item.login)) return at("login.password", item.login.value.password)
  if (Option.isSome(item.value)) return at("value", item.value)
  // `bw get password --response` wraps a bare string.
  return at(
    Option.isSome(item.data) ? "data" : "login.password",
    Option.filter(item.data, (data) => typeof data === "string")
  )
}

export const bitwarden = ({ field }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "bitwarden",
    explain: ({ stdout }) => explain(stdout),
    recognizes: ({ object, text }) => {
      const inner = opened(object)
      return (
        (inner["object"] === "item" && ("login" in inner || "fields" in inner)) ||
        (object["success"] === true && inner["object"] === "string") ||
        Option.exists(explain(text), ({ reason }) => reason !== "Unknown") ||
        (typeof inner["organizationId"] === "string" && "key" in inner && "value" in inner)
      )
    },
    read: (text, { command, redact }) => {
      const failure = explain(text)
      if (Option.isSome(failure)) return failed({ command, redact }, failure.value)
      return Option.match(Option.flatMap(jsonOf(text), objectOf), {
        onNone: (): Either.Either<never, Mismatch> => mismatch("", "a JSON object"),
        onSome: (object) => Either.flatMap(readItem(opened(object)), (item) => keyIn(item, field))
      })
    },
    write: (key) =>
      Either.map(onlyValue(key), (value) =>
        jsonLine({
          object: "item",
          ...(field === undefined ? { login: { password: value } } : { fields: [{ name: field, value }] })
        })
      )
  })
