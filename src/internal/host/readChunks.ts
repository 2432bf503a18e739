/** Reads a file piece by piece, up to a limit: what its size says need not be what comes. */

import { createHash, randomUUID } from "node:crypto"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const chunkBytes = 64 * 1024

/** Whether that was the whole of it. A chunk is good until the next one is read. */
export const chunksOf = (
  file: string,
  maxBytes: number,
  onChunk: (chunk: Uint8Array) => unknown
): Effect.Effect<boolean, PlatformError, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const opened = yield* fs.open(file, { flag: "r" })
    for (let read = 0; read <= maxBytes; ) {
      const chunk = yield* opened.readAlloc(chunkBytes)
      if (Option.isNone(chunk)) return true
      read += chunk.value.length
      onChunk(chunk.value)
    }
    return false
  }).pipe(Effect.scoped)

const maxBytes = 256 * 1024 * 1024

/** Of a file's content. One that does not end within 256 MiB is like none before: nobody can have trusted it. */
export const fileDigest = (file: string): Effect.Effect<string, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    return Effect.map(
      chunksOf(file, maxBytes, (chunk) => hash.update(chunk)),
      (isWhole) => (isWhole ? hash.digest("hex") : randomUUID())
    )
  })
