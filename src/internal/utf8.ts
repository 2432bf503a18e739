/** Bytes to text, strictly: what is not valid UTF-8 is no text. */
import * as Option from "effect/Option"

const strict = new TextDecoder("utf-8", { fatal: true })

/** A NUL in it means UTF-16 or binary data that happens to be valid; a byte order mark is dropped by the decoder. */
export const decodeUtf8 = (bytes: Uint8Array): Option.Option<string> =>
  Option.filter(
    Option.liftThrowable((input: Uint8Array) => strict.decode(input))(bytes),
    (decoded) => !decoded.includes("\0")
  )

const encoder = new TextEncoder()

/** What a reader will have of a text that we write: the same, unless it holds what UTF-8 or a helper's stdout cannot carry. */
export const asRead = (text: string): Option.Option<string> =>
  Option.filter(decodeUtf8(encoder.encode(text)), (read) => read.trim() !== "")
