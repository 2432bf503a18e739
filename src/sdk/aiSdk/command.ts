/** `apiKeyCommand` of a configuration: which options it has, what each takes, and the command that it means. */

import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord, isString } from "effect/Predicate"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { type FormatName, formatNames } from "../../CredentialFormat.js"
import { lifeChecks } from "../../internal/cache/options.js"
import { runChecks } from "../../internal/helper/options.js"
import { homeFolder } from "../../internal/host/HostEnvironment.js"
import { inCode } from "../../internal/model/configInvalid.js"
import { type Check, type Checks, oneOf, optional, wrongOrUnknownField } from "../../internal/model/options.js"
import type { CommandOptions } from "../../internal/provider/resolvedCommand.js"

/** A number is milliseconds. */
type Time = number | string

interface Configured
  extends Pick<CommandOptions, "command" | "cwd" | "interactive" | "onRepeat" | "whenAbandoned" | "provider"> {
  readonly format?: FormatName | undefined
  readonly env?: Readonly<Record<string, string>> | undefined
  readonly timeout?: Time | undefined
  readonly timeToLive?: Time | undefined
  readonly refreshAhead?: Time | undefined
}

/** `Duration` takes what is below 0, and what is no number, for 0. */
const durationOf = (time: unknown): Option.Option<Duration.Duration> =>
  (typeof time === "number" && time >= 0) || isString(time) ? Duration.decodeUnknown(time) : Option.none()

const timeAbove0 = optional({
  takes: 'a time above 0, in milliseconds or with its unit, for example "5 minutes"',
  is: (value) => Option.exists(durationOf(value), (time) => Duration.toMillis(time) > 0)
})

const time = optional({
  takes: 'a time, in milliseconds or with its unit, for example "5 minutes"',
  is: (value) => Option.isSome(durationOf(value))
})

const env: Check = {
  takes: runChecks.env.takes,
  is: (value) => runChecks.env.is(value) && (!isRecord(value) || Object.values(value).every(isString))
}

/** As in code, but data: no schedule and no program, no variable that is unset, and times and the format are checked at once. */
const checks: Checks<Configured> = {
  command: runChecks.command,
  format: oneOf(formatNames),
  timeout: timeAbove0,
  timeToLive: timeAbove0,
  refreshAhead: time,
  env,
  cwd: runChecks.cwd,
  interactive: runChecks.interactive,
  onRepeat: lifeChecks.onRepeat,
  whenAbandoned: lifeChecks.whenAbandoned,
  provider: optional({ takes: "a string that is not empty", is: (value) => isString(value) && value !== "" })
}

const problemIn = (options: object): Option.Option<ConfigInvalid> =>
  wrongOrUnknownField(options, checks, "apiKeyCommand")

const isConfigured = (given: unknown): given is Configured => isRecord(given) && Option.isNone(problemIn(given))

const commandFrom = (id: string, { timeout, timeToLive, refreshAhead, ...rest }: Configured): CommandOptions => ({
  ...rest,
  timeout: Option.getOrUndefined(durationOf(timeout)),
  timeToLive: Option.getOrUndefined(durationOf(timeToLive)),
  refreshAhead: Option.getOrUndefined(durationOf(refreshAhead)),
  cwd: rest.cwd ?? homeFolder(),
  provider: rest.provider ?? id
})

/** A command from configuration runs in the home directory unless `cwd` says otherwise: no project can change what it does. */
export const commandOf = (id: string, given: unknown): Effect.Effect<CommandOptions, ConfigInvalid> => {
  if (typeof given === "string") {
    return Effect.fail(
      inCode(
        "`apiKeyCommand` is a shell string; it takes a list: the program and its arguments",
        'For example: ["op", "read", "op://Private/OpenAI/api-key"]'
      )
    )
  }
  const options = Array.isArray(given) ? { command: given } : given
  if (isConfigured(options)) return Effect.succeed(commandFrom(id, options))
  return Effect.fail(isRecord(options) ? Option.getOrElse(problemIn(options), noCommand) : noCommand())
}

const noCommand = (): ConfigInvalid =>
  inCode(
    "`apiKeyCommand` is not what it takes",
    "It takes a list (the program and its arguments), or an object with `command` and its options."
  )
