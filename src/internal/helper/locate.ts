/** Finds the program that a run starts: on PATH, in the install directories, or on the PATH of the login shell. */
import { delimiter } from "node:path"
import * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import { detectDefaultShell } from "default-shell"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { SpawnFailed } from "../../ApiKeyError.js"
import * as HelperExecutor from "../../HelperExecutor.js"
import type { RemedyInput } from "../model/remedy.js"
import { isKey } from "../redact/programName.js"
import { codeOf } from "../util/platformError.js"
import { type EnvironmentOptions, entryOf, environmentFor } from "./environment.js"
import { installDirs } from "./installDirs.js"
import { loginShellPath } from "./loginShell.js"
import type { Options } from "./options.js"
import { type Found, findProgram, isPath } from "./searchPath.js"

/** Shell syntax in a program name, written by users who expect a shell. */
export const shellSyntaxHint = ({ argv: [first = "", ...others], program }: Options): Option.Option<RemedyInput> =>
  program !== undefined
    ? Option.none()
    : first.startsWith("~")
      ? Option.some("`~` is not expanded here. Write the path of the home directory.")
      : /\s/.test(first.trim()) && others.length === 0
        ? Option.some({
            text: "Separate the program and its arguments",
            option: "argv",
            example: ["op", "read", "op://Private/OpenAI/api-key"]
          })
        : isKey(first)
          ? Option.some("If that is a key, give the command that prints it instead.")
          : Option.none()

/** A PATH that the caller sets or unsets is used as it is. */
const looksBeyond = ({ env, search, program }: Options): boolean =>
  search !== "path" && program === undefined && entryOf(env ?? {}, "PATH", process.platform) === undefined

export interface Located {
  /** The program's name as given. */
  readonly program: string
  readonly found: Found
  readonly env: Record<string, string>
  /** The login shell, if it was asked for its PATH and gave none. */
  readonly failedShell: Option.Option<string>
}

/**
 * The program that a run would start, and its environment.
 *
 * @internal
 */
export const locate = (
  options: Options,
  variables: Pick<EnvironmentOptions, "protocolEnv" | "catalogEnv">
): Effect.Effect<Located, never, HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path> =>
  Effect.gen(function* () {
    const { platform } = process
    const { argv: command, cwd, inheritEnv = true, program = command[0] ?? "" } = options
    const find = (
      env: Record<string, string>,
      beyond: ReadonlyArray<string>,
      failedShell: Option.Option<string> = Option.none()
    ) =>
      Effect.map(findProgram(program, { env, cwd: Option.fromNullable(cwd), platform, beyond }), (found) => ({
        env,
        program,
        found,
        failedShell
      }))
    const env = environmentFor(process.env, { ...variables, env: options.env ?? {}, inheritEnv, platform })
    const beyond = looksBeyond(options) ? installDirs({ ...process.env, ...env }, platform) : []
    if (options.search !== "login-shell" || !looksBeyond(options) || isPath(program, platform)) {
      return yield* find(env, beyond)
    }
    // A shell may be slow or hang. It is not needed if PATH has the program.
    const inPath = yield* find(env, [])
    if (inPath.found._tag === "Executable") return inPath
    const shell = detectDefaultShell()
    const path = yield* loginShellPath(yield* HelperExecutor.HelperExecutor, shell)
    const hasFailed = Option.isNone(path) && platform !== "win32"
    return yield* find(extendPath(env, path), beyond, hasFailed ? Option.some(shell) : Option.none())
  })

/** Appends directories to PATH. */
export const extendPath = (env: Record<string, string>, more: Option.Option<string>): Record<string, string> => {
  if (Option.isNone(more)) return env
  const [name, value = ""] = entryOf(env, "PATH", process.platform) ?? ["PATH"]
  return { ...env, [name]: [value, more.value].filter((each) => each !== "").join(delimiter) }
}

/** Accessing `folder/.` checks everything at once: it exists, is a directory and may be entered. */
export const checkDirectory = (
  name: string,
  cwd: Option.Option<string>
): Effect.Effect<void, SpawnFailed, FileSystem.FileSystem> =>
  Option.match(cwd, {
    onNone: () => Effect.void,
    onSome: (directory) =>
      FileSystem.FileSystem.pipe(
        Effect.flatMap((fs) => fs.stat(directory === "" ? directory : `${directory}/.`)),
        Effect.mapError((error) => new SpawnFailed({ command: name, code: codeOf(error) })),
        Effect.filterOrFail(
          (info) => info.type === "Directory",
          () => new SpawnFailed({ command: name, code: "ENOTDIR" })
        )
      )
  })
