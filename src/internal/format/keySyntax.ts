/** Which strings are valid as a token, as password or user name of a pair, and as a header. */
import * as Either from "effect/Either"
import { isHeaderName } from "../util/headerName.js"
import { type Mismatch, mismatch } from "./schema.js"

/** Words that tools print where there is nothing: jq, Node, and what is written in Python (`aws --output text`) or Go. */
const wordsForNothing: ReadonlyArray<string> = ["null", "undefined", "None", "<nil>"]
const visibleAscii = /^[\x21-\x7E]+$/
/** Line ends and NUL would end a header, a line of git's protocol or a C string early; an unpaired surrogate is not a character. */
const controls = /\p{Cc}|\p{Zl}|\p{Zp}|\p{Cs}/u

/** A token is sent in a header, so it is one word of visible ASCII. Surrounding white space is removed. */
export const token = (candidate: string, path = ""): Either.Either<string, Mismatch> => {
  const word = candidate.trim()
  if (word === "") return mismatch(path, "a key that is not empty")
  if (word.startsWith("[use 'op item get")) {
    return mismatch(
      path,
      "a key, not what stands for a hidden one",
      "1Password hides that field's value: add --reveal to op item get, or use op read."
    )
  }
  if (!visibleAscii.test(word)) {
    return mismatch(
      path,
      "visible ASCII characters without spaces",
      "A key holds no spaces, colours or umlauts; print it without decoration."
    )
  }
  if (wordsForNothing.includes(word)) {
    return mismatch(
      path,
      "a key, not a word for nothing",
      "Tools print null, undefined, None or <nil> where there is nothing; check the field's name in the command (jq -e fails instead)."
    )
  }
  if (word.startsWith("encrypted:")) {
    return mismatch(path, "a decrypted key", "The value was not decrypted; give the command its private key.")
  }
  return Either.right(word)
}

/** A password, or the user name that goes with it: it may hold spaces and umlauts (Basic encodes them), but nothing that ends a line. */
export const password = (candidate: string, path: string): Either.Either<string, Mismatch> =>
  candidate.trim() === ""
    ? mismatch(path, "a string that is not empty")
    : controls.test(candidate)
      ? mismatch(path, "a string without line ends or control characters")
      : Either.right(candidate)

const headerValue = /^[\x21-\x7E](?:[\x20-\x7E]*[\x21-\x7E])?$/

export const isAuthorization = (name: string): boolean => name.toLowerCase() === "authorization"

/** Headers that HTTP can carry, each name once. */
export const headers = (
  own: Readonly<Record<string, string>>
): Either.Either<Readonly<Record<string, string>>, Mismatch> => {
  const names = Object.keys(own)
  if (!names.every(isHeaderName)) return mismatch("headers", "names that a header can have")
  if (new Set(names.map((name) => name.toLowerCase())).size < names.length) {
    return mismatch("headers", "each header once, whatever the case of its name")
  }
  return Object.values(own).every((value) => headerValue.test(value))
    ? Either.right(own)
    : mismatch("headers.*", "values that a header can carry")
}
