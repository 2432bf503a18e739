/** Whether two commands are the same one: by all of their options, so that an option added later counts as well. */

import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import * as HelperCatalog from "../../HelperCatalog.js"
import { defaultTimeToLive } from "../cache/lifetime.js"
import { defaultWhenAbandoned } from "../cache/options.js"
import { defaultTimeout } from "../helper/deadline.js"
import { programName } from "../redact/programName.js"
import { comparable, sorted } from "../util/canonicalJson.js"
import { digestOf } from "../util/digest.js"
import type { CommandOptions } from "./command.js"

const durations: ReadonlySet<string> = new Set(["timeout", "timeToLive", "refreshAhead"] satisfies Array<
  keyof CommandOptions
>)

/**
 * What is not said is taken for, by the catalog too; said or not, they are the same. Of `cwd`, `retry` and `refreshAhead`, and of
 * `timeout` where the terminal decides, there is no saying it.
 */
const defaultsOf = ({ command, cwd, interactive = "never" }: CommandOptions): Partial<CommandOptions> => {
  const entry = HelperCatalog.find(programName(command, cwd))
  const isKnownToPrompt = Option.exists(entry, ({ mayPrompt }) => mayPrompt)
  return {
    env: {},
    format: "auto",
    inheritEnv: true,
    interactive: "never",
    onRepeat: "serve",
    onReject: "forget",
    path: "usual-folders",
    prefetch: false,
    timeToLive: Option.getOrElse(
      Option.flatMapNullable(entry, ({ timeToLive }) => timeToLive),
      () => defaultTimeToLive
    ),
    timeout: interactive === "never" ? defaultTimeout(isKnownToPrompt) : undefined,
    whenAbandoned: defaultWhenAbandoned(isKnownToPrompt || interactive !== "never")
  }
}

/** A digest, since arguments and variables can hold secrets. Functions and instances are the same only if they are one. */
export const identityOf = (options: CommandOptions): string => {
  const defaults = new Map(sorted(defaultsOf(options)))
  const names = new Set([...defaults.keys(), ...Object.keys(options)])
  const said = new Map(sorted(options))
  return digestOf(
    Array.from(names)
      .sort()
      .flatMap((name) => {
        const value = said.get(name) ?? defaults.get(name)
        return value === undefined ? [] : [[name, durations.has(name) ? durationOf(value) : plain(value)]]
      })
  )
}

const plain = (value: unknown): unknown => comparable(value, { unset: "kept" })

const durationOf = (value: unknown): unknown =>
  Option.match(Duration.decodeUnknown(value), {
    onNone: () => plain(value),
    onSome: (it) => String(Duration.toMillis(it))
  })
