/** The options of a run: what is run and within which bounds, how they are checked, and what holds where they say nothing. */
import type * as CommandExecutor from "@effect/platform/CommandExecutor"
import type * as FileSystem from "@effect/platform/FileSystem"
import type * as Path from "@effect/platform/Path"

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isBoolean, isRecord, isString } from "effect/Predicate"
import * as Schedule from "effect/Schedule"
import { type ApiKeyError, type ConfigInvalid, SpawnFailed } from "../../ApiKeyError.js"
import { inCode } from "../model/configInvalid.js"
import {
  type Checks,
  type Interactive,
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
 * What is run, and within which bounds.
 *
 * @since 0.1.0
 * @category models
 */
export interface Options {
  /** The argv: program and arguments. Never a shell string. */
  readonly argv: ReadonlyArray<string>
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
  /** Where to search for the program if PATH does not have it. Default `"install-dirs"`. */
  readonly search?: Search | undefined
  /** The file to run for `command[0]`, for those who have searched already (a policy): run as it is, no search. */
  readonly program?: string | undefined
}

/** Two more tries, from 200 ms, doubling, jittered. */
export const defaultRetry: Schedule.Schedule<unknown, ApiKeyError> = Schedule.exponential("200 millis").pipe(
  Schedule.jittered,
  Schedule.intersect(Schedule.recurs(2))
)

const isVariable = ([name, value]: readonly [string, unknown]): boolean =>
  /^[^=]+$/.test(name) && (value === undefined || isString(value))

/** For plain options, too; of a time its own user says what it takes. */
export const runChecks = {
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

/** A timer of Node's takes no more. */
const endlessTimeout = Duration.days(24)

export const timeLimit = (options: Options, mayPrompt: boolean): Effect.Effect<Duration.Duration, ConfigInvalid> =>
  Duration.decodeUnknown(options.timeout ?? defaultTimeout(mayPrompt)).pipe(
    Option.filter((timeout) => Duration.toMillis(timeout) > 0 && Duration.lessThan(timeout, endlessTimeout)),
    Option.match({
      onNone: () =>
        Effect.fail(inCode("`timeout` is not a time above 0 and below 24 days", 'For example: "30 seconds"')),
      onSome: Effect.succeed
    })
  )

/** Node's own error for a NUL character quotes the argument, so such a command does not get that far. */
export const checkArguments = (
  name: string,
  { argv: command, cwd, env, program }: Options
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
