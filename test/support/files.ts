/** A file system that is only a list of what is there. */
import { type PlatformError, SystemError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import type * as Layer from "effect/Layer"
import * as Option from "effect/Option"

export const info = (type: FileSystem.File.Type = "File", mode = 0o755): FileSystem.File.Info => ({
  type,
  mode,
  mtime: Option.none(),
  atime: Option.none(),
  birthtime: Option.none(),
  dev: 0,
  ino: Option.none(),
  nlink: Option.none(),
  uid: Option.none(),
  gid: Option.none(),
  rdev: Option.none(),
  size: FileSystem.Size(1),
  blksize: Option.none(),
  blocks: Option.none()
})

const missing = (path: string): PlatformError =>
  new SystemError({ reason: "NotFound", module: "FileSystem", method: "stat", pathOrDescriptor: path })

/** `at` says what stands at a path; undefined is nothing. */
export const files = (at: (path: string) => FileSystem.File.Info | undefined): Layer.Layer<FileSystem.FileSystem> =>
  FileSystem.layerNoop({
    stat: (path) => Effect.mapError(Effect.fromNullable(at(path)), () => missing(path))
  })
