/**
 * The format of an answer nobody has named: first what the catalog says of the program, then the answer's own discriminator, else
 * plain text. Never by trial: a reader that fails on a secret would have to say why. JSON that fits none is refused.
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { define } from "../internal/format/define.js"
import type { Answer, CredentialFormat } from "../internal/format/format.js"
import { jsonOf, mismatch, objectOf } from "../internal/format/schema.js"
import type { Remedy } from "../internal/model/remedy.js"

const answerOf = (text: string): Answer => {
  const json = jsonOf(text)
  return {
    text,
    json: Option.getOrUndefined(json),
    object: Option.getOrElse(Option.flatMap(json, objectOf), () => ({}))
  }
}

export interface Candidates {
  /** What the catalog says of a program. */
  readonly usual: (program: string) => Option.Option<CredentialFormat>
  /** Those that have a discriminator. */
  readonly all: ReadonlyArray<CredentialFormat>
  readonly text: CredentialFormat
  readonly names: ReadonlyArray<string>
}

/** `auto`, which can also say which format it takes an answer for. */
export interface Auto extends CredentialFormat {
  readonly chosen: (text: string, program: string) => Option.Option<CredentialFormat>
  readonly usual: Candidates["usual"]
}

export const auto = ({ all, names, text, usual }: Candidates): Auto => {
  const choose = (answer: Answer): Option.Option<CredentialFormat> => {
    const known = all.find(({ recognizes }) => recognizes?.(answer) === true)
    if (known !== undefined) return Option.some(known)
    // A number may be a key; true and false are a condition's result. "[use …" is 1Password's, and text's to explain.
    return /^\s*(?:[{"]|\[(?!use ))/.test(answer.text) || typeof answer.json === "boolean"
      ? Option.none()
      : Option.some(text)
  }
  const chosen = (answer: Answer, program: string): Option.Option<CredentialFormat> =>
    Option.orElse(usual(program), () => choose(answer))
  const orName = (text: string): Remedy => ({ text: `${text}, or set one of ${names.join(", ")}`, option: "format" })
  const ofJson = (text: string): Remedy => ({
    ...orName(text),
    text: `${orName(text).text}; for JSON of your own, name the field that holds the key`,
    example: { name: "json", field: "data.key" }
  })
  const format = define({
    name: "auto",
    explain: (failure) =>
      Option.flatMap(choose(answerOf(failure.stdout)), ({ explain }) => explain?.(failure) ?? Option.none()),
    read: (input, context) => {
      const answer = answerOf(input)
      return Option.match(chosen(answer, context.command), {
        onSome: (known) => known.decode(input, context),
        onNone: () =>
          typeof answer.json === "string"
            ? mismatch(
                "",
                "a key without quotes",
                orName("Make the command print the text without quotes (jq -r, --output text)")
              )
            : mismatch(
                "",
                "a key on one line, or JSON of a format that it knows",
                ofJson("Make the command print the key alone (jq -r, --output text, --raw)")
              )
      })
    },
    write: (key) => Either.mapLeft(text.encode(key), ({ expected, path }) => ({ path, expected }))
  })
  return { ...format, usual, chosen: (input, program) => chosen(answerOf(input), program) }
}
