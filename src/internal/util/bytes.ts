/** Bytes as they come from a pipe, kept in pieces until they are wanted. */
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
