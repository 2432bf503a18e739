/** The options of a run, their checks and their defaults. */
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isBoolean, isRecord, isString } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { type ApiKeyError, type ConfigInvalid, SpawnFailed } from "../../ApiKeyError.js"
import type * as HelperExecutor from "../../HelperExecutor.js"
import {
  type Checks,
  type Interactive,
  inCode,
  interactiveNames,
  oneOf,
  optional,
  type Search,
  searchNames,
  unchecked,
  wrongField
} from "../model/options.js"
import { defaultTimeout } from "./deadline.js"

/**
 * Options of a run: the command and its limits.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The program and its arguments. Never a shell string. */
  readonly argv: ReadonlyArray<string>
  /** Timeout for everything: queueing, attempts and the delays between them. Default: 30 s; 2 min if the helper may prompt the user. */
  readonly timeout?: Duration.DurationInput | undefined
  /**
   * When to retry after a transient error. Default: two retries, from 200 ms, doubling, with jitter. If the helper may prompt
   * the user, only a failed start is retried, so that the user is not prompted twice.
   */
  readonly retry?: Schedule.Schedule<unknown, ApiKeyError> | undefined
  /** Environment variables to set, in addition to the inherited ones. `undefined` unsets one. */
  readonly env?: Readonly<Record<string, string | undefined>> | undefined
  /** Which of our environment variables the helper inherits: all (`true`, default), a list and the essential ones, or only these (`false`). */
  readonly inheritEnv?: boolean | ReadonlyArray<string> | undefined
  /** The working directory. Default: that of this process. */
  readonly cwd?: string | undefined
  /** Default `"never"`. */
  readonly interactive?: Interactive | undefined
  /** Where to search for the program if PATH does not have it. Default `"install-dirs"`. */
  readonly search?: Search | undefined
  /** The file to run for `command[0]`, if a policy has already found it. It is run without a search. */
  readonly program?: string | undefined
}

/** Two retries, from 200 ms, doubling, with jitter. */
export const defaultRetry: Schedule.Schedule<unknown, ApiKeyError> = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(2))
)

const isVariable = ([name, value]: readonly [string, unknown]): boolean =>
  /^[^=]+$/.test(name) && (value === undefined || isString(value))

/** Describes the options for error messages. Durations are checked where they are used. */
const runChecks = {
  argv: {
    problem: "must be a non-empty list: the program and its arguments",
    takes: 'the program and its arguments: ["op", "read", "op://Private/OpenAI/api-key"]',
    is: (value) => Array.isArray(value) && value.every(isString) && (value[0] ?? "").trim() !== ""
  },
  env: optional({
    takes: 'a record of strings, by names without "=": { OP_ACCOUNT: "work" }',
    is: (value) => isRecord(value) && Object.entries(value).every(isVariable)
  }),
  cwd: optional({ takes: "a directory", is: isString }),
  program: optional({ takes: "a file", is: isString }),
  retry: optional({ takes: "a Schedule", is: Schedule.isSchedule }),
  inheritEnv: optional({
    takes: "true, false or a list of names",
    is: (value) => isBoolean(value) || (Array.isArray(value) && value.every(isString))
  }),
  interactive: oneOf(interactiveNames),
  search: oneOf(searchNames),
  timeout: unchecked
} satisfies Checks<Options>

export const checkOptions = (options: Options): Effect.Effect<void, ConfigInvalid> =>
  Effect.suspend(() => Option.match(wrongField(options, runChecks), { onNone: () => Effect.void, onSome: Effect.fail }))

/** The longest delay of a Node timer. */
const endlessTimeout = Duration.days(24)

export const timeLimit = (options: Options, mayPrompt: boolean): Effect.Effect<Duration.Duration, ConfigInvalid> =>
  Duration.decodeUnknown(options.timeout ?? defaultTimeout(mayPrompt)).pipe(
    Option.filter((timeout) => Duration.toMillis(timeout) > 0 && Duration.lessThan(timeout, endlessTimeout)),
    Option.match({
      onNone: () =>
        Effect.fail(inCode("`timeout` is not a duration above 0 and below 24 days", 'For example: "30 seconds"')),
      onSome: Effect.succeed
    })
  )

/** Node's error for a NUL character quotes the argument, so such a command is rejected before the start. */
export const checkArguments = (
  name: string,
  { argv: command, cwd, env, program }: Options
): Effect.Effect<void, SpawnFailed> =>
  [...command, cwd, program, ...Object.entries(env ?? {}).flat()].some((part) => part?.includes("\0"))
    ? Effect.fail(new SpawnFailed({ command: name, code: "ERR_INVALID_ARG_VALUE" }))
    : Effect.void

/**
 * The services that running a helper needs. `HelperExecutor.layer` provides all of them.
 *
 * @since 0.1.0
 * @category models
 */
export type Requirements = HelperExecutor.HelperExecutor | FileSystem.FileSystem | Path.Path
