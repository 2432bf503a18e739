/** The named values of options, and for options that are given in code: checks, and the error of a wrong one. */
import * as Arr from "effect/Array"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import { ConfigInvalid } from "../../ApiKeyError.js"
import type { RemedyInput } from "./remedy.js"

/** `ConfigInvalid` for options that were given in code, which have no file and no line. */
export const inCode = (problem: string, remedy: RemedyInput): ConfigInvalid =>
  new ConfigInvalid({ file: "code", line: 0, column: 0, problem, remedy })

/** A token of RFC 9110. */
const token = /^[!#$%&'*+.^_`|~0-9A-Za-z-]+$/

export const isHeaderName = (name: string): boolean => token.test(name)

export const interactiveNames = ["never", "if-available", "always"] as const
export const searchNames = ["install-dirs", "login-shell", "path"] as const
export const onRepeatedKeyNames = ["serve", "fail"] as const
export const onAbandonNames = ["interrupt", "complete"] as const

/**
 * Whether the helper may prompt the user on the terminal: `"never"`, only if there is a terminal (`"if-available"`), or
 * `"always"`, which fails with `NoTerminal` if there is none.
 *
 * @since 0.1.0
 * @category models
 */
export type Interactive = (typeof interactiveNames)[number]

/**
 * Where a program is searched for if PATH does not have it.
 *
 * - `"install-dirs"`: the directories where people install programs (Homebrew, `~/.local/bin`, mise, asdf, npm, snap, Nix, …)
 * - `"login-shell"`: the PATH that the user's login shell sets, then those directories
 * - `"path"`: nowhere else
 *
 * If `env` sets PATH, only that PATH is searched.
 *
 * @since 0.1.0
 * @category models
 */
export type Search = (typeof searchNames)[number]

export type OnRepeatedKey = (typeof onRepeatedKeyNames)[number]
export type OnAbandon = (typeof onAbandonNames)[number]

/** Old names of options, and what to write instead. An old name is an error, because it would be ignored otherwise. */
const renamedOptions: Readonly<Record<string, string>> = {
  cache: "Write its options beside `argv`: timeToLive, refreshAhead, onRepeatedKey, onAbandon, eraseOnReject.",
  command: "Use `argv`.",
  onReject: "Use `eraseOnReject: true`.",
  onRepeat: "Use `onRepeatedKey`.",
  path: "Use `search`.",
  whenAbandoned: "Use `onAbandon`."
}

/** The first option with an old name, and the remedy. */
export const renamedOption = (options: object): Option.Option<{ readonly name: string; readonly remedy: string }> =>
  Option.map(
    Arr.findFirst(Object.entries(renamedOptions), ([name]) => Object.hasOwn(options, name)),
    ([name, remedy]) => ({ name, remedy })
  )

/** The values as text: `"a", "b" or "c"`. */
export const anyOf = (values: ReadonlyArray<unknown>): string => {
  const written = values.map((value) => JSON.stringify(value))
  return [written.slice(0, -1).join(", "), ...written.slice(-1)].filter((part) => part !== "").join(" or ")
}

/** The check of a field. `takes` completes a sentence that begins with "Give". */
export interface Check {
  readonly takes: string
  readonly is: (value: unknown) => boolean
  /** Completes the sentence that begins with the field. Default: "is invalid". */
  readonly problem?: string
}

/** One check for each field. A field without a check is unknown. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>

export const optional = ({ is, takes }: Check): Check => ({ takes, is: (value) => value === undefined || is(value) })

export const oneOf = (values: ReadonlyArray<unknown>): Check =>
  optional({ takes: anyOf(values), is: (value) => values.includes(value) })

export const text: Check = optional({ takes: "a string", is: isString })

/** For a field that is checked where it is used. */
export const unchecked: Check = { takes: "", is: () => true }

/**
 * The error for the first invalid field, for callers without types (JavaScript, a file). It never shows the value. `parent` is
 * the field that contains the options.
 */
export const wrongField = (
  options: object,
  checks: Readonly<Record<string, Check>>,
  parent?: string
): Option.Option<ConfigInvalid> =>
  Option.orElse(
    Option.map(renamedOption(options), ({ name, remedy }) => unknownOption(pathOf(name, parent), remedy)),
    () =>
      Option.map(
        Arr.findFirst(Object.entries(checks), ([name, { is }]) => !is(Reflect.get(options, name))),
        ([name, { takes, problem = "is invalid" }]) =>
          inCode(`\`${pathOf(name, parent)}\` ${problem}`, `Give ${takes}.`)
      )
  )

/** The same. A field without a check is an error too. */
export const wrongOrUnknownField = (
  options: object,
  checks: Readonly<Record<string, Check>>,
  parent?: string
): Option.Option<ConfigInvalid> =>
  Option.orElse(wrongField(options, checks, parent), () =>
    Option.map(
      Arr.findFirst(Object.keys(options), (name) => !Object.hasOwn(checks, name)),
      (name) => unknownOption(pathOf(name, parent), `The options are ${Object.keys(checks).join(", ")}.`)
    )
  )

const unknownOption = (name: string, remedy: string): ConfigInvalid => inCode(`\`${name}\` is not an option`, remedy)

const pathOf = (name: string, parent: string | undefined): string => (parent === undefined ? name : `${parent}.${name}`)
