/** Whether two commands are the same one: by all of their options, so that an option added later counts as well. */
import * as Duration from "effect/Duration"
import * as Option from "effect/Option"
import type { CommandOptions } from "../ApiKeyProvider.js"
import { comparable, sorted } from "./comparable.js"
import { digestOf } from "./digest.js"

const durations: ReadonlySet<string> = new Set(["timeout", "timeToLive", "refreshAhead"] satisfies Array<
  keyof CommandOptions
>)

/** Said or not, they are the same. */
const defaults: ReadonlyMap<string, unknown> = new Map(
  Object.entries({
    format: "auto",
    inheritEnv: true,
    interactive: "never",
    onRepeat: "serve",
    onReject: "forget",
    prefetch: false
  } satisfies Partial<CommandOptions>)
)

/** A digest, since arguments and variables can hold secrets. Functions and instances are the same only if they are one. */
export const identityOf = (options: CommandOptions): string =>
  digestOf(
    sorted(options).flatMap(([name, value]) =>
      value === undefined || value === defaults.get(name)
        ? []
        : [[name, durations.has(name) ? durationOf(value) : plain(value)]]
    )
  )

const plain = (value: unknown): unknown => comparable(value, { unset: "kept" })

const durationOf = (value: unknown): unknown =>
  Option.match(Duration.decodeUnknown(value), {
    onNone: () => plain(value),
    onSome: (it) => String(Duration.toMillis(it))
  })
