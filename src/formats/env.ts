/**
 * Environment files: `NAME=value` lines, with `export`, quotes (single, double, backticks; a quoted value may have several lines)
 * and comments. Between double quotes only `\\`, `\"`, `\$`, `` \` ``, `\n` and `\r` are escapes, and any other backslash stays.
 *
 * A `#` in a value without quotes begins a comment only after white space, as in a shell; dotenv since version 15 begins one at any
 * `#`, which would cut a key short. A value that begins with a quote has to end with it. Written are single quotes, which dotenv,
 * Node and a shell read alike.
 *
 * `auto` takes a text for one where a value is in quotes or a name says that it is a secret: `FOO=abc` alone may be anybody's key.
 *
 * Protocol: https://www.npmjs.com/package/dotenv#rules (`doppler secrets download` writes it too)
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, onlyValue, tokenKey } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { type Mismatch, mismatch } from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("env"),
  variable: Schema.optional(
    Schema.NonEmptyString.pipe(Schema.pattern(/^[A-Za-z_][A-Za-z0-9_.-]*$/)).annotations({
      description: "The variable that is the key. Not needed if there is only one."
    })
  )
})

const defaultVariable = "API_KEY"

// Nothing here may look twice at the same character: a helper may print 64 KiB of them.
const blanks = /(?:\s|#[^\n]*)*/y
const head = /(?:export[^\S\n]+)?([A-Za-z_][A-Za-z0-9_.-]*)[^\S\n]*=[^\S\n]*/y

const matchAt = (pattern: RegExp, text: string, at: number): ReadonlyArray<string> => {
  pattern.lastIndex = at
  return pattern.exec(text) ?? []
}

const endOfQuote = (text: string, start: number, quote: string): number => {
  for (let at = start + 1; at < text.length; at++) {
    if (text[at] === quote) return at
    if (quote === '"' && text[at] === "\\") at++
  }
  return -1
}

const unescaped = (inner: string): string =>
  inner.replace(/\\([\\"$`nr])/g, (_, c: string) => (c === "n" ? "\n" : c === "r" ? "\r" : c))

const withoutComment = (value: string): string => {
  for (let at = value.indexOf("#"); at >= 0; at = value.indexOf("#", at + 1)) {
    if (at === 0 || /\s/.test(value.charAt(at - 1))) return value.slice(0, at).trimEnd()
  }
  return value.trimEnd()
}

interface Assignment {
  readonly name: string
  readonly value: string
  readonly isQuoted: boolean
}

const assignmentsIn = (input: string): Either.Either<ReadonlyArray<Assignment>, Mismatch> => {
  const text = input.replace(/\r\n?/g, "\n")
  const found: Array<Assignment> = []
  const skip = (at: number): number => at + (matchAt(blanks, text, at)[0] ?? "").length
  for (let at = skip(0); at < text.length; at = skip(at)) {
    const [whole, name] = matchAt(head, text, at)
    if (whole === undefined || name === undefined) return mismatch("", "lines of NAME=value")
    const start = at + whole.length
    const quote = text.charAt(start)
    const isQuoted = quote !== "" && `"'\``.includes(quote)
    const closed = isQuoted ? endOfQuote(text, start, quote) : start
    const end = closed < 0 ? closed : text.indexOf("\n", closed)
    at = end < 0 ? text.length : end
    if (isQuoted && (closed < 0 || !/^(?:\s*$|\s+#)/.test(text.slice(closed + 1, at)))) {
      return mismatch("", "lines of NAME=value whose quotes are closed")
    }
    const inner = text.slice(start + 1, closed)
    const value = isQuoted ? (quote === '"' ? unescaped(inner) : inner) : withoutComment(text.slice(start, at))
    found.push({ name, value, isQuoted })
  }
  return Either.right(found)
}

const saysSecret = /KEY|TOKEN|SECRET|PASSWO?R?D|CREDENTIAL|(?:^|[_.-])(?:AUTH|PAT)(?:$|[_.-])/i

/** Git's answers are lines with these names as well, and are git's. */
const isGit = /^[^\S\n]*(?:username|password|credential|quit|continue)=/m

/** As variables are written: base64 that a "=" fills up has capitals and small letters. */
const isOfOneCase = (name: string): boolean => name === name.toUpperCase() || name === name.toLowerCase()

/** Any text may hold a "=", base64 at its end and a connection string all over: no bare key looks like a file that assigns. */
const isAssigning = ({ isQuoted, name, value }: Assignment): boolean =>
  isQuoted ||
  (value === "" ? isOfOneCase(name) && saysSecret.test(name) : !(value.startsWith("=") || /[;&]\w+=/.test(value)))

export const env = ({ variable }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "env",
    recognizes: ({ text }) =>
      !isGit.test(text) &&
      Option.exists(
        Either.getRight(assignmentsIn(text)),
        (found) => found.every(isAssigning) && found.some(({ isQuoted, name }) => isQuoted || saysSecret.test(name))
      ),
    read: (text) =>
      Either.flatMap(assignmentsIn(text), (assignments) => {
        // A later line for the same name wins.
        const found = new Map(assignments.map(({ name, value }) => [name, value]))
        const [only] = found
        const chosen = variable === undefined ? (found.size === 1 ? only?.[1] : undefined) : found.get(variable)
        return Option.match(Option.fromNullable(chosen), {
          onNone: () =>
            mismatch(variable ?? "", variable === undefined ? "one variable" : "a variable of that name", {
              text: "Name the variable that holds the key",
              option: "format",
              example: { name: "env", variable: "…" }
            }),
          onSome: (value) => tokenKey(variable ?? "*", value)
        })
      }),
    write: (key) =>
      Either.map(onlyValue(key), (value) => {
        const line = `${variable ?? defaultVariable}=${
          value.includes("'") ? `"${value.replace(/[\\"$`]/g, (character) => `\\${character}`)}"` : `'${value}'`
        }\n`
        return isGit.test(line) ? `export ${line}` : line
      })
  })
