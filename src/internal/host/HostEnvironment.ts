/** The host environment: environment variables, home directory and working directory. */
import { homedir, userInfo } from "node:os"
import { isAbsolute } from "node:path"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Option from "effect/Option"

/** The services for access to files. */
export type Needs = FileSystem.FileSystem | Path.Path

export interface HostEnvironmentShape {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly cwd: string
}

/** Reading the working directory fails if it was removed. */
const workingDirectory = Option.liftThrowable(() => process.cwd())

/** `HOME`, else what the user database knows. Both calls throw for a user id that it does not know. */
const namedHome = Option.liftThrowable(homedir)
const knownHome = Option.liftThrowable(() => userInfo({ encoding: "utf8" }).homedir)

/** Ignores a relative `HOME`: it would depend on the working directory. A user id without a home directory has `/`. */
export const homeFolder = (): string =>
  Option.firstSomeOf([Option.filter(namedHome(), isAbsolute), Option.filter(knownHome(), isAbsolute)]).pipe(
    Option.getOrElse(() => "/")
  )

const real: HostEnvironmentShape = {
  get env() {
    return process.env
  },
  get home() {
    return homeFolder()
  },
  get cwd() {
    return Option.getOrElse(workingDirectory(), homeFolder)
  }
}

/** The label of an environment variable in messages: its name, never its value. */
export const variableLabel = (name: string): string => `environment variable ${name}`

export class HostEnvironment extends Context.Reference<HostEnvironment>()("effect-apikey/Surroundings", {
  defaultValue: () => real
}) {}

/** The base directory for a kind of file, by the XDG specification. A relative value is ignored. */
export const xdg = (
  { env, home }: HostEnvironmentShape,
  variable: "XDG_CONFIG_HOME" | "XDG_DATA_HOME",
  join: (...parts: ReadonlyArray<string>) => string
): string => {
  const set = env[variable]
  return set?.startsWith("/") === true
    ? set
    : join(home, ...(variable === "XDG_CONFIG_HOME" ? [".config"] : [".local", "share"]))
}
