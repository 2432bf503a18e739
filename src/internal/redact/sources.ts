/** What must not be shown of what a run of a helper wrote: all that it was passed, all that it printed. */

import {
  namesIn,
  secretsByName,
  secretsIn,
  secretsInArguments,
  secretsInOptions,
  urlPasswords,
  wordsInVariables
} from "./candidates.js"
import { minSecretLength, type Sources } from "./redact.js"
import { knownWords } from "./words.js"

/** A run, as far as it may hold secrets. */
export interface Run {
  /** Without the program. */
  readonly args: ReadonlyArray<string>
  /** The variables that the caller sets. */
  readonly env: Readonly<Record<string, string | undefined>>
  /** The variables that the program inherits. */
  readonly inherited: Readonly<Record<string, string | undefined>>
  readonly input: string
  /** Empty for a text that is itself a part of stdout. */
  readonly stdout: string
  /** The words of this program's messages, commands and options. */
  readonly words: ReadonlySet<string>
}

export const sourcesOf = ({ args, env, inherited, input, stdout, words }: Run): Sources => {
  const isKnownWord = knownWords(words)
  const set = Object.values(env).filter((value) => value !== undefined)
  const byName = secretsByName(inherited)
  return {
    secrets: [
      ...secretsIn(stdout),
      ...[input, ...set].filter((value) => value.length >= minSecretLength),
      ...secretsByName(attributesOf(input)),
      ...secretsInOptions(args),
      ...secretsInArguments(args).filter((part) => !isKnownWord(part)),
      ...byName,
      ...urlPasswords(inherited)
    ],
    texts: [stdout, input, ...args, ...set, ...byName, ...urlPasswords(inherited), ...wordsInVariables(inherited)],
    isKnownWord: knownWords(words, namesIn(stdout))
  }
}

/** `name=value` lines, which some formats write to stdin. */
const attributesOf = (input: string): Record<string, string> =>
  Object.fromEntries(
    input.split(/\r?\n/).flatMap((line) => {
      const at = line.indexOf("=")
      return at < 0 ? [] : [[line.slice(0, at), line.slice(at + 1)]]
    })
  )
