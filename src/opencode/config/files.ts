/** The configuration files that opencode reads, in its order (the last wins), and the owner of each file. */

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type { ApiKeyError } from "../../ApiKeyError.js"
import { HostEnvironment, type Needs, xdg } from "../../internal/host/HostEnvironment.js"
import { findInsecurePath } from "../../internal/host/ownership.js"
import { isInside, mayExist, realPathOf } from "../../internal/host/paths.js"
import { upwards } from "../../internal/host/repository.js"
import { insecureFile } from "../../internal/policy/rules.js"
import * as Document from "../../internal/source/jsonc.js"
import * as Placeholder from "./placeholder.js"

export interface Source {
  readonly name: string
  readonly text: Effect.Effect<Document.Document, ApiKeyError, FileSystem.FileSystem>
  readonly owner: "user" | "project" | "environment"
  /** The directory from which relative `{file:}` paths are resolved. */
  readonly folder: string
  readonly root: string
  /** Whether `{env:}` includes variables that well-known servers set. */
  readonly seesWellKnown: boolean
}

const names = ["opencode.json", "opencode.jsonc"]

const managedFolders: Partial<Record<NodeJS.Platform, string>> = {
  darwin: "/Library/Application Support/opencode",
  win32: "C:\\ProgramData\\opencode"
}

/** The directories in which opencode searches a project's files, and the project's root. */
const projectOf = Effect.fnUntraced(function* (
  cwd: string
): Effect.fn.Return<{ readonly folders: ReadonlyArray<string>; readonly root: string }, never, Needs> {
  const path = yield* Path.Path
  const { home: namedHome } = yield* HostEnvironment
  const home = yield* realPathOf(namedHome)
  const { folders, repository } = yield* upwards(cwd, () => false)
  // A repository that contains the home directory is not a project: its files are the user's.
  const project = Option.filter(repository, (root) => !isInside(root, home, path))
  // Without a repository the project is the working directory.
  return { folders, root: Option.getOrElse(project, () => cwd) }
})

export const isSet = (value: string | undefined): value is string => value !== undefined && value !== ""

/** The paths that decide whether a file belongs to the project or to the user. */
interface Territory {
  readonly root: string
  /** The user's own directories: the given paths and the real ones. */
  readonly ownAsNamed: ReadonlyArray<string>
  readonly own: ReadonlyArray<string>
  /** The file and the directory that environment variables name. */
  readonly pointed: ReadonlyArray<string>
}

/** A file with its owner. An administrator's file (`isManaged`) is never a project's, and gets no variables of well-known servers. */
const fileSource = Effect.fnUntraced(function* (
  file: string,
  isManaged: boolean,
  { root, ownAsNamed, own, pointed }: Territory
): Effect.fn.Return<Source, never, Needs> {
  const path = yield* Path.Path
  const real = yield* realPathOf(file)
  const folder = path.dirname(file)
  const foundIn = yield* realPathOf(folder)
  const isOwn =
    // A repository cloned below a user directory is a project; so is a project's symlink to a user file.
    [foundIn, path.dirname(real)].every((each) => own.includes(each)) ||
    isManaged ||
    (pointed.some((place) => isInside(place, file, path)) &&
      // The file is not in the project: not by its name, not by its directory, not by its real path.
      ![file, foundIn, real].some((place) => isInside(root, place, path)))
  return {
    name: real,
    text: Effect.gen(function* () {
      const weak = isOwn ? yield* Effect.provideService(findInsecurePath(file), Path.Path, path) : Option.none()
      if (Option.isSome(weak)) return yield* insecureFile(real, weak.value)
      // Read the path that was checked, because a symlink may have changed since.
      return yield* Placeholder.parse(real, yield* Document.readText(real))
    }),
    owner: isOwn ? "user" : "project",
    // The user's file must be named by its own path, not by a project's symlink to it.
    folder: (ownAsNamed.includes(folder) ? undefined : ownAsNamed[own.indexOf(foundIn)]) ?? folder,
    root: isInside(root, real, path) ? root : path.dirname(real),
    seesWellKnown: !isManaged
  }
})

const contentName = "OPENCODE_CONFIG_CONTENT"

const inlineSource = (content: string, folder: string, root: string): Source => ({
  name: contentName,
  text: Effect.suspend(() => Placeholder.parse(contentName, content)),
  owner: "environment",
  folder,
  root,
  seesWellKnown: false
})

/** All sources. Files that the environment names belong to the user unless they are in the project. Files in the user's directories do too. */
export const sources: Effect.Effect<ReadonlyArray<Source>, never, Needs> = Effect.gen(function* () {
  const path = yield* Path.Path
  const environment = yield* HostEnvironment
  const { cwd, env, home } = environment
  const { folders, root } = yield* projectOf(cwd)
  const global = path.join(xdg(environment, "XDG_CONFIG_HOME", path.join), "opencode")
  const pointedFile = [env["OPENCODE_CONFIG"]].filter(isSet).map((named) => path.resolve(cwd, named))
  const pointedFolder = [env["OPENCODE_CONFIG_DIR"]].filter(isSet).map((named) => path.resolve(cwd, named))
  const projectFolders = /^(?:true|1)$/i.test(env["OPENCODE_DISABLE_PROJECT_CONFIG"] ?? "") ? [] : folders
  const inFolder = (folder: string) => names.map((name) => path.join(folder, name))
  const dotFolders = new Set([
    ...projectFolders.map((folder) => path.join(folder, ".opencode")),
    path.join(home, ".opencode"),
    ...pointedFolder
  ])
  const files = [
    ...["config.json", ...names].map((name) => path.join(global, name)),
    ...pointedFile,
    ...[...projectFolders].reverse().flatMap(inFolder),
    ...Array.from(dotFolders).flatMap(inFolder)
  ]
  const managed = inFolder(managedFolders[process.platform] ?? "/etc/opencode")
  // The directories may be the user's symlinks. A file in one must not be a symlink that leads out of it.
  const ownAsNamed = [global, path.join(home, ".opencode")]
  const own = yield* Effect.forEach(ownAsNamed, realPathOf)
  const territory: Territory = { root, ownAsNamed, own, pointed: [...pointedFile, ...pointedFolder] }
  const those = (named: ReadonlyArray<string>, isManaged: boolean) =>
    Effect.flatMap(Effect.filter(named, mayExist), (there) =>
      Effect.forEach(there, (file) => fileSource(file, isManaged, territory))
    )
  const content = env[contentName]
  return [
    ...(yield* those(files, false)),
    ...(isSet(content) ? [inlineSource(content, cwd, root)] : []),
    ...(yield* those(managed, true))
  ]
})
