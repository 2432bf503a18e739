/**
 * Environment files: `NAME=value` lines, with `export`, quotes and comments as shells and dotenv write them.
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

const line = /^\s*(?:export\s+)?([A-Za-z_][A-Za-z0-9_.-]*)\s*=\s*(.*?)\s*$/
const defaultVariable = "API_KEY"

const unquoted = (value: string): string => {
  const double = /^"((?:[^"\\]|\\.)*)"(?:\s+#.*)?$/.exec(value)?.[1]
  if (double !== undefined) {
    return double.replace(/\\(.)/g, (_, c: string) => (c === "n" ? "\n" : c === "r" ? "\r" : c === "t" ? "\t" : c))
  }
  const single = /^'([^']*)'(?:\s+#.*)?$/.exec(value)?.[1]
  return single ?? value.replace(/\s+#.*$/, "")
}

const assignmentsIn = (text: string): Either.Either<ReadonlyMap<string, string>, Refusal> => {
  const found = new Map<string, string>()
  for (const one of text.split(/\r\n|\r|\n/)) {
    if (/^\s*(?:#.*)?$/.test(one)) continue
    const [, name, value] = line.exec(one) ?? []
    if (name === undefined || value === undefined) return refuse("", "lines of NAME=value")
    found.set(name, unquoted(value))
  }
  return Either.right(found)
}

/** Base64 ends in "=" too: what a variable's line has, and a bare key has not, is a value after it. */
const looksLike = /^\s*(?:export\s+)?[A-Z][A-Z0-9_]{2,}=["']?[^=\s]/

export const env = ({ variable }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "env",
    about: {
      title: "Environment files: NAME=value",
      source: "https://www.npmjs.com/package/dotenv#rules",
      example: '# production\nexport OPENAI_API_KEY="sk-live-7f3a9c"\n'
    },
    carriesExpiry: false,
    recognizes: ({ text }) => {
      const lines = text.split(/\r\n|\r|\n/).filter((one) => !/^\s*(?:#.*)?$/.test(one))
      return lines.length > 0 && lines.every((one) => looksLike.test(one))
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
