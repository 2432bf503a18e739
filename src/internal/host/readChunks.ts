/** Reads a file in chunks up to a limit, because its reported size may be wrong. */

import { createHash, randomUUID } from "node:crypto"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const chunkBytes = 64 * 1024

/** Returns whether the end was reached. A chunk is valid until the next one is read. */
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

/** The digest of a file's content. A file of more than 256 MiB gets a unique digest, so it can never be trusted. */
export const fileDigest = (file: string): Effect.Effect<string, PlatformError, FileSystem.FileSystem> =>
  Effect.suspend(() => {
    const hash = createHash("sha256")
    return Effect.map(
      chunksOf(file, maxBytes, (chunk) => hash.update(chunk)),
      (isWhole) => (isWhole ? hash.digest("hex") : randomUUID())
    )
  })
