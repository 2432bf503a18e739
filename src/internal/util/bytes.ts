/** Collects the bytes of a pipe and decodes them as UTF-8. */

import * as Option from "effect/Option"

/** A buffer of chunks, joined on demand. */
export interface Collector {
  readonly add: (bytes: Uint8Array) => void
  /** Drops the oldest chunks as long as `limit` bytes are left. */
  readonly keepLast: (limit: number) => void
  readonly size: () => number
  /** Whether a chunk was dropped. */
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

/** Decodes UTF-8. A NUL means UTF-16 or binary data. The decoder drops a byte order mark. */
export const decodeUtf8 = (bytes: Uint8Array): Option.Option<string> =>
  Option.filter(
    Option.liftThrowable((input: Uint8Array) => strict.decode(input))(bytes),
    (decoded) => !decoded.includes("\0")
  )

const encoder = new TextEncoder()

/** The text that a reader of our output gets: the same text, unless UTF-8 or a helper's stdout cannot carry it. */
export const asRead = (text: string): Option.Option<string> =>
  Option.filter(decodeUtf8(encoder.encode(text)), (read) => read.trim() !== "")
