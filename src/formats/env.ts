/**
 * Environment files: `NAME=value` lines, with `export`, quotes (single, double, backticks) and comments.
 *
 * A `#` in a value without quotes begins a comment only after white space, as in a shell; dotenv since version 15 begins one at any
 * `#`, which would cut a key short. A value that begins with a quote has to end with it.
 *
 * Protocol: https://www.npmjs.com/package/dotenv#rules (what it shares with `docker run --env-file` and `doppler secrets download`)
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { CredentialFormat } from "../CredentialFormat.js"
import { define, onlyValue, tokenKey } from "../internal/format.js"
import { type Refusal, refuse } from "../internal/shape.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("env"),
  variable: Schema.optional(
    Schema.NonEmptyString.pipe(Schema.pattern(/^[A-Za-z_][A-Za-z0-9_.-]*$/)).annotations({
      description: "The variable that is the key. Not needed where there is only one."
    })
  )
})

/** Applied to a trimmed line: nothing here may look twice at the same character, a helper may print 64 KiB of them. */
const assignment = /^(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=(.*)$/s
const defaultVariable = "API_KEY"

const escapes: Readonly<Record<string, string>> = { n: "\n", r: "\r", t: "\t" }

const endOfQuote = (value: string, quote: string): number => {
  for (let at = 1; at < value.length; at++) {
    if (value[at] === quote) return at
    if (quote === '"' && value[at] === "\\") at++
  }
  return -1
}

/** The value without its quotes and the comment behind it; none where a quote is not closed, or text follows it. */
const unquoted = (value: string): Option.Option<string> => {
  const [quote = ""] = value
  if (!`"'\``.includes(quote) || quote === "") return Option.some(withoutComment(value))
  const end = endOfQuote(value, quote)
  const rest = end < 0 ? "" : value.slice(end + 1)
  if (end < 0 || !/^(?:\s*$|\s+#)/.test(rest)) return Option.none()
  const inner = value.slice(1, end)
  return Option.some(quote === '"' ? inner.replace(/\\(.)/gs, (_, c: string) => escapes[c] ?? c) : inner)
}

const withoutComment = (value: string): string => {
  for (let at = value.indexOf("#"); at >= 0; at = value.indexOf("#", at + 1)) {
    if (at === 0 || /\s/.test(value.charAt(at - 1))) return value.slice(0, at).trimEnd()
  }
  return value
}

const isBlank = (line: string): boolean => line === "" || line.startsWith("#")

const linesOf = (text: string): ReadonlyArray<string> =>
  text
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => !isBlank(line))

const assignmentsIn = (text: string): Either.Either<ReadonlyMap<string, string>, Refusal> => {
  const found = new Map<string, string>()
  for (const line of linesOf(text)) {
    const [, name, value] = assignment.exec(line) ?? []
    if (name === undefined || value === undefined) return refuse("", "lines of NAME=value")
    const own = unquoted(value.trim())
    if (Option.isNone(own)) return refuse("", "lines of NAME=value whose quotes are closed")
    found.set(name, own.value)
  }
  return Either.right(found)
}

/** Any text may hold a "=": what no bare key looks like is lines that all assign, to a variable whose name says that it is a secret. */
const assigns = /^(?:export\s+)?[A-Z][A-Z0-9_]*=["'`]?[^=\s]/
const saysSecret = (line: string): boolean =>
  /KEY|TOKEN|SECRET|PASSWORD|CREDENTIAL/.test(line.slice(0, Math.max(line.indexOf("="), 0)))

export const env = ({ variable }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "env",
    about: {
      title: "Environment files: NAME=value",
      source: "https://www.npmjs.com/package/dotenv#rules",
      example: '# production\nexport OPENAI_API_KEY="sk-live-7f3a9c"\n'
    },
    recognizes: ({ text }) => {
      const lines = linesOf(text)
      return lines.some(saysSecret) && lines.every((line) => assigns.test(line))
    },
    read: (text) =>
      Either.flatMap(assignmentsIn(text), (found) => {
        const [only] = found
        const chosen = variable === undefined ? (found.size === 1 ? only?.[1] : undefined) : found.get(variable)
        return Option.match(Option.fromNullable(chosen), {
          onNone: () =>
            refuse(
              variable ?? "",
              variable === undefined ? "one variable" : "a variable of that name",
              'Name the variable that holds the key: format: { name: "env", variable: "…" }'
            ),
          onSome: (value) => tokenKey(variable ?? "*", value)
        })
      }),
    write: (key) =>
      Either.map(
        onlyValue(key),
        (value) => `${variable ?? defaultVariable}="${value.replace(/[\\"$`]/g, (character) => `\\${character}`)}"\n`
      )
  })
