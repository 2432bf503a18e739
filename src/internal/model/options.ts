/** The values that options take by name, each list once, and how options that were given in code are checked, field by field. */
import * as Arr from "effect/Array"
import * as Option from "effect/Option"
import { isString } from "effect/Predicate"
import type { ConfigInvalid } from "../../ApiKeyError.js"
import { inCode } from "./configInvalid.js"

export const interactiveNames = ["never", "if-available", "always"] as const
export const searchBeyondNames = ["usual-folders", "login-shell", "path-only"] as const
export const onRepeatNames = ["serve", "fail"] as const
export const onRejectNames = ["forget", "erase"] as const
export const whenAbandonedNames = ["stop", "finish"] as const

/**
 * Whether the helper may ask a person on the terminal: `"never"`, where there is a terminal (`"if-available"`), or it must
 * have one (`"always"`).
 *
 * @since 0.1.0
 * @category models
 */
export type Interactive = (typeof interactiveNames)[number]

/**
 * Where a program is looked for that PATH does not have: in the folders where people install programs
 * (`"usual-folders"`: Homebrew, `~/.local/bin`, mise, asdf, npm, snap, Nix, …), before those in the PATH that the user's
 * login shell sets (`"login-shell"`), or nowhere (`"path-only"`). If `env` sets PATH, only that PATH is searched.
 *
 * @since 0.1.0
 * @category models
 */
export type SearchBeyond = (typeof searchBeyondNames)[number]

export type OnRepeat = (typeof onRepeatNames)[number]
export type OnReject = (typeof onRejectNames)[number]
export type WhenAbandoned = (typeof whenAbandonedNames)[number]

/** `"a", "b" or "c"` */
export const anyOf = (values: ReadonlyArray<unknown>): string => {
  const written = values.map((value) => JSON.stringify(value))
  return [written.slice(0, -1).join(", "), ...written.slice(-1)].filter((part) => part !== "").join(" or ")
}

/** What a field takes, for a sentence that begins with "It takes", and whether a value is that. */
export interface Check {
  readonly takes: string
  readonly is: (value: unknown) => boolean
  /** What is said of the field where "is not what it takes" says too little. */
  readonly problem?: string
}

/** One check for each field: a field without one is not known. */
export type Checks<Options> = Readonly<Record<keyof Options, Check>>

export const optional = ({ is, takes }: Check): Check => ({ takes, is: (value) => value === undefined || is(value) })

export const oneOf = (values: ReadonlyArray<unknown>): Check =>
  optional({ takes: anyOf(values), is: (value) => values.includes(value) })

export const text: Check = optional({ takes: "a string", is: isString })

/** For what is checked where it is used. */
export const unchecked: Check = { takes: "", is: () => true }

/** The first field that is wrong, for callers without types (JavaScript, a file). Its value is not shown. `parent` is the field that has them all. */
export const wrongField = (
  options: object,
  checks: Readonly<Record<string, Check>>,
  parent?: string
): Option.Option<ConfigInvalid> =>
  Option.map(
    Arr.findFirst(Object.entries(checks), ([name, { is }]) => !is(Reflect.get(options, name))),
    ([name, { takes, problem = "is not what it takes" }]) =>
      inCode(`\`${pathOf(name, parent)}\` ${problem}`, `It takes ${takes}.`)
  )

/** The same, where a field that has no check is wrong, too. */
export const wrongOrUnknownField = (
  options: object,
  checks: Readonly<Record<string, Check>>,
  parent?: string
): Option.Option<ConfigInvalid> =>
  Option.orElse(
    Option.map(
      Arr.findFirst(Object.keys(options), (name) => !Object.hasOwn(checks, name)),
      (name) => inCode(`\`${pathOf(name, parent)}\` is no option`, `Known are ${Object.keys(checks).join(", ")}.`)
    ),
    () => wrongField(options, checks, parent)
  )

const pathOf = (name: string, parent: string | undefined): string => (parent === undefined ? name : `${parent}.${name}`)
