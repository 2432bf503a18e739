/** Wrappings in which known stores print a secret, decoded. */

import * as Either from "effect/Either"
import * as Encoding from "effect/Encoding"
import * as Option from "effect/Option"

/** zalando/go-keyring, which gh, supabase and others use on macOS: `security` would print its value. */
const goKeyring: ReadonlyArray<{
  readonly prefix: string
  readonly decode: (text: string) => Either.Either<string, unknown>
}> = [
  { prefix: "go-keyring-base64:", decode: Encoding.decodeBase64String },
  { prefix: "go-keyring-encoded:", decode: Encoding.decodeHexString }
]

/** macOS' `security` prints hexadecimal where the secret has a line end: then the line end is the reason. */
const hexOfLine = /^(?:0x)?((?:2[1-9a-f]|[3-6][0-9a-f]|7[0-9a-e]){7,})((?:0d)?0a)+$/i

/** The text within a known wrapping. None if it has no wrapping; an error if the wrapping is damaged. */
export const unwrapped = (text: string): Option.Option<Either.Either<string, string>> => {
  const known = goKeyring.find(({ prefix }) => text.startsWith(prefix))
  if (known !== undefined) {
    return Option.some(Either.mapLeft(known.decode(text.slice(known.prefix.length)), () => known.prefix))
  }
  const [, hex] = hexOfLine.exec(text) ?? []
  return Option.map(Option.fromNullable(hex), (found) => Either.mapLeft(Encoding.decodeHexString(found), () => ""))
}
