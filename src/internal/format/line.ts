/** What the formats of one line share. */
import * as Either from "effect/Either"
import * as ApiKey from "../../ApiKey.js"
import { onlyValue } from "./define.js"
import * as KeySyntax from "./keySyntax.js"
import { type Mismatch, mismatch } from "./schema.js"

export const onlyLine = (input: string): Either.Either<string, Mismatch> => {
  const trimmed = input.trim()
  return /[\r\n]/.test(trimmed)
    ? mismatch("", "one line", {
        text: "Make the command print the key alone. If the key is the first line, set the format",
        option: "format",
        example: "first-line"
      })
    : Either.right(trimmed)
}

export const keyIn = (line: Either.Either<string, Mismatch>): Either.Either<ApiKey.ApiKey, Mismatch> =>
  Either.map(
    Either.flatMap(line, (candidate) => KeySyntax.token(candidate)),
    (value) => ApiKey.make({ value })
  )

export const writeLine = (key: ApiKey.ApiKey): Either.Either<string, Mismatch> =>
  Either.map(
    Either.flatMap(onlyValue(key), (value) => KeySyntax.token(value)),
    (value) => `${value}\n`
  )
