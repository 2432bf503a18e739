/** Which strings are valid as a token, as password or user name of a pair, and as a header. */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isHeaderName } from "../model/options.js"
import { notAPassword, notAToken } from "./notAKey.js"
import { type Mismatch, mismatch } from "./schema.js"
import { unwrapped } from "./wrapping.js"

const visibleAscii = /^[\x21-\x7E]+$/
/** Line ends and NUL would end a header, a line of git's protocol or a C string early; an unpaired surrogate is not a character. */
const controls = /\p{Cc}|\p{Zl}|\p{Zp}|\p{Cs}/u

/** A token is sent in a header, so it is one word of visible ASCII. Surrounding white space is removed. */
export const token = (candidate: string, path = ""): Either.Either<string, Mismatch> =>
  Either.flatMap(withoutWrapping(candidate.trim(), path), (word) => bareToken(word, path))

const bareToken = (word: string, path: string): Either.Either<string, Mismatch> => {
  if (word === "") return mismatch(path, "a key that is not empty")
  const found = notAToken(word)
  if (Option.isSome(found)) return mismatch(path, found.value.expected, found.value.remedy)
  if (!visibleAscii.test(word)) {
    return mismatch(
      path,
      "visible ASCII characters without spaces",
      "A key holds no spaces, colours or umlauts; print it without decoration."
    )
  }
  return Either.right(word)
}

const withoutWrapping = (text: string, path: string): Either.Either<string, Mismatch> =>
  Option.match(unwrapped(text), {
    onNone: () => Either.right(text),
    onSome: Either.mapBoth({
      onLeft: (prefix) => ({
        path,
        expected: `what ${prefix} announces`,
        remedy: "The store's entry is damaged: log in with that tool again."
      }),
      onRight: (inner) => inner.trim()
    })
  })

/** A password. It may have spaces and umlauts, since Basic encodes them, but nothing that ends a line. */
export const password = (candidate: string, path: string): Either.Either<string, Mismatch> =>
  Either.flatMap(withoutWrapping(candidate, path), (word) =>
    Option.match(notAPassword(word.trim()), {
      onNone: () => username(word, path),
      onSome: ({ expected, remedy }) => mismatch(path, expected, remedy)
    })
  )

/** The user name of a pair. */
export const username = (candidate: string, path: string): Either.Either<string, Mismatch> =>
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
