/** What configuration is read from besides files: the environment, the home directory and the working directory. */
import { homedir, userInfo } from "node:os"
import { isAbsolute } from "node:path"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"
import * as Context from "effect/Context"
import * as Option from "effect/Option"

/** What looking at files needs. */
export type Needs = FileSystem.FileSystem | Path.Path

export interface HostEnvironmentShape {
  readonly env: Readonly<Record<string, string | undefined>>
  readonly home: string
  readonly cwd: string
}

/** A working directory that was removed cannot be asked for. */
const workingDirectory = Option.liftThrowable(() => process.cwd())

/** A user that the system does not know has none. */
const knownHome = Option.liftThrowable(() => userInfo({ encoding: "utf8" }).homedir)

/** `HOME` may say anything; a relative one would make the home directory of whatever folder we stand in. */
export const homeFolder = (): string => {
  const named = homedir()
  if (isAbsolute(named)) return named
  return Option.getOrElse(Option.filter(knownHome(), isAbsolute), () => "/")
}

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

/** What a message says of an environment variable: its name, never its value. */
export const variableLabel = (name: string): string => `environment variable ${name}`

export class HostEnvironment extends Context.Reference<HostEnvironment>()("effect-apikey/Surroundings", {
  defaultValue: () => real
}) {}

/** The base directory for a kind of file, as the XDG specification has it: a relative value does not count. */
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
