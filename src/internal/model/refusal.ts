/** Rules in configuration: which responses, beside the known ones, mean that the server rejected the key. */

import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { optional, required } from "../util/schema.js"
import { inCode, isHeaderName } from "./options.js"

/** Bounds the time that a rule takes. */
const maxTextLength = 256
const maxRules = 32
const minStatus = 400
const maxStatus = 599

const Text = Schema.String.pipe(
  Schema.minLength(1),
  Schema.maxLength(maxTextLength),
  Schema.annotations({ description: `a text of 1 to ${maxTextLength} characters` })
)

const HeaderName = Schema.String.pipe(
  Schema.filter(isHeaderName, { jsonSchema: { pattern: "^[!#$%&'*+.^_`|~0-9A-Za-z-]+$" } }),
  Schema.annotations({ description: "the name of a header", documentation: 'For example "x-error-code".' })
)

const Pointer = Schema.String.pipe(
  Schema.pattern(/^(?:\/(?:[^~/]|~[01])*)+$/),
  Schema.maxLength(maxTextLength),
  Schema.annotations({
    description: "a JSON Pointer to a field of the body",
    documentation: 'For example "/error/code".'
  })
)

const either = { oneOf: [{ required: ["value"] }, { required: ["contains"] }] }

const hasOneTest = (test: { readonly value?: unknown; readonly contains?: unknown }): boolean =>
  (test.value === undefined) !== (test.contains === undefined)

const HeaderTest = Schema.Struct({
  name: required(HeaderName, "The header's name."),
  value: optional(Text, "The whole value of the header."),
  contains: optional(Text, "A part of the header's value.")
}).pipe(
  Schema.filter(hasOneTest, { jsonSchema: either }),
  Schema.annotations({
    description: "a header's `name`, and its `value` or a text that it `contains`",
    documentation: 'For example { "name": "x-error-code", "value": "token_expired" }.'
  })
)

const BodyTest = Schema.Struct({
  pointer: optional(Pointer, "A JSON Pointer to the field to test."),
  value: optional(
    Schema.Union(Text, Schema.Number, Schema.Boolean).annotations({ description: "a text, a number, true or false" }),
    "The whole value of the field."
  ),
  contains: optional(Text, "A part of the field's text, or of the body if there is no pointer.")
}).pipe(
  Schema.filter((test) => hasOneTest(test) && (test.value === undefined || test.pointer !== undefined), {
    jsonSchema: { oneOf: [{ required: ["pointer", "value"] }, { required: ["contains"] }] }
  }),
  Schema.annotations({
    description: "a `pointer` and the `value` there, or a text that the body, or the field at `pointer`, `contains`",
    documentation:
      'For example { "pointer": "/error/code", "value": "token_expired" } or { "contains": "token expired" }.'
  })
)

const RefusalRule = Schema.Struct({
  status: required(
    Schema.Int.pipe(
      Schema.between(minStatus, maxStatus),
      Schema.annotations({ description: `an HTTP status from ${minStatus} to ${maxStatus}` })
    ),
    "The status of the response."
  ),
  header: optional(HeaderTest, "A test of a header."),
  body: optional(BodyTest, "A test of the body.")
}).annotations({
  description: "an object with a `status`, and a test of a `header`, of the `body`, or of both",
  documentation: 'For example { "status": 400, "body": { "pointer": "/error/type", "value": "expired_key" } }.'
})

/** The rules as a schema. A response is a rejection if it passes all tests of one rule. */
export const RefusedWhen = Schema.Array(RefusalRule).pipe(
  Schema.minItems(1),
  Schema.maxItems(maxRules),
  Schema.annotations({
    description: `a list of 1 to ${maxRules} rules: which responses, beside the known ones, mean that the key was rejected`,
    documentation: 'For example [{ "status": 403, "body": { "contains": "token expired" } }].'
  })
)

/**
 * A response that means that the server rejected the key: its `status`, and, if they are given, a test of a header and a test of
 * the body. `value` compares the whole value, `contains` a part of it. The body's `pointer` is a JSON Pointer (RFC 6901).
 *
 * Only the first 64 KiB of a body count. All comparisons are by case, but for the header's name.
 *
 * @since 0.1.0
 * @category models
 */
export type RefusalRule = typeof RefusalRule.Type

/**
 * @since 0.1.0
 * @category models
 */
export type RefusedWhen = typeof RefusedWhen.Type

/** From plain data to the rules. `ParseError`s quote the input, so they are shown only after `source/problem`. */
export const decodeRefusedWhen = Schema.decodeUnknownEither(RefusedWhen, { onExcessProperty: "error" })

/** The rules that code gives, which may have no types. */
export const checkedRefusedWhen = (given: unknown): Either.Either<RefusedWhen, ConfigInvalid> =>
  given === undefined
    ? Either.right([])
    : Either.mapLeft(decodeRefusedWhen(given), () =>
        inCode(
          "`refusedWhen` is not a list of rules",
          'For example [{ status: 403, body: { contains: "token expired" } }].'
        )
      )
