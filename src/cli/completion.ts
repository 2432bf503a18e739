/** `effect-apikey completion SHELL`, and the candidates that its scripts request at each Tab. */

import type { Command, Option } from "commander"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import { configurationFor } from "./configuration.js"

/** Each script passes the words up to the cursor after `--`, and completes file names if there are no candidates. */
const scripts = {
  bash: `_effect_apikey() {
  local IFS=$'\\n'
  COMPREPLY=($(effect-apikey complete -- "\${COMP_WORDS[@]:1:COMP_CWORD}" 2> /dev/null))
}
complete -o default -F _effect_apikey effect-apikey`,
  zsh: `_effect_apikey() {
  local -a candidates
  candidates=("\${(@f)$(effect-apikey complete -- "\${(@)words[2,CURRENT]}" 2> /dev/null)}")
  if [[ -n "\${candidates[1]}" ]]; then compadd -a candidates; else _files; fi
}
compdef _effect_apikey effect-apikey`,
  fish: `function __effect_apikey
  set -l candidates (effect-apikey complete -- (commandline -opc)[2..] (commandline -ct) 2> /dev/null)
  if test (count $candidates) -gt 0
    printf '%s\\n' $candidates
  else
    __fish_complete_path (commandline -ct)
  end
end
complete -c effect-apikey -f -a '(__effect_apikey)'`
} as const

export type Shell = keyof typeof scripts

export const shells = ["bash", "zsh", "fish"] as const satisfies ReadonlyArray<Shell>

export const completion = (shell: Shell): Effect.Effect<void> => Console.log(scripts[shell])

interface Position {
  readonly command: Command
  /** The option whose value is the next word. */
  readonly pending: Option | undefined
}

const takesValue = (option: Option | undefined): option is Option =>
  option !== undefined && (option.required || option.optional)

const positionAfter = (program: Command, words: ReadonlyArray<string>): Position =>
  words.reduce<Position>(
    ({ command, pending }, word) => {
      if (pending !== undefined) return { command, pending: undefined }
      const option = command.options.find(({ long }) => long === word)
      if (takesValue(option)) return { command, pending: option }
      return { command: command.commands.find((each) => each.name() === word) ?? command, pending: undefined }
    },
    { command: program, pending: undefined }
  )

/** The candidates for the last word. */
export const candidates = Effect.fnUntraced(function* (program: Command, words: ReadonlyArray<string>) {
  const current = words.at(-1) ?? ""
  const { command, pending } = positionAfter(program, words.slice(0, -1))
  const all = words.includes("--") ? [] : yield* candidatesAt(command, pending, current)
  const fitting = all.filter((candidate) => candidate.startsWith(current))
  if (fitting.length > 0) yield* Console.log(fitting.join("\n"))
})

const providers = Effect.map(configurationFor({}), ({ ids }) => ids)

const candidatesAt = (command: Command, pending: Option | undefined, current: string) => {
  if (pending !== undefined) return Effect.succeed(pending.argChoices ?? [])
  if (current.startsWith("-")) return Effect.succeed([...command.options.flatMap(({ long }) => long ?? []), "--help"])
  const [argument] = command.registeredArguments
  if (argument?.argChoices !== undefined) return Effect.succeed(argument.argChoices)
  if (argument?.name() === "provider") return providers
  return Effect.succeed(command.commands.filter((each) => each.name() !== hiddenName).map((each) => each.name()))
}

/** The sub-command that the scripts call. */
export const hiddenName = "complete"
