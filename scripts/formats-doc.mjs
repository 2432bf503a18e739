// Writes docs/formats.md from the tables of the code (src/formats/table.ts, HelperCatalog) and what docs/data says of each of their rows.
// Without an argument it writes the page; with --check it says whether the page is what it would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { tsImport } from "tsx/esm/api"
import { isFile, root } from "./support.mjs"

const load = (module) => tsImport(join(root, `${module}.ts`), import.meta.url)
const [
  ApiKey,
  CredentialFormat,
  { get },
  { FormatOptions },
  { inJsonWords, toRemedy },
  { formats },
  helpers,
  JSONSchema,
  DateTime,
  Either,
  Option,
  Redacted
] = await Promise.all([
  load("src/ApiKey"),
  load("src/CredentialFormat"),
  load("src/internal/format/lookup"),
  load("src/formats/table"),
  load("src/internal/model/remedy"),
  load("docs/data/formats"),
  load("docs/data/helpers"),
  import("effect/JSONSchema"),
  import("effect/DateTime"),
  import("effect/Either"),
  import("effect/Option"),
  import("effect/Redacted")
])

/** A run of this instant, so that lifetimes come out the same every day. */
const now = DateTime.unsafeMake("2026-01-01T00:00:00Z")

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ")
const code = (text) => `\`${cell(text)}\``
const row = (...cells) => `| ${cells.join(" | ")} |`
const table = (head, rows) =>
  [row(...head), row(...head.map(() => "---")), ...rows.map((cells) => row(...cells))].join("\n")
const fenced = (text, language = "text") => `\`\`\`${language}\n${text.replace(/\n+$/, "")}\n\`\`\``

const schema = JSONSchema.make(FormatOptions)
const nameIn = ({ properties: { name } }) => name.const ?? name.enum[0]

/** Those that a name alone stands for, then those that need parameters. */
const names = [...new Set([...CredentialFormat.names, ...schema.anyOf.map(nameIn)])]

const parametersOf = (name) => {
  const own = schema.anyOf.find((options) => nameIn(options) === name)
  if (own === undefined) return []
  return Object.entries(own.properties)
    .filter(([parameter]) => parameter !== "name")
    .map(([parameter, { description = "", enum: choices }]) => [
      code(parameter),
      own.required.includes(parameter) ? "yes" : "no",
      cell(`${description}${choices === undefined ? "" : ` (${choices.join(", ")})`}`)
    ])
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

/** Tried, not claimed: a format that has no place for an expiry refuses a key that has one. */
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
  return parts.map(([name, value]) => `${name} ${code(JSON.stringify(value).slice(1, -1))}`).join("<br>")
}

const section = (name) => {
  const { example, parameters, source, title } = formats[name]
  const spec = parameters === undefined ? name : { name, ...parameters }
  const shown = get(spec)
  const variables = Object.entries(shown.environment?.(false, "first") ?? {})
  const later = Object.entries(shown.environment?.(false, "expiry") ?? {})
    .filter(([variable, value]) => !variables.some(([name, first]) => name === variable && first === value))
    .map(([variable, value]) => `${code(`${variable}=${value}`)} after an expiry or a refusal`)
  const taken = parametersOf(name)
  const rows = [
    ["what", cell(title)],
    ["protocol", /^https:\/\/\S+$/.test(source) ? `<${source}>` : cell(source)],
    ["named as", code(JSON.stringify(spec))],
    ["says on stdin", shown.input === undefined ? "nothing" : code(JSON.stringify(shown.input).slice(1, -1))],
    ...(variables.length === 0
      ? []
      : [["passes", [...variables.map(([variable, value]) => code(`${variable}=${value}`)), ...later].join("<br>")]]),
    ["writes an expiry", writesExpiry(shown, example) ? "yes" : "no"],
    ["the example is read as", readAs(shown, example)]
  ]
  return [
    `## ${name}`,
    table(["", ""], rows),
    ...(taken.length === 0 ? [] : [table(["parameter", "required", ""], taken)]),
    "An answer:",
    fenced(example)
  ].join("\n\n")
}

