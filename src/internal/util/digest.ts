/** One-way digests, so that secrets can be compared and remembered without being kept. */
import { createHash, randomUUID } from "node:crypto"
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { chunksOf } from "../host/readChunks.js"

export const digestOf = (value: unknown): string => createHash("sha256").update(JSON.stringify(value)).digest("hex")

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
