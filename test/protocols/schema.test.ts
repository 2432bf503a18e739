import * as Either from "effect/Either"
import * as Schema from "effect/Schema"
import { describe, expect, it } from "vitest"
import { EpochSeconds, Rfc3339 } from "../../src/internal/format/instant.js"
import { fromJson, maybe, Text } from "../../src/internal/format/schema.js"

const Inner = Schema.Struct({ token: Text, at: maybe(Rfc3339) }).annotations({ description: "an object" })
const read = fromJson(
  Schema.Struct({
    name: Text,
    inner: maybe(Inner),
    list: maybe(Schema.Array(Inner).annotations({ description: "a list" })),
    headers: maybe(
      Schema.Record({
        key: Schema.String,
        value: Schema.String.annotations({ description: "a string" })
      }).annotations({ description: "an object of strings" })
    ),
    at: maybe(EpochSeconds)
  })
)

describe("what does not fit a Schema is told by its place and what was expected, never by what stood there", () => {
  it.each([
    ["no JSON", "s3cret", "", "a JSON object"],
    ["a list", '["s3cret"]', "", "a JSON object"],
    ["a string", '"s3cret"', "", "a JSON object"],
    ["a field that is missing", "{}", "name", "a string that is not empty"],
    ["one that is empty", '{"name":""}', "name", "a string that is not empty"],
    ["one of another type", '{"name":["s3cret"]}', "name", "a string that is not empty"],
    ["one that should be an object", '{"name":"n","inner":"s3cret"}', "inner", "an object"],
    ["a field inside one", '{"name":"n","inner":{"token":7}}', "inner.token", "a string that is not empty"],
    ["a time inside one", '{"name":"n","inner":{"token":"t","at":"s3cret"}}', "inner.at", "an RFC 3339 time"],
    ["a list that is none", '{"name":"n","list":{"s3cret":1}}', "list", "a list"],
    ["an element of a list", '{"name":"n","list":[{"token":"t"},"s3cret"]}', "list.1", "an object"],
    ["a field of an element", '{"name":"n","list":[{"token":"t","at":1}]}', "list.0.at", "an RFC 3339 time"],
    ["a number that is none", '{"name":"n","at":"s3cret"}', "at", "epoch seconds before the year 10000"],
    ["a header whose name is the helper's", '{"name":"n","headers":{"s3cret":1}}', "headers.*", "a string"]
  ])("%s", (_, text, path, expected) => {
    expect(read(text)).toEqual(Either.left({ path, expected }))
  })
})
