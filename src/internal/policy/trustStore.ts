/** The trust file. It must be the user's own and not a symlink; it is locked while it is changed, and replaced atomically. */
import { closeSync, constants, fstatSync, lstatSync, mkdirSync, openSync, readFileSync, unlinkSync } from "node:fs"
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schedule from "effect/Schedule"
import * as Schema from "effect/Schema"
import { SourceUnreadable } from "../../ApiKeyError.js"
import { HostEnvironment, type Needs, xdg } from "../host/HostEnvironment.js"
import { describe, findInsecurePath, ourUid } from "../host/ownership.js"
import { isFull, replaceFile } from "../host/replaceFile.js"
import { codeOf } from "../util/platformError.js"
import { shellWord } from "../util/shell.js"

/** A trusted declaration. Arguments can hold secrets, so only the program's name and the digest are stored. */
export const Trusted = Schema.Struct({
  file: Schema.String,
  provider: Schema.String,
  /** Where the key is sent; empty if the configuration does not say. */
  origin: Schema.optionalWith(Schema.String, { default: () => "" }),
  program: Schema.String,
  digest: Schema.String,
  at: Schema.DateTimeUtc
})
export type Trusted = typeof Trusted.Type

const TrustFile = Schema.parseJson(Schema.Struct({ version: Schema.Literal(1), trusted: Schema.Array(Trusted) }))
const decode = Schema.decodeUnknown(TrustFile)
const encode = Schema.encode(TrustFile)

const onlyUser = 0o600
const folderMode = 0o700
const writableByAnyone = 0o022
const lockPatience = Duration.seconds(5)
const lockDelay = Duration.millis(50)

const location: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  return path.join(xdg(yield* HostEnvironment, "XDG_DATA_HOME", path.join), "effect-apikey", "trust.json")
})

const failure = (path: string, code: string, remedy?: string): SourceUnreadable =>
  new SourceUnreadable({
    source: "trust file",
    path,
    code,
    remedy:
      remedy ?? "Find out who created it. If in doubt, remove it, review your projects' files and trust them again."
  })

/** @effect/platform's FileSystem always follows symlinks, so these few calls use Node's API. */
const attempt = <A>(path: string, action: () => A): Effect.Effect<A, SourceUnreadable> =>
  Effect.try({ try: action, catch: (error) => failure(path, codeOf(error)) })

const nofollow = constants.O_NOFOLLOW ?? 0

/** Opens the file without following a symlink, and checks the same descriptor that is read. */
const readChecked = (file: string): Effect.Effect<Option.Option<string>, SourceUnreadable> =>
  Effect.acquireUseRelease(
    attempt(file, () => openSync(file, constants.O_RDONLY | constants.O_NONBLOCK | nofollow)),
    (descriptor) =>
      Effect.gen(function* () {
        const info = yield* attempt(file, () => fstatSync(descriptor))
        if (!info.isFile()) return yield* failure(file, "it is not a regular file")
        if (Option.exists(ourUid, (uid) => info.uid !== uid)) return yield* failure(file, "another user owns it")
        if (Option.isSome(ourUid) && (info.mode & writableByAnyone) !== 0) {
          return yield* failure(file, "others can write to it")
        }
        return Option.some(yield* attempt(file, () => readFileSync(descriptor, "utf8")))
      }),
    (descriptor) => Effect.ignore(attempt(file, () => closeSync(descriptor)))
  ).pipe(
    Effect.catchAll((error) => {
      if (error.code === "ENOENT") return Effect.succeedNone
      return Effect.fail(error.code === "ELOOP" ? failure(file, "it is a symbolic link") : error)
    })
  )

/** Checks that the directory is not a symlink, and that no other user could replace it or a directory above it. */
const checkFolder = (folder: string): Effect.Effect<boolean, SourceUnreadable, FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const info = yield* attempt(folder, () => lstatSync(folder, { throwIfNoEntry: false }))
    if (info === undefined) return false
    if (!info.isDirectory())
      return yield* failure(folder, info.isSymbolicLink() ? "it is a symbolic link" : "it is not a directory")
    const weak = yield* findInsecurePath(folder)
    if (Option.isSome(weak)) {
      const { place } = weak.value
      const { problem, remedy } = describe(weak.value, place)
      return yield* failure(place, problem, remedy)
    }
    return true
  })

export const read: Effect.Effect<ReadonlyArray<Trusted>, SourceUnreadable, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const file = yield* location
  return (yield* checkFolder(path.dirname(file))) ? yield* readEntries(file) : []
})

const readEntries = (file: string): Effect.Effect<ReadonlyArray<Trusted>, SourceUnreadable> =>
  Effect.flatMap(
    readChecked(file),
    Option.match({
      onNone: () => Effect.succeed([]),
      onSome: (text) =>
        Effect.mapBoth(decode(text), {
          onFailure: () => failure(file, "it is damaged"),
          onSuccess: ({ trusted }) => trusted
        })
    })
  )

/** Changes the trust file under a lock, so that each of several processes sees the previous change. */
export const update = (
  change: (trusted: ReadonlyArray<Trusted>) => ReadonlyArray<Trusted>
): Effect.Effect<void, SourceUnreadable, Needs> =>
  Effect.gen(function* () {
    const path = yield* Path.Path
    const file = yield* location
    const folder = path.dirname(file)
    yield* attempt(folder, () => mkdirSync(folder, { recursive: true, mode: folderMode }))
    yield* checkFolder(folder)
    yield* Effect.acquireUseRelease(
      lock(`${file}.lock`),
      () => Effect.flatMap(readEntries(file), (before) => replace(file, change(before))),
      () => Effect.ignore(attempt(file, () => unlinkSync(`${file}.lock`)))
    )
  })

const createNew = constants.O_CREAT | constants.O_EXCL | constants.O_WRONLY | nofollow

const lock = (file: string): Effect.Effect<void, SourceUnreadable> =>
  attempt(file, () => closeSync(openSync(file, createNew, onlyUser))).pipe(
    Effect.retry({
      schedule: Schedule.spaced(lockDelay).pipe(Schedule.upTo(lockPatience)),
      while: ({ code }) => code === "EEXIST"
    }),
    Effect.mapError((error) =>
      error.code === "EEXIST"
        ? failure(file, "another process has it locked", `If none is running, remove it: rm ${shellWord(file)}`)
        : error
    )
  )

const replace = (
  file: string,
  trusted: ReadonlyArray<Trusted>
): Effect.Effect<void, SourceUnreadable, FileSystem.FileSystem> =>
  encode({ version: 1, trusted }).pipe(
    Effect.mapError(() => failure(file, "EUNKNOWN")),
    Effect.flatMap((text) =>
      Effect.mapError(replaceFile(file, text), (error) => {
        const code = codeOf(error)
        return failure(file, code, isFull(code) ? "Nothing was changed. Free some space on that disk." : undefined)
      })
    )
  )
