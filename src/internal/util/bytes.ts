/** Bytes: collecting those of a pipe, and reading them as UTF-8. */

import * as Option from "effect/Option"

/** Bytes as they come from a pipe, in pieces until they are wanted. */
export interface Collector {
  readonly add: (bytes: Uint8Array) => void
  /** Forgets what came first, in whole pieces, as long as `limit` bytes are left. */
  readonly keepLast: (limit: number) => void
  readonly size: () => number
  /** Whether something has been forgotten. */
  readonly isCut: () => boolean
  readonly bytes: () => Uint8Array
}

export const collector = (): Collector => {
  let chunks: Array<Uint8Array> = []
  let size = 0
  let cut = false
  return {
    add: (bytes) => {
      chunks.push(bytes)
      size += bytes.length
    },
    keepLast: (limit) => {
      while (chunks[0] !== undefined && size - chunks[0].length >= limit) {
        size -= chunks[0].length
        chunks.shift()
        cut = true
      }
    },
    size: () => size,
    isCut: () => cut,
    bytes: () => {
      if (chunks.length > 1) chunks = [Buffer.concat(chunks)]
      return chunks[0] ?? new Uint8Array()
    }
  }
}

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
