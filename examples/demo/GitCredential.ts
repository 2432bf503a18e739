/** A static key kept by git's own `store` helper in a home that lasts as long as the scope. */

import { fileURLToPath } from "node:url"
import * as Command from "@effect/platform/Command"
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type { PlatformError } from "@effect/platform/Error"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"

export interface GitCredential {
  /** The helper command: prints the key that git knows for the origin. */
  readonly argv: readonly [string, ...Array<string>]
  readonly env: Readonly<Record<string, string>>
  readonly cwd: string
  /** What `git credential fill` reads on stdin: `protocol=…`, `host=…`. */
  readonly attributes: ReadonlyArray<string>
}

export class GitFailed extends Data.TaggedError("GitFailed")<{ readonly exitCode: number }> {
  override get message() {
    return `git ended with ${this.exitCode} while storing a credential`
  }
}

const helper = fileURLToPath(new URL("./git-key.mjs", import.meta.url))
const userName = "gateway"

/** Stores the key for the origin; `none` where there is no git. */
export const make = (options: {
  readonly origin: string
  readonly key: Redacted.Redacted
  readonly git?: string
}): Effect.Effect<
  Option.Option<GitCredential>,
  GitFailed | PlatformError,
  CommandExecutor.CommandExecutor | FileSystem.FileSystem | Scope.Scope
> =>
  Effect.gen(function* () {
    const fs = yield* FileSystem.FileSystem
    const home = yield* fs.makeTempDirectoryScoped({ prefix: "effect-apikey-demo-" })
    const env = isolatedIn(home)
    const git = (...args: ReadonlyArray<string>) =>
      Command.make(options.git ?? "git", ...args).pipe(Command.env(env), Command.workingDirectory(home))

    const present = yield* Command.exitCode(git("--version")).pipe(
      Effect.as(true),
      Effect.catchIf(
        (error) => error._tag === "SystemError" && error.reason === "NotFound",
        () => Effect.succeed(false)
      )
    )
    if (!present) return Option.none()

    const { host, protocol } = new URL(options.origin)
    const attributes = [`protocol=${protocol.slice(0, -1)}`, `host=${host}`]
    yield* succeeds(git("config", "--global", "credential.helper", "store"))
    yield* succeeds(
      git("credential", "approve").pipe(
        Command.feed(
          [...attributes, `username=${userName}`, `password=${Redacted.value(options.key)}`, "", ""].join("\n")
        )
      )
    )
    return Option.some<GitCredential>({ argv: ["node", helper, ...attributes], env, cwd: home, attributes })
  })

const succeeds = (command: Command.Command) =>
  Effect.filterOrFail(
    Command.exitCode(command),
    (exitCode) => exitCode === 0,
    (exitCode) => new GitFailed({ exitCode })
  )

/** Neither the user's nor the machine's configuration counts, nor that of a repository around us. */
const isolatedIn = (home: string) => ({
  HOME: home,
  XDG_CONFIG_HOME: home,
  GIT_CONFIG_NOSYSTEM: "1",
  GIT_CONFIG_GLOBAL: `${home}/.gitconfig`,
  GIT_CONFIG_COUNT: "0",
  GIT_CEILING_DIRECTORIES: home,
  GIT_TERMINAL_PROMPT: "0"
})
