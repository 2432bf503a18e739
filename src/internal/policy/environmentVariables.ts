/** The environment variables that a project's command sets, and what each of them needs: trust, a question of its own, or denial. */

import * as Option from "effect/Option"
import { programName } from "../redact/programName.js"
import type { RunOptions } from "../source/schema.js"
import { choosingVariablesOf } from "./choosingVariables.js"
import { isForbiddenVariable } from "./forbiddenVariables.js"

interface SetVariable {
  readonly name: string
  /** None if the command removes it. */
  readonly value: Option.Option<string>
  /** The name of the program that gets it. */
  readonly program: string
}

const assignment = /^([A-Za-z_][A-Za-z0-9_]*)=(.*)$/s

/** Options of `env` that take the next word as their value. */
const takesValue = /^(?:-[uC]|--unset|--chdir)$/

/** The words of `env`'s arguments. The argument of `-S` is several words. */
const wordsOf = (args: ReadonlyArray<string>): ReadonlyArray<string> => {
  const isText = args.some((arg) => /^-\w*S|^--split-string/.test(arg))
  return isText ? args.flatMap((arg) => arg.replace(/^(?:-\w*S|--split-string=?)/, "").split(/\s+/)) : args
}

/** What `env A=b PROGRAM …` sets, also if another `env` follows. */
const setByEnv = (argv: ReadonlyArray<string>): { readonly program: string; readonly set: ReadonlyArray<string> } => {
  const [first = "", ...args] = argv
  const program = programName([first])
  if (program !== "env") return { program, set: [] }
  const set: Array<string> = []
  const words = wordsOf(args)
  for (let index = 0; index < words.length; index += 1) {
    const word = words[index] ?? ""
    if (assignment.test(word)) set.push(word)
    else if (takesValue.test(word)) index += 1
    else if (word !== "" && !word.startsWith("-")) {
      const inner = setByEnv(words.slice(index))
      return { program: inner.program, set: [...set, ...inner.set] }
    }
  }
  return { program, set }
}

/** What a command sets with `env`, and with the program `env` in its argv. */
export const variablesOf = ({
  argv,
  env = {}
}: {
  readonly argv: RunOptions["argv"]
  readonly env?: RunOptions["env"] | undefined
}): ReadonlyArray<SetVariable> => {
  const { program, set } = setByEnv(argv)
  const written = set.map((word) => {
    const [, name = "", value = ""] = assignment.exec(word) ?? []
    return { name, value: Option.some(value), program }
  })
  return [
    ...Object.entries(env).map(([name, value]) => ({ name, value: Option.fromNullable(value), program })),
    ...written
  ]
}

/** Names a profile, an account or a language. No path, address or option. */
const plainValue = /^[A-Za-z0-9][A-Za-z0-9._@-]*$/

/**
 * What a project needs to set a variable.
 *
 * - `"trust"`: the trust that its command needs anyway. The variable chooses among what the user has set up.
 * - `"question"`: a line of its own in the question, because the variable may redirect the tool or load code
 * - `"denied"`: the variable does, so a project never may
 */
export const needOf = ({ name, program, value }: SetVariable): "trust" | "question" | "denied" => {
  if (isForbiddenVariable(name)) return "denied"
  const isPlain = Option.getOrElse(
    Option.map(value, (text) => plainValue.test(text)),
    () => true
  )
  return isPlain && choosingVariablesOf(program).includes(name) ? "trust" : "question"
}

const address = /(?:^|_)(?:ADDR|ADDRESS|URL|URI|HOST|HOSTNAME|ENDPOINT|SERVER|DOMAIN)$/i

/** What a variable may do, for the question. */
export const effectOf = ({ name, program, value }: SetVariable): string => {
  if (Option.isNone(value)) return "removes it from the environment"
  if (/^(?:vault|bao)$/.test(program) && /^(?:VAULT|BAO)_(?:AGENT_)?ADDR$/.test(name)) {
    return `${program} will send the user's token there`
  }
  return address.test(name) ? `${program} may send the user's credentials there` : "what it does is not known"
}

/** The variables of commands that need a question, each once. */
export const questioned = (commands: ReadonlyArray<RunOptions>): ReadonlyArray<SetVariable> => {
  const all = commands.flatMap(variablesOf).filter((each) => needOf(each) === "question")
  return Array.from(new Map(all.map((each) => [`${each.program}\0${each.name}`, each])).values())
}
