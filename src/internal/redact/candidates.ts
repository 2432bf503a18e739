/** Which parts of a helper's stdout, arguments, input and variables may be secrets. */

import * as Option from "effect/Option"
import { minSecretLength } from "./redact.js"
import { textMeaningsOf } from "./views.js"

/**
 * What is hidden of a stdout wherever it stands whole, however short: the whole, its lines (an item of a YAML list without its
 * dash), values after `=`, `:` and `>`, quoted strings, numbers of JSON, the password in a URL.
 */
export const secretsIn = (stdout: string): ReadonlyArray<string> => [
  ...new Set(textMeaningsOf(stdout).flatMap(partsIn)).add(stdout)
]

const partsIn = (text: string): ReadonlyArray<string> => {
  const lines = text.split(/[\r\n\0]+/)
  const values = lines.flatMap((line) => {
    const at = line.search(/[=:]/)
    return at < 0 ? [] : [line.slice(at + 1)]
  })
  const parts = partPatterns.flatMap((pattern) => Array.from(text.matchAll(pattern), ([, part = ""]) => part))
  const found = [
    text,
    ...lines,
    ...[...values, ...parts].filter((value) => !isConstant(value)),
    ...quotedIn(text).strings
  ]
  return [...found, ...found.flatMap((each) => Option.toArray(percentDecoded(each)))].filter(
    (part) => part.length >= minSecretLength
  )
}

/** The values of a line with several, a number of JSON, quoted values, items of a list, and a URL's password. Each takes linear time. */
const partPatterns: ReadonlyArray<RegExp> = [
  /[=:>]["'`]?([^\s"'`&;,<>(){}[\]]{4,})/g,
  /"\s{0,8}:\s{0,8}(-?[0-9][0-9.eE+-]{3,})/g,
  /'([^'\n]{4,})'/g,
  /`([^`\n]{4,})`/g,
  /^[ \t]*- +(\S.*)$/gm,
  /:\/\/[^\s:/@]{0,64}:([^\s/@]+)@/g
]

const percentDecoded = Option.liftThrowable(decodeURIComponent)

/** A value that is one of few says nothing, and hidden it would take a common word from a message. */
const isConstant = (value: string): boolean => /^\s*(?:true|false|null|none|yes|auto|always|never),?\s*$/i.test(value)

const decodeString = Option.liftThrowable((quoted: string) => String(JSON.parse(quoted)))

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

/** The names of a JSON object's members, which people need to read. */
export const namesIn = (stdout: string): ReadonlySet<string> => quotedIn(stdout).names

/** Shorter arguments are flags and sub-commands. Hidden they would only make the text unreadable. */
const minArgumentLength = 6

/** What is hidden of arguments wherever it stands whole: an argument, and what `--flag=value`, `name:value` or `-nvalue` pass in it. */
export const secretsInArguments = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args
    .flatMap((argument) => [
      argument,
      ...argument.split(/[=:]/).slice(1),
      argument.slice(argument.search(/[=:]/) + 1),
      ...(/^-[A-Za-z][^-]/.test(argument) ? [argument.slice(2)] : [])
    ])
    .filter((part) => part.length >= minArgumentLength)

/** The values of options whose names say that they are secret, in the same argument or the next one. */
export const secretsInOptions = (args: ReadonlyArray<string>): ReadonlyArray<string> =>
  args.flatMap((argument, at) => {
    const [, name = "", value = args[at + 1] ?? ""] = /^--?([\w-]+)(?:=([\s\S]*))?$/.exec(argument) ?? []
    return secretsByName({ [name.replaceAll("-", "_")]: value })
  })

const secretNames =
  /token|secret|passw|passphrase|credential|api_?key|private_?key|access_?key|auth(?!or(?!iza))|cookie|(?:pass|pwd|(?:^|_)(?:key|pat|pin|session))$|^op_session_/i

/** `SSH_AUTH_SOCK` and its like say where, not what. */
const placeNames = /(?:_(?:sock|file|path|dir)|^google_application_credentials|^(?:old)?pwd|askpass|^desktop_session)$/i

const isSecretName = (name: string): boolean => secretNames.test(name) && !placeNames.test(name)

/** The values of variables (or attributes, or options) whose names say that they are secret. */
export const secretsByName = (variables: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.entries(variables).flatMap(([name, value = ""]) =>
    isSecretName(name) && value.length >= minSecretLength && !isConstant(value) ? [value] : []
  )

/** Variables that say who and where somebody is, or what a program is like. */
const plainNames =
  /^(?:user|logname|username|host|hostname|hosttype|machtype|ostype|lang|language|lc_\w+|term|term_program|colorterm|tz|\w+_(?:region|zone|version|profile|project|account))$/i

const minWordLength = 8

/** In other variables a word with a letter and a digit may be a secret, but not the host of a URL and not a path. */
export const wordsInVariables = (variables: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.entries(variables).flatMap(([name, value = ""]) =>
    isSecretName(name) || plainNames.test(name) || placeNames.test(name)
      ? []
      : value
          .replace(urlHost, "$1 ")
          .split(/[\s"'`:;,=&?@|<>(){}[\]]+/)
          .filter(
            (word) =>
              word.length >= minWordLength &&
              /[A-Za-z]/.test(word) &&
              /[0-9]/.test(word) &&
              !/^(?:[/\\~]|\.{1,2}\/)/.test(word)
          )
  )

/** The scheme of a URL and the user and password in it, then its host. */
const urlHost = /[A-Za-z][A-Za-z0-9+.-]{0,30}:\/\/((?:[^\s/@]{1,512}@)?)[^\s/?#@]{0,255}\/?/g

/** The passwords in the URLs of variables, as they are and as they are meant. */
export const urlPasswords = (variables: Readonly<Record<string, string | undefined>>): ReadonlyArray<string> =>
  Object.values(variables).flatMap((value = "") =>
    Array.from(value.matchAll(/:\/\/[^\s:/@]{0,64}:([^\s/@]{4,512})@/g), ([, password = ""]) => password).flatMap(
      (password) => [password, ...Option.toArray(percentDecoded(password))]
    )
  )
