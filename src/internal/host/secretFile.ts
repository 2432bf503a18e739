/** Reads a secret file. It must be regular and small. The same descriptor is checked and read, so the file cannot change in between. */
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import { globalValue } from "effect/GlobalValue"
import * as Option from "effect/Option"
import { InsecurePermissions, SourceUnreadable } from "../../ApiKeyError.js"
import { codeOf } from "../util/platformError.js"

const maxBytes = 64 * 1024
const readableByOthers = 0o044
const permissionBits = 0o777

/** Paths that were already warned about. */
const warned = globalValue("effect-apikey/secretFile/warned", () => new Set<string>())

export interface SecretFileOptions {
  /** What needs the file, for errors. */
  readonly source: string
  /** Fail if others can read the file. */
  readonly strict: boolean
}

/** None if the file does not exist. */
export const readSecretFile = (
  path: string,
  { source, strict }: SecretFileOptions
): Effect.Effect<Option.Option<Uint8Array>, SourceUnreadable | InsecurePermissions, FileSystem.FileSystem> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const unreadable = (code: string) => new SourceUnreadable({ source, path, code })
    const named = yield* Effect.either(fs.stat(path))
    if (named._tag === "Left") {
      const code = codeOf(named.left)
      return code === "ENOENT" ? Option.none() : yield* unreadable(code)
    }
    // Opening a FIFO would block until a writer opens it.
    if (named.right.type !== "File") {
      return yield* unreadable(named.right.type === "Directory" ? "EISDIR" : "not a plain file")
    }
    const opened = yield* Effect.mapError(fs.open(path, { flag: "r" }), (error) => unreadable(codeOf(error)))
    const info = yield* Effect.mapError(opened.stat, (error) => unreadable(codeOf(error)))
    if (info.size > maxBytes) return yield* tooLarge(source, path)
    yield* checkMode(path, info.mode, strict)
    const bytes = yield* Effect.mapError(opened.readAlloc(maxBytes), (error) => unreadable(codeOf(error)))
    return Option.some(Option.getOrElse(bytes, () => new Uint8Array()))
  }).pipe(Effect.scoped)

const tooLarge = (source: string, path: string): SourceUnreadable =>
  new SourceUnreadable({
    source,
    path,
    code: `larger than ${maxBytes / 1024} KiB`,
    remedy: "Name a regular file that contains only the secret."
  })

const isWindows = process.platform === "win32"

const checkMode = (path: string, mode: number, strict: boolean): Effect.Effect<void, InsecurePermissions> => {
  if (isWindows || (mode & readableByOthers) === 0) return Effect.void
  const error = new InsecurePermissions({ path, mode: (mode & permissionBits).toString(8).padStart(4, "0") })
  if (strict) return Effect.fail(error)
  if (warned.has(path)) return Effect.void
  warned.add(path)
  return Effect.logWarning(`${error.message}. ${error.hint}`)
}
