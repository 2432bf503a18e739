/** Finds and starts a helper's program. If it cannot be started, a typed error has the reason. */

import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { type ApiKeyError, CommandNotExecutable, CommandNotFound, SpawnFailed } from "../../ApiKeyError.js"
import * as HelperExecutor from "../../HelperExecutor.js"
import type { RemedyInput } from "../model/remedy.js"
import { stop, stopOnTerminal } from "../process/terminate.js"
import { shownPath, shownPaths } from "../redact/programName.js"
import { codeOf } from "../util/platformError.js"
import { shellWord } from "../util/shell.js"
import { formatRemedy, interpreterRemedy } from "./executable.js"
import { catalogEnv } from "./knownCommand.js"
import { checkDirectory, extendPath, type Located, locate, shellSyntaxHint } from "./locate.js"
import type { Attempt } from "./request.js"
import { remedyFor } from "./searchPath.js"

/** Finds and starts the program. When the scope closes, its process group is stopped, unless it exited with status 0. */
export const launch = ({
  name,
  options,
  request,
  entry,
  install,
  onTerminal
}: Attempt): Effect.Effect<
  CommandExecutor.Process,
  ApiKeyError,
  HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path | Scope.Scope
> =>
  Effect.gen(function* () {
    const executor = yield* HelperExecutor.HelperExecutor
    const cwd = Option.fromNullable(options.cwd)
    yield* checkDirectory(name, cwd)
    const { env, failedShell, found, program } = yield* locate(options, {
      protocolEnv: {
        EFFECT_APIKEY_PROVIDER: request.provider,
        EFFECT_APIKEY_REASON: request.reason,
        EFFECT_APIKEY_INTERACTIVE: onTerminal ? "1" : "0",
        ...request.environment?.(onTerminal, request.reason)
      },
      catalogEnv: catalogEnv(entry, onTerminal)
    })
    const [, ...args] = options.argv
    const errors = startErrors({ name, options, install, program, failedShell })
    // Another executor may have programs that are not files (a fake, a remote shell). Only ours fails before the start.
    if (found._tag === "Missing" && executor.isLocal) return yield* errors.notFound(found.searched)
    if (found._tag === "NotExecutable") {
      return yield* errors.notExecutable(found.path, Option.some(remedyFor[found.obstacle]))
    }
    const { path, beyondPath } =
      found._tag === "Executable" ? found : { path: program, beyondPath: Option.none<string>() }
    const foreign = executor.isLocal ? yield* formatRemedy(path) : Option.none()
    if (Option.isSome(foreign)) return yield* errors.notExecutable(path, foreign)

    const command = Command.make(path, ...args).pipe(
      // A program found outside PATH (a mise shim, an npm script) often calls other programs in its directory.
      Command.env(extendPath(env, beyondPath), { extendEnv: false }),
      withStdio(request.input, onTerminal),
      (self) => Option.match(cwd, { onNone: () => self, onSome: (folder) => Command.workingDirectory(self, folder) })
    )
    const explain = (cause: Cause.Cause<PlatformError>): Effect.Effect<ApiKeyError, never, FileSystem.FileSystem> => {
      const code = codeOf(Cause.squash(cause))
      if (code === "ENOENT" && found._tag === "Missing") return Effect.succeed(errors.notFound(found.searched))
      // The file and the directory exist, so the interpreter is missing.
      if (code === "ENOENT") {
        return Effect.map(interpreterRemedy(path), (remedy) => errors.notExecutable(path, remedy))
      }
      return Effect.succeed(
        code === "EACCES" || code === "ENOEXEC"
          ? errors.notExecutable(path, Option.none())
          : new SpawnFailed({ command: name, code })
      )
    }
    return yield* executor.start(command).pipe(
      Effect.catchAllCause((cause) => Effect.flatMap(explain(cause), Effect.fail)),
      Effect.tap((process_) =>
        Effect.addFinalizer((exit) =>
          Exit.isSuccess(exit) ? Effect.void : onTerminal ? stopOnTerminal(process_, name) : stop(process_)
        )
      ),
      Effect.uninterruptible
    )
  })

/** The errors of a program that is missing or cannot be executed. */
const startErrors = ({
  name,
  options,
  install,
  program,
  failedShell
}: Pick<Attempt, "name" | "options" | "install"> & Pick<Located, "program" | "failedShell">) => ({
  notFound: (searched: ReadonlyArray<string>): CommandNotFound => {
    const remedy = Option.firstSomeOf<RemedyInput>([
      shellSyntaxHint(options),
      Option.map(failedShell, shellRemedy),
      install
    ])
    return new CommandNotFound({
      command: name,
      searched: shownPaths(program, searched),
      ...Option.match(failedShell, { onNone: () => ({}), onSome: (failed) => ({ failedShell: failed }) }),
      ...remedyField(remedy)
    })
  },
  notExecutable: (path: string, remedy: Option.Option<string>): CommandNotExecutable =>
    new CommandNotExecutable({ command: name, path: shownPath(program, name, path), ...remedyField(remedy) })
})

/** What the shell does at its start, a hang or an `exec` of something else, is seen by running it. */
const shellRemedy = (shell: string): string =>
  `Give the full path of the program, or correct the start-up files of the shell, until this prints a PATH: ${shellWord(shell)} -ilc 'printenv PATH'`

const remedyField = (remedy: Option.Option<RemedyInput>): { readonly remedy?: RemedyInput } =>
  Option.match(remedy, { onNone: () => ({}), onSome: (known) => ({ remedy: known }) })

/** The format's input takes precedence on stdin. The helper can still prompt the user on the terminal. */
const withStdio =
  (input: string | undefined, onTerminal: boolean) =>
  (self: Command.Command): Command.Command => {
    const fed =
      input !== undefined
        ? Command.feed(self, input)
        : onTerminal
          ? Command.stdin(self, "inherit")
          : Command.stdin(self, Stream.empty)
    return onTerminal ? Command.stderr(fed, "inherit") : fed
  }
