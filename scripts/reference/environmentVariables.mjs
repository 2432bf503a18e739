// docs/reference/environment-variables.md: docs/data has the meanings. The names are compared with those in src.
import { readFileSync } from "node:fs"
import { constants } from "node:os"
import { join } from "node:path"
import ts from "typescript"
import * as data from "../../docs/data/environmentVariables.ts"
import { formats } from "../../docs/data/formats.ts"
import { variablesFor } from "../../src/ApiKeySource.ts"
import * as CredentialFormat from "../../src/CredentialFormat.ts"
import * as HelperCatalog from "../../src/HelperCatalog.ts"
import { get } from "../../src/internal/format/lookup.ts"
import { essentialVariables, misleadingVariables } from "../../src/internal/helper/environment.ts"
import { repositoryFiles, root } from "../support.mjs"
import { code, list, page, table } from "./markdown.mjs"

const { keys, directories, help, search, forHelpers, opencode, bedrock, loginShell } = data
const tables = [keys, directories, help, search, forHelpers, opencode, bedrock, loginShell]
const documented = tables.flat()

// --- the names in src

/** Lists of other programs' variables: where opencode's providers keep their keys, and what a project may set. */
const LISTS = ["src/opencode/config/variables.ts", "src/internal/policy/choosingVariables.ts"]
const NAME = /^_?[A-Z][A-Z0-9]+(?:_[A-Z0-9]+)*_?$/
/** Functions whose argument is a variable's name, also one in small letters. */
const READERS = ["of", "variable", "entryOf"]

const isSystemCode = (text) => Object.hasOwn(constants.errno, text) || Object.hasOwn(constants.signals, text)

const textOf = (node) => {
  if (ts.isStringLiteralLike(node) || ts.isTemplateHead(node)) return node.text
  return ts.isPropertyAssignment(node) && ts.isIdentifier(node.name) ? node.name.text : ""
}

const isRead = (node) =>
  ts.isStringLiteralLike(node) &&
  ts.isCallExpression(node.parent) &&
  READERS.includes(node.parent.expression.getText()) &&
  node.parent.arguments.includes(node) &&
  /^\w+$/.test(node.text)

const namesIn = (file) => {
  const source = ts.createSourceFile(file, readFileSync(join(root, file), "utf8"), ts.ScriptTarget.Latest, true)
  const names = []
  const visit = (node) => {
    const text = textOf(node)
    if ((NAME.test(text) && !isSystemCode(text)) || isRead(node)) names.push(text)
    ts.forEachChild(node, visit)
  }
  visit(source)
  return names
}

/** Lists in src, which the page shows as they are. */
const lists = [
  ...essentialVariables,
  ...misleadingVariables,
  ...HelperCatalog.all.flatMap(({ env, envWithoutTerminal }) => Object.keys({ ...env, ...envWithoutTerminal }))
]

const isNamed = (name, patterns) =>
  patterns.some((pattern) => (pattern.endsWith("*") ? name.startsWith(pattern.slice(0, -1)) : name === pattern))

export const problems = async () => {
  const files = (await repositoryFiles("src/**/*.ts")).filter((file) => !LISTS.includes(file))
  const found = new Map(files.flatMap((file) => namesIn(file).map((name) => [name, file])))
  const known = [...documented.flatMap(({ names }) => names), ...data.ofFormats, ...lists, ...data.otherWords]
  const inSource = [
    ...documented.filter(({ readBy }) => readBy === undefined).flatMap(({ names }) => names),
    ...data.ofFormats,
    ...data.otherWords
  ]
  const present = [...found.keys(), ...lists]
  return [
    ...[...found]
      .filter(([name]) => !isNamed(name, known))
      .map(([name, file]) => `docs/data/environmentVariables.ts does not have ${name} of ${file}`),
    ...inSource
      .filter((name) => !present.some((each) => isNamed(each, [name])))
      .map((name) => `docs/data/environmentVariables.ts: src does not have ${name}`),
    ...data.ofFormats
      .filter((name) => !formatVariables().some(([variable]) => isNamed(variable, [name])))
      .map((name) => `docs/data/environmentVariables.ts: no format sets ${name}`)
  ]
}

// --- the page

const variables = (rows) =>
  table(
    ["variable", "meaning"],
    rows.map(({ meaning, names }) => [names.map(code).join(", "), meaning])
  )

/** Name and format of what formats with the parameters of their documentation set. */
const formatVariables = () =>
  CredentialFormat.names.flatMap((name) => {
    const { parameters } = formats[name]
    const { environment } = get(parameters === undefined ? name : { name, ...parameters })
    return Object.keys(environment?.(false, "first") ?? {}).map((variable) => [variable, name])
  })

const ids = ["openai", "my-gateway", "302ai"]

export const make = () =>
  page(
    "Environment variables",
    "docs/data/environmentVariables.ts and the formats",
    "What effect-apikey reads from the environment, and what it sets for a helper.",
    "## Keys",
    "For the provider `openai`. The first that is set and not blank counts. See [precedence](../guides/configuration-files.md#precedence).",
    variables(keys),
    "The name is the id in capital letters. Anything else than a letter or digit becomes `_`, and a digit at the start gets one before it:",
    list(ids.map((id) => `${code(id)}: ${code(variablesFor(id).key)}`)),
    "## Directories",
    "A relative path counts as not set.",
    variables(directories),
    "## Help texts",
    variables(help),
    "## Where programs are searched for",
    "[Where the program is searched for](../concepts/how-a-helper-runs.md#where-the-program-is-searched-for) has the order.",
    variables(search),
    "## Set for every helper",
    "A command's `env` wins over these. [Writing a helper](../guides/writing-a-helper.md) shows how to use them.",
    variables(forHelpers),
    "For a [known helper](known-helpers.md) some more are set or unset, so that it neither prompts without a terminal nor answers in another form.",
    "## Set by formats",
    table(
      ["variable", "format"],
      formatVariables().map(([variable, name]) => [code(variable), `[${name}](formats.md#${name})`])
    ),
    "## What a helper inherits",
    "All of your variables, by default. With `inheritEnv: false` or a list it still inherits these:",
    essentialVariables.map(code).join(", "),
    "These are not inherited, unless `inheritEnv` lists them. They force colours or a terminal, or hide failures:",
    misleadingVariables.map(code).join(", "),
    "A project may not set variables that load code or redirect a tool, such as `LD_PRELOAD` or `PATH`. See [who may run what](../concepts/who-may-run-what.md#what-a-trusted-project-still-may-not-do).",
    "## opencode",
    "effect-apikey reads opencode's configuration in the plugin and with `--opencode`. [opencode](../guides/opencode.md) has the order of its files.",
    variables(opencode),
    list([
      "A provider's `env` names the variable of its key. If it names none, the one that opencode knows for the id counts.",
      "In a file `{env:NAME}` is replaced by the variable's value."
    ]),
    "## Amazon Bedrock",
    "Read by `effect-apikey/sdk/AmazonBedrock`:",
    variables(bedrock),
    "## Set for the login shell",
    'With `search: "login-shell"` the shell runs once, to print its PATH.',
    variables(loginShell)
  )
