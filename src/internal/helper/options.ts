import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { type ApiKeyError, type ConfigInvalid, SpawnFailed } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"
import { defaultTimeout } from "./deadline.js"

/**
 * Whether the helper may ask a person on the terminal: `"never"`, where there is a terminal (`"if-available"`), or it must
 * have one (`"always"`).
 *
 * @since 0.1.0
 * @category models
 */
export type Interactive = "never" | "if-available" | "always"

/**
 * Where a program is looked for that PATH does not have: in the folders where people install programs
 * (`"usual-folders"`: Homebrew, `~/.local/bin`, mise, asdf, npm, snap, Nix, …), before those in the PATH that the user's
 * log-in shell sets (`"login-shell"`; it is asked only for a program that PATH does not have), or nowhere (`"path-only"`). A PATH in `env` is taken at its word: nowhere.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchBeyond = "usual-folders" | "login-shell" | "path-only"

/**
 * What is run, and within which bounds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The argv: program and arguments. Never a shell string. */
  readonly command: ReadonlyArray<string>
  /** Over everything: waiting for a place, tries and the delays between them. Default 30 s; 2 min where a person may have to answer. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * When to try again after a transient error. Default: two more tries, from 200 ms, doubling, jittered. Where a person may
   * be asked only a start that failed is tried again: nobody is asked twice.
   */
  readonly retry?: Schedule.Schedule<unknown, ApiKeyError> | undefined
  /** Variables to set, or with `undefined` to unset, on top of those inherited. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Which of our variables the helper inherits: all (default), a list and the few that helpers cannot do without, or only those few. */
  readonly inheritEnv?: boolean | ReadonlyArray<string> | undefined
  /** The working directory. Default: ours. */
  readonly cwd?: string | undefined
  /** Default `"never"`. */
  readonly interactive?: Interactive | undefined
  /** Where to look beyond PATH. Default `"usual-folders"`. */
  readonly path?: SearchBeyond | undefined
  /** The file to run for `command[0]`, for those who have searched already (a policy): run as it is, no search. */
  readonly program?: string | undefined
}

/** Two more tries, from 200 ms, doubling, jittered. */
export const defaultRetry: Schedule.Schedule<unknown, ApiKeyError> = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(2))
)

export const checkCommand = ({ command }: Options): Effect.Effect<void, ConfigInvalid> =>
  !Array.isArray(command) || command.some((part) => typeof part !== "string") || (command[0] ?? "").trim() === ""
    ? invalid(
        "`command` is empty; it takes the program and its arguments",
        'For example: ["op", "read", "op://Private/OpenAI/api-key"]'
      )
    : Effect.void

const isText = (value: unknown): boolean => value === undefined || typeof value === "string"

const isVariable = ([name, value]: readonly [string, unknown]): boolean => /^[^=]+$/.test(name) && isText(value)

type Rule = readonly [option: string, holds: boolean, takes: string]

const oneOf = (option: string, value: unknown, ...known: ReadonlyArray<unknown>): Rule => [
  option,
  value === undefined || known.includes(value),
  known.map((each) => JSON.stringify(each)).join(" or ")
]

/** Callers without types (JavaScript, a file) are told which option is wrong, and never its value. */
export const checkOptions = ({
  cwd,
  env,
  inheritEnv,
  interactive,
  path,
  program,
  retry
}: Options): Effect.Effect<void, ConfigInvalid> => {
  const rules: ReadonlyArray<Rule> = [
    ["env", env === undefined || (isRecord(env) && Object.entries(env).every(isVariable)), "names without = and texts"],
    ["cwd", isText(cwd), "a folder"],
    ["program", isText(program), "a file"],
    ["retry", retry === undefined || Schedule.isSchedule(retry), "a Schedule"],
    [
      "inheritEnv",
      inheritEnv === undefined ||
        typeof inheritEnv === "boolean" ||
        (Array.isArray(inheritEnv) && inheritEnv.every((each) => typeof each === "string")),
      "true, false or a list of names"
    ],
    oneOf("interactive", interactive, "never", "if-available", "always"),
    oneOf("path", path, "usual-folders", "login-shell", "path-only")
  ]
  const broken = rules.find(([, holds]) => !holds)
  return broken === undefined ? Effect.void : invalid(`\`${broken[0]}\` is not what it takes`, `It takes ${broken[2]}.`)
}

/** A timer of Node's takes no more. */
const endlessTimeout = Duration.days(24)

export const timeLimit = (options: Options, mayPrompt: boolean): Effect.Effect<Duration.Duration, ConfigInvalid> =>
  Duration.decodeUnknown(options.timeout ?? defaultTimeout(mayPrompt)).pipe(
    Option.filter((timeout) => Duration.toMillis(timeout) > 0 && Duration.lessThan(timeout, endlessTimeout)),
    Option.match({
      onNone: () => invalid("`timeout` is not a time above 0 and below 24 days", 'For example: "30 seconds"'),
      onSome: Effect.succeed
    })
  )

const invalid = (problem: string, remedy: string): Effect.Effect<never, ConfigInvalid> =>
  Effect.fail(inCode(problem, remedy))

/** Node's own error for a NUL character quotes the argument, so such a command does not get that far. */
export const checkArguments = (
  name: string,
  { command, cwd, env, program }: Options
): Effect.Effect<void, SpawnFailed> =>
  [...command, cwd, program, ...Object.entries(env ?? {}).flat()].some((part) => part?.includes("\0"))
    ? Effect.fail(new SpawnFailed({ command: name, code: "ERR_INVALID_ARG_VALUE" }))
    : Effect.void

/**
 * What running a helper needs: `HelperExecutor.layerNode` has it all.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = CommandExecutor.CommandExecutor | FileSystem.FileSystem | Path.Path
