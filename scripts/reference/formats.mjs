// docs/reference/formats.md: the table of formats, and what docs/data says of each row. Each example is decoded.
import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as JSONSchema from "effect/JSONSchema"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { formats } from "../../docs/data/formats.ts"
import * as ApiKey from "../../src/ApiKey.ts"
import * as CredentialFormat from "../../src/CredentialFormat.ts"
import { FormatOptions } from "../../src/formats/table.ts"
import { get } from "../../src/internal/format/lookup.ts"
import { code, fenced, list, page, plain } from "./markdown.mjs"

/** A run of this instant, so that lifetimes come out the same every day. */
const now = DateTime.unsafeMake("2026-01-01T00:00:00Z")

const schema = JSONSchema.make(FormatOptions)
const nameIn = ({ properties: { name } }) => name.const ?? name.enum[0]

/** Those that a name alone stands for, then those that need parameters. */
const names = [...new Set([...CredentialFormat.names, ...schema.anyOf.map(nameIn)])]

const inLine = (text) => text.replaceAll("\n", "\\n")

/** With a full stop, except after a URL or a piece of code. */
const sentence = (text) => (/(?:[.}]|https:\S+)$/.test(text) ? plain(text) : `${plain(text)}.`)

const parametersOf = (name) => {
  const own = schema.anyOf.find((options) => nameIn(options) === name)
  if (own === undefined) return []
  return Object.entries(own.properties)
    .filter(([parameter]) => parameter !== "name")
    .map(([parameter, { description = "", enum: choices }]) => {
      const needed = own.required.includes(parameter) ? " (required)" : ""
      const taken = choices === undefined ? "" : ` One of ${choices.map(code).join(", ")}.`
      return `${code(parameter)}${needed}: ${sentence(description)}${taken}`
    })
}

const exampleOf = (format, example) => {
  const output = {
    command: "helper",
    stdout: Redacted.make(new TextEncoder().encode(example)),
    stderr: () => "",
    startedAt: now.epochMillis
  }
  return Either.getOrThrowWith(CredentialFormat.decode(format, output, now), (error) => error)
}

/** Encodes a key that expires: a format without a field for an expiry rejects it. */
const writesExpiry = (format, example) =>
  Either.isRight(format.encode(ApiKey.expiringBy(exampleOf(format, example), DateTime.add(now, { days: 1 }))))

const readAs = (format, example) => {
  const key = exampleOf(format, example)
  const parts = [
    ["value", Redacted.value(key.value)],
    ...Option.toArray(key.username).map((username) => ["username", username]),
    ...Option.toArray(key.sessionToken).map((token) => ["sessionToken", Redacted.value(token)]),
    ...Object.entries(key.headers).map(([name, value]) => [`header ${name}`, Redacted.value(value)]),
    ...Option.toArray(key.expiresAt).map((at) => ["expiresAt", DateTime.formatIso(at)])
  ]
  return parts.map(([name, value]) => `${name}: ${code(inLine(value))}`)
}

/** What a run passes to the helper, by its reason where that makes a difference. */
const variablesOf = (format) => {
  const first = Object.entries(format.environment?.(false, "first") ?? {})
  const later = Object.entries(format.environment?.(false, "expiry") ?? {})
    .filter(([variable, value]) => !first.some(([name, other]) => name === variable && other === value))
    .map(([variable, value]) => `${code(`${variable}=${value}`)} after an expiry or a rejection`)
  return [...first.map(([variable, value]) => code(`${variable}=${value}`)), ...later]
}

const section = (name) => {
  const { example, order = [], parameters, source, title } = formats[name]
  const spec = parameters === undefined ? name : { name, ...parameters }
  const shown = get(spec)
  const variables = variablesOf(shown)
  const taken = parametersOf(name)
  return [
    `## ${name}`,
    sentence(title),
    list([
      `Specification: ${/^https:\/\/\S+$/.test(source) ? `<${source}>` : plain(source)}`,
      `In a configuration file: ${code(`"format": ${JSON.stringify(spec)}`)}`,
      ...(shown.input === undefined ? [] : [`Request on stdin: ${code(inLine(shown.input))}`]),
      ...(variables.length === 0 ? [] : [`Variables for the helper: ${variables.join(", ")}`]),
      `\`encode\` can write an expiry: ${writesExpiry(shown, example) ? "yes" : "no"}`
    ]),
    ...(taken.length === 0 ? [] : ["Parameters:", list(taken)]),
    ...(order.length === 0 ? [] : ["The first of these that fits counts:", list(order)]),
    "For example, this output:",
    fenced(example),
    "is read as:",
    list(readAs(shown, example))
  ]
}

const placeholders = ["null", "undefined", "None", "<nil>"].map(code).join(", ")

export const problems = () => [
  ...names.filter((name) => !Object.hasOwn(formats, name)).map((name) => `docs/data/formats.ts has no entry ${name}`),
  ...Object.keys(formats)
    .filter((name) => !names.includes(name))
    .map((name) => `docs/data/formats.ts: src/formats/table.ts has no row ${name}`)
]

export const make = () =>
  page(
    "Formats",
    "src/formats/table.ts and docs/data/formats.ts",
    "What a helper may print on stdout. The option `format` takes a name, or an object with a name and parameters:",
    fenced('{ "argv": ["get-token", "--json"], "format": { "name": "json", "field": "data.api_key" } }', "json"),
    "## In all formats",
    list([
      "The output is UTF-8. A byte order mark is ignored.",
      "No output is `EmptyOutput`. An output that does not match the format is `InvalidOutput`.",
      "`InvalidOutput` names the field and what was expected, never the value that was there.",
      "If the key is a JWT, its `exp` counts where it is earlier than the stated expiry.",
      "A key that has expired already is `ExpiredOnArrival`."
    ]),
    "Times:",
    list([
      "A time is RFC 3339 with a time zone, or a number of epoch seconds, as the format's specification says.",
      "A time without a zone is local time in `az`, and an error in other formats.",
      "An expiry after the year 9999 is an error: the number has another unit."
    ]),
    "Keys:",
    list([
      "A token is visible ASCII without spaces. A password that comes with a user name (`git-credential`, `docker-credential`, `json`) may have spaces and other letters, but no line ends.",
      `${placeholders} are not keys: jq, Node, Python and Go print them for a missing value. Neither is \`encrypted:…\`, which dotenvx writes.`
    ]),
    "Writing:",
    list([
      "`CredentialFormat.encode` writes only what is read back as the same key.",
      "A format without a field for an expiry rejects a key that has one, unless the key is a JWT that contains it.",
      "The header `Authorization: Bearer KEY` and no header count as the same. So `bazel` can write a bare key, and `oauth` a bearer token."
    ]),
    names.flatMap(section)
  )
