/** Plain text: the key and nothing else. */
import * as Either from "effect/Either"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../ApiKey.js"
import { InvalidOutput } from "../ApiKeyError.js"
import type { CredentialFormat, DecodeContext } from "../CredentialFormat.js"

/** Words that tools print where there is nothing. */
const wordsForNothing: ReadonlyArray<string> = ["null", "undefined"]
const visibleAscii = /^[\x21-\x7E]+$/

const keyOf = (
  candidate: string,
  format: string,
  { command }: DecodeContext
): Either.Either<ApiKey.ApiKey, InvalidOutput> => {
  const refuse = (expected: string, remedy?: string): Either.Either<never, InvalidOutput> =>
    Either.left(new InvalidOutput({ command, format, path: "", expected, ...(remedy === undefined ? {} : { remedy }) }))
  if (!visibleAscii.test(candidate)) {
    return refuse(
      "visible ASCII characters without spaces",
      "A key holds no spaces, colours or umlauts; print it without decoration."
    )
  }
  if (wordsForNothing.includes(candidate)) {
    return refuse(
      "a key, not a word for nothing",
      "The field does not exist there; check its name in the command (jq -e fails instead)."
    )
  }
  if (candidate.startsWith("encrypted:")) {
    return refuse("a decrypted key", "The value was not decrypted; give the command its private key.")
  }
  return Either.right(ApiKey.make({ value: candidate }))
}

const encode =
  (format: string) =>
  (key: ApiKey.ApiKey): Either.Either<string, InvalidOutput> =>
    Either.map(
      keyOf(Redacted.value(key.value), format, { command: "effect-apikey", startedAt: 0, stderr: () => "" }),
      () => `${Redacted.value(key.value)}\n`
    )

/** The whole output is the key: one line of visible ASCII, white space around it removed. */
export const text: CredentialFormat = {
  name: "text",
  decode: (input, context) => {
    const trimmed = input.trim()
    return /[\r\n]/.test(trimmed)
      ? Either.left(
          new InvalidOutput({
            command: context.command,
            format: "text",
            path: "",
            expected: "one line",
            remedy:
              'If the key is the first of the lines: format: "first-line". Otherwise make the command print the key alone.'
          })
        )
      : keyOf(trimmed, "text", context)
  },
  encode: encode("text")
}

/** The first line is the key, what follows are notes (pass and gopass keep them so). */
export const firstLine: CredentialFormat = {
  name: "first-line",
  decode: (input, context) => keyOf((input.split(/\r\n|\r|\n/, 1)[0] ?? "").trim(), "first-line", context),
  encode: encode("first-line")
}