const conditionsOf = ({ exitCode, stderr, stdout }) =>
  [
    ...(exitCode === undefined ? [] : [`status ${exitCode}`]),
    ...(stderr === undefined
      ? []
      : [String(stderr) === "/^\\s*$/" ? "nothing on stderr" : `stderr ${code(stderr.source)}`]),
    ...(stdout === undefined ? [] : [`stdout ${code(stdout.source)}`])
  ].join(", ")

const helper = ({ evidence, failures, format, install, mayPrompt, name, source, speaks, timeToLive }) =>
  [
    `### ${name}`,
    table(
      ["", ""],
      [
        ["install", cell(install)],
        ["prints", speaks.map(code).join(", ")],
        ["read by `auto` as", format === undefined ? "what the answer says" : code(format)],
        ["may prompt without a terminal", mayPrompt ? "yes" : "no"],
        ["a key without an expiry is kept for", timeToLive ?? "5 minutes"],
        ["known from", `${evidence}: ${cell(source)}`]
      ]
    ),
    table(
      ["it ends with", "which means", "remedy", "evidence"],
      failures.map((failure) => [
        conditionsOf(failure),
        failure.reason,
        cell(failure.remedy === undefined ? "" : inJsonWords(toRemedy(failure.remedy))),
        failure.evidence
      ])
    )
  ].join("\n\n")

const problems = [
  ...names.filter((name) => !Object.hasOwn(formats, name)).map((name) => `docs/data/formats.ts has no entry ${name}`),
  ...Object.keys(formats)
    .filter((name) => !names.includes(name))
    .map((name) => `docs/data/formats.ts: src/formats/table.ts has no row ${name}`),
  ...helpers.problems
]
if (problems.length > 0) {
  console.error(problems.join("\n"))
  process.exit(1)
}

const page = `<!-- Written by scripts/formats-doc.mjs from src/formats/table.ts and src/HelperCatalog.ts. Do not edit. -->
# Formats

What a helper's stdout may speak. \`format\` takes a name, or an object with the name and its parameters. Nothing named means
\`auto\`: what the catalog below says of the program, then the answer's own discriminator, then plain text; JSON that no format owns is
refused. In all of them: bytes that are not UTF-8 are refused, a byte order mark goes, an empty output is \`EmptyOutput\`, the \`exp\` of a JWT counts where it is
the earlier expiry, and a key that has expired is \`ExpiredOnArrival\`. An error names the field and what was expected there, never what stood there.

Times are RFC 3339 (with \`Z\` or an offset, fractions of any length) or epoch seconds, as the protocol has it; a time without a zone is local time in
\`az\` and refused elsewhere. Tokens are visible ASCII without spaces; the passwords of a pair (\`git-credential\`, \`docker-credential\`, \`json\` with a \`username\`) may hold spaces and
other letters, but nothing that ends a line. The words \`null\`, \`undefined\`, \`None\` and \`<nil>\` are what jq, Node, Python (\`aws --output text\`) and Go print where there is nothing, and are no
token; nor is \`encrypted:…\`. \`auto\` takes lines of \`NAME=value\` for \`env\` where a value is in quotes or a name says that it is a
secret (\`API_KEY\`, \`github_token\`); \`FOO=abc\` alone is read as a key, so name the format there. An expiry past the year 9999 is a number in another unit, and is refused.

\`CredentialFormat.encode\` writes only what can be read back as the same key; the header \`Authorization: Bearer KEY\` and none at all are
the same to it, so that a bare key goes to \`bazel\` and a bearer token to \`oauth\`. A format that has no place for an expiry
("writes an expiry: no") rejects a key that has one, unless it is a JWT that contains it: a reader would keep the key for too long.

${names.map(section).join("\n\n")}

## Helpers

What is known of well-known helpers. \`measured\` was seen with the real program in that version, \`manual\` is taken from its manual or source. A
helper that is not here loses only its hints. The first row that fits counts; status 75 is \`Unavailable\` for all.

${helpers.documented.map(helper).join("\n\n")}
`

const path = join(root, "docs", "formats.md")
const current = isFile(path) ? readFileSync(path, "utf8") : ""
if (!process.argv.includes("--check")) {
  mkdirSync(join(root, "docs"), { recursive: true })
  writeFileSync(path, page)
} else if (current !== page) {
  console.error("docs/formats.md is not what the code says: run node scripts/formats-doc.mjs")
  process.exitCode = 1
}
