/** Atomic replacement of a file: after a failure or a crash the old text is there, never a part of the new one. */
import { randomUUID } from "node:crypto"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const onlyUser = 0o600
const permissions = 0o7777

/** Whether the code of an error means that the disk or the user's share of it is full. */
export const isFull = (code: string): boolean => code === "ENOSPC" || code === "EDQUOT"

/**
 * Writes a temporary file in the same directory, all of it and to the disk, and renames it. It gets mode 0600, or the mode and owner of
 * `like`. A symlink is replaced, not followed: to follow it, pass its real path.
 *
 * Our own, not the package write-file-atomic: its version 6 ignores how much was written. On a full disk a shortened text would replace
 * the file.
 */
export const replaceFile = Effect.fnUntraced(function* (file: string, text: string, like?: FileSystem.File.Info) {
  const fs = yield* FileSystem.FileSystem
  const temporary = `${file}.${randomUUID().slice(0, 8)}.tmp`
  const write = Effect.scoped(
    Effect.gen(function* () {
      // "wx" fails if the name exists, also as a symlink.
      const opened = yield* fs.open(temporary, { flag: "wx", mode: onlyUser })
      yield* Effect.addFinalizer((exit) =>
        exit._tag === "Success" ? Effect.void : Effect.ignore(fs.remove(temporary))
      )
      yield* opened.writeAll(new TextEncoder().encode(text))
      if (like !== undefined) yield* resemble(temporary, like)
      yield* opened.sync
    })
  )
  yield* Effect.zipRight(
    write,
    Effect.onError(fs.rename(temporary, file), () => Effect.ignore(fs.remove(temporary)))
  )
})

/** The owner first: a change of owner can take bits from the mode. Without the right to change it, the file is the user's own. */
const resemble = (
  file: string,
  { gid, mode, uid }: FileSystem.File.Info
): Effect.Effect<void, PlatformError, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) =>
    Effect.zipRight(
      Effect.ignore(Effect.transposeMapOption(Option.all([uid, gid]), ([user, group]) => fs.chown(file, user, group))),
      fs.chmod(file, mode & permissions)
    )
  )
