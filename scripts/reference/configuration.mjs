// docs/reference/configuration.md: every key of effect-apikey.jsonc, from the schemas that read it.
import * as Option from "effect/Option"
import * as AST from "effect/SchemaAST"
import { ConfigFile, ProviderEntry } from "../../src/internal/config/file.ts"
import { PolicyRules, systemFileOf } from "../../src/internal/policy/rules.ts"
import { Auth, Command, Env, File, FirstOf, Literal, RunOptions } from "../../src/internal/source/schema.ts"
import { durationPattern, parseDuration } from "../../src/internal/util/duration.ts"
import { code, fenced, list, page, table } from "./markdown.mjs"

/** What a description would say with more words than a link. */
const links = {
  key: "a [source](#sources)",
  policy: "[rules](#policy)",
  providers: "an object: an id, and its [entry](#a-provider)",
  command: "a list of strings, or an object with [options](#options-of-a-command)",
  firstOf: "a list of [sources](#sources)",
  format: "a [format](formats.md): its name, or an object with its parameters"
}

const structOf = (ast) => (AST.isTypeLiteral(ast) ? ast : structOf(ast.from))

const descriptionOf = (ast) =>
  Option.getOrElse(AST.getDescriptionAnnotation(ast), () => (ast.from === undefined ? "" : descriptionOf(ast.from)))

const valueOf = (name, type) => {
  if (Object.hasOwn(links, name)) return links[name]
  return AST.isBooleanKeyword(type) ? "`true` or `false`" : descriptionOf(type)
}

/** A description ends in "Default: …." where there is a default. */
const rowOf = ({ isOptional, name, type, ...annotated }) => {
  const [meaning, standard = isOptional ? "none" : "required"] = descriptionOf(annotated).split(" Default: ")
  return [code(name), valueOf(name, type), standard.replace(/\.$/, ""), meaning]
}

const fieldsOf = (schema) => structOf(schema.ast).propertySignatures

const keys = (...schemas) => {
  const rows = new Map(schemas.flatMap(fieldsOf).map((field) => [field.name, rowOf(field)]))
  return table(["key", "value", "default", "meaning"], [...rows.values()])
}

const units = [
  ["milliseconds", ["ms", "millis", "millisecond", "milliseconds"]],
  ["seconds", ["s", "sec", "secs", "second", "seconds"]],
  ["minutes", ["m", "min", "mins", "minute", "minutes"]],
  ["hours", ["h", "hour", "hours"]],
  ["days", ["d", "day", "days"]]
]

const isUnit = (name) => new RegExp(durationPattern).test(`1 ${name}`) && Option.isSome(parseDuration(`1 ${name}`))

const allFields = [
  ConfigFile,
  ProviderEntry,
  PolicyRules,
  RunOptions,
  Literal,
  Env,
  File,
  Auth,
  Command,
  FirstOf
].flatMap(fieldsOf)

export const problems = () => [
  ...allFields
    .filter((field) => descriptionOf(field) === "")
    .map(({ name }) => `the schema of effect-apikey.jsonc does not say what "${name}" means`),
  ...units
    .flatMap(([, names]) => names.filter((name) => !isUnit(name)))
    .map((name) => `"${name}" is not a unit of time`)
]

const example = `{
  "$schema": "./node_modules/effect-apikey/schema/effect-apikey.schema.json",
  "providers": {
    "openai": {
      "key": {
        "firstOf": [{ "env": "WORK_KEY" }, { "command": { "argv": ["get-token"], "format": "oauth", "timeout": "10 s" } }]
      },
      "baseUrl": "https://api.openai.com/v1"
    }
  },
  "policy": { "allow": [["op", "read", "op://Work/**"]] }
}`

export const make = () =>
  page(
    "Configuration",
    "the schemas in src/internal/source, src/internal/config and src/internal/policy",
    "The keys of `effect-apikey.jsonc`. [Configuration files](../guides/configuration-files.md) says where the files are and which one wins.",
    fenced(example, "jsonc"),
    list([
      "`effect-apikey schema` prints the JSON Schema. The package exports it as `effect-apikey/schema`.",
      "Comments are allowed. An unknown key is an error that names the nearest known one."
    ]),
    "## Top level",
    keys(ConfigFile),
    "## A provider",
    "An entry has at least one of these keys.",
    keys(ProviderEntry),
    "## Sources",
    "A source is an object with one of the keys `literal`, `env`, `file`, `auth`, `command` and `firstOf`.",
    keys(Literal, Env, File, Auth, Command, FirstOf),
    "`strict` belongs to `file` and `auth`, `onFailure` to `firstOf`.",
    "## Options of a command",
    "Keys of `command` if it is an object. The options of opencode's `apiKeyCommand` are the same.",
    keys(RunOptions),
    list([
      "[How a helper runs](../concepts/how-a-helper-runs.md) explains the options of a run.",
      "[How a key is kept](../concepts/how-a-key-is-kept.md) explains those of a key's life."
    ]),
    "## Times",
    'A time is a string with a number and a unit, such as `"10 seconds"` or `"1.5 h"`. Without a unit the number counts seconds.',
    table(
      ["unit", "written as"],
      units.map(([unit, names]) => [unit, names.map(code).join(", ")])
    ),
    "## Policy",
    "Which commands may run. Keys of `policy` in the user's own file, and the top-level keys of the administrator's file:",
    keys(PolicyRules),
    "An argument's pattern in `allow` is the argument itself, with wildcards:",
    list([
      "`*` matches one path segment of letters, digits, `.`, `_`, `~` and `-`. It matches no option and no `..`.",
      "`**` matches one or more such segments, joined by `/`.",
      '`{ "any": true }` instead of a string matches any text.'
    ]),
    table(
      ["system", "administrator's file"],
      [
        ["Linux and others", code(systemFileOf("linux"))],
        ["macOS", code(systemFileOf("darwin"))],
        ["Windows", code(systemFileOf("win32"))]
      ]
    ),
    list([
      "A rule of the administrator replaces the same rule of the user.",
      "If the administrator sets `project` or `user`, the user's `allow` list does not count.",
      "[Policies](../concepts/who-may-run-what.md#policies) says when the list covers a project's command."
    ]),
    "## Trust",
    "A project's command runs after `effect-apikey trust`. What the user trusted is in `$XDG_DATA_HOME/effect-apikey/trust.json`, which no other program should write.",
    "[Who may run what](../concepts/who-may-run-what.md) says what trust covers.",
    "## opencode",
    "In opencode's configuration a provider's command is `provider.ID.options.apiKeyCommand`:",
    fenced(
      '{ "provider": { "openai": { "options": { "apiKeyCommand": ["op", "read", "op://Work/OpenAI/key"] } } } }',
      "json"
    ),
    list([
      "Its value is that of `command` above: a list of strings, or an object with options.",
      "In an argument `{env:NAME}` is replaced. Elsewhere in the command a placeholder is an error.",
      "[opencode](../guides/opencode.md) has the set-up and the other sources of a key."
    ])
  )
