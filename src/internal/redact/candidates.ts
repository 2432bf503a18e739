/** Which parts of a helper's stdout, arguments and variables may be secrets. */

import * as Option from "effect/Option"

/** A word of stdout shorter than this is a word, not a secret. */
const minWordLength = 8

/**
 * Everything in a helper's stdout that a secret could be: the whole, its lines (an item of a YAML list without its dash), words,
 * values after `=`, `:` and `>`, quoted strings, the password in a URL; not the names of a JSON object's members, which are words
 * that people need to read.
 */
export const secretsIn = (stdout: string): ReadonlyArray<string> => {
  const lines = stdout.split(/[\r\n\0]+/)
  const values = lines.flatMap((line) => {
    const at = line.search(/[=:]/)
    return at < 0 ? [] : [line.slice(at + 1)]
  })
  const { names, strings } = quotedIn(stdout)
  const words = lines.flatMap((line) => line.split(/[\s"',{}[\]]+/))
  const parts = partPatterns.flatMap((pattern) => Array.from(stdout.matchAll(pattern), ([, part = ""]) => part))
  const found = [
    stdout,
    ...lines,
    ...[...values, ...parts].filter((value) => !isConstant.test(value)),
    ...words.filter((word) => word.length >= minWordLength && !names.has(word)),
    ...strings
  ]
  return [...found, ...found.flatMap((each) => Option.toArray(percentDecoded(each)))]
}

/** The values of a line with several, quoted ones, items of a list, and a URL's password. Each takes linear time. */
const partPatterns: ReadonlyArray<RegExp> = [
  /[=:>]["'`]?([^\s"'`&;,<>(){}[\]]{4,})/g,
  /'([^'\n]{4,})'/g,
  /^[ \t]*- +(\S.*)$/gm,
  /:\/\/[^\s:/@]{0,64}:([^\s/@]+)@/g
]

const percentDecoded = Option.liftThrowable(decodeURIComponent)

const isConstant = /^\s*(?:true|false|null),?\s*$/

/** What a JSON string means. */
export const unquoted = (quoted: string): string => String(JSON.parse(quoted))

const decodeString = Option.liftThrowable(unquoted)

/** Every JSON string of a text, as it is and as it is meant, and the names among them. */
const quotedIn = (text: string): { readonly names: ReadonlySet<string>; readonly strings: ReadonlyArray<string> } => {
  const names = new Set<string>()
  const strings: Array<string> = []
  for (const [, quoted = "", colon] of text.matchAll(/("(?:[^"\\]|\\[\s\S])*(?:"|\\?$))(\s*:)?/g)) {
    const inside = quoted.slice(1, quoted.endsWith('"') ? -1 : undefined)
    if (colon !== undefined) names.add(inside)
    else strings.push(inside, ...Option.toArray(decodeString(quoted)))
  }
  return { names, strings }
}

/** Short arguments are flags and sub-commands; taking them out would only make the text unreadable. */
const minArgumentLength = 6

/** An argument, and what `--flag=value` or `name:value` pass in it. */
export const secretsInArguments = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args
    .flatMap((argument) => [argument, ...argument.split(/[=:]/).slice(1), argument.slice(argument.search(/[=:]/) + 1)])
    .filter((part) => part.length >= minArgumentLength)

const secretNames = /(?:token|secret|passw|passphrase|credential|api_?key|private_?key|access_?key|auth(?!or(?!iza)))/i

/** `SSH_AUTH_SOCK` and its like say where, not what. */
const placeNames = /(?:_(?:sock|file|path|dir)|^google_application_credentials)$/i

/** The values of variables (or attributes) whose names say that they are secret. */
export const secretsByName = (
  variables: Readonly<Record<string, string | undefined>>,
  minLength = minWordLength
): ReadonlyArray<string> =>
  Object.entries(variables).flatMap(([name, value]) =>
    value !== undefined && secretNames.test(name) && !placeNames.test(name) && value.length >= minLength ? [value] : []
  )
