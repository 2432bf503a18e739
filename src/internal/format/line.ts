/** What the formats of one line share. */
import * as Either from "effect/Either"
import * as ApiKey from "../../ApiKey.js"
import { onlyValue } from "./define.js"
import * as Fit from "./keySyntax.js"
import { type Refusal, refuse } from "./schema.js"

export const onlyLine = (input: string): Either.Either<string, Refusal> => {
  const trimmed = input.trim()
  return /[\r\n]/.test(trimmed)
    ? refuse(
        "",
        "one line",
        'If the key is the first of the lines: format: "first-line". Otherwise make the command print the key alone.'
      )
    : Either.right(trimmed)
}

export const keyIn = (line: Either.Either<string, Refusal>): Either.Either<ApiKey.ApiKey, Refusal> =>
  Either.map(
    Either.flatMap(line, (candidate) => Fit.token(candidate)),
    (value) => ApiKey.make({ value })
  )

export const writeLine = (key: ApiKey.ApiKey): Either.Either<string, Refusal> =>
  Either.map(
    Either.flatMap(onlyValue(key), (value) => Fit.token(value)),
    (value) => `${value}\n`
  )
