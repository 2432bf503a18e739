// docs/formats.md from the tables that the code itself uses: CredentialFormat and HelperCatalog.
// Without an argument it writes the page; with --check it says whether the page is what it would write.
import { mkdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { tsImport } from "tsx/esm/api"
import { isFile, root } from "./support.mjs"

const load = (module) => tsImport(join(root, "src", `${module}.ts`), import.meta.url)
const [ApiKey, CredentialFormat, HelperCatalog, JSONSchema, DateTime, Either, Option, Redacted] = await Promise.all([
  load("ApiKey"),
  load("CredentialFormat"),
  load("HelperCatalog"),
  import("effect/JSONSchema"),
  import("effect/DateTime"),
  import("effect/Either"),
  import("effect/Option"),
  import("effect/Redacted")
])

/** A run of this instant, so that lifetimes come out the same every day. */
const now = DateTime.unsafeMake("2026-01-01T00:00:00Z")

/** Parameters to show what a format says with them. */
const samples = {
  "git-credential": { url: "https://example.com" },
  "docker-credential": { serverUrl: "https://index.docker.io/v1/" },
  bazel: { uri: "https://api.example.org/rest/endpoint" },
  "google-executable": { audience: "//iam.googleapis.com/…", tokenType: "id_token" },
  json: { field: "data.key", expiresAt: "/data/exp" }
}

const cell = (text) => text.replaceAll("|", "\\|").replaceAll("\n", " ")
const code = (text) => `\`${cell(text)}\``
const row = (...cells) => `| ${cells.join(" | ")} |`
const table = (head, rows) =>
  [row(...head), row(...head.map(() => "---")), ...rows.map((cells) => row(...cells))].join("\n")
const fenced = (text, language = "text") => `\`\`\`${language}\n${text.replace(/\n+$/, "")}\n\`\`\``

const schema = JSONSchema.make(CredentialFormat.FormatOptions)
const parametersOf = (name) => {
  const own = schema.anyOf.find(
    ({ properties }) => properties.name.enum?.[0] === name || properties.name.const === name
  )
  if (own === undefined) return []
  return Object.entries(own.properties)
    .filter(([parameter]) => parameter !== "name")
    .map(([parameter, { description = "", enum: choices }]) => [
      code(parameter),
      own.required.includes(parameter) ? "yes" : "no",
      cell(`${description}${choices === undefined ? "" : ` (${choices.join(", ")})`}`)
    ])
}

const exampleOf = (format) => {
  const output = {
    command: "helper",
    stdout: Redacted.make(new TextEncoder().encode(format.about.example)),
    stderr: () => "",
    startedAt: now.epochMillis
  }
  return Either.getOrThrowWith(CredentialFormat.decode(format, output, now), (error) => error)
}

/** Tried, not claimed: a format that has no place for an expiry refuses a key that has one. */
const writesExpiry = (format) =>
  Either.isRight(format.encode(ApiKey.expiringBy(exampleOf(format), DateTime.add(now, { days: 1 }))))

const readAs = (format) => {
  const key = exampleOf(format)
  const parts = [
    ["value", Redacted.value(key.value)],
    ...Option.toArray(key.username).map((username) => ["username", username]),
    ...Option.toArray(key.sessionToken).map((token) => ["sessionToken", Redacted.value(token)]),
    ...Object.entries(key.headers).map(([name, value]) => [`header ${name}`, Redacted.value(value)]),
    ...Option.toArray(key.expiresAt).map((at) => ["expiresAt", DateTime.formatIso(at)])
  ]
  return parts.map(([name, value]) => `${name} ${code(JSON.stringify(value).slice(1, -1))}`).join("<br>")
}

const section = (spec) => {
  const format = CredentialFormat.get(spec)
  const { about, name } = format
  const sample = samples[name]
  const shown = sample === undefined ? format : CredentialFormat.get({ name, ...sample })
  const variables = Object.entries(shown.environment?.(false) ?? {})
  const parameters = parametersOf(name)
  const call = sample === undefined ? JSON.stringify(name) : JSON.stringify({ name, ...sample })
  const rows = [
    ["what", cell(about.title)],
    ["protocol", /^https:\/\/\S+$/.test(about.source) ? `<${about.source}>` : cell(about.source)],
    ["named as", code(call)],
    ["says on stdin", shown.input === undefined ? "nothing" : code(JSON.stringify(shown.input).slice(1, -1))],
    ...(variables.length === 0
      ? []
      : [["hands over", variables.map(([variable, value]) => code(`${variable}=${value}`)).join("<br>")]]),
    ["writes an expiry", writesExpiry(shown) ? "yes" : "no"],
    ["the example is read as", readAs(shown)]
  ]
  return [
    `## ${name}`,
    table(["", ""], rows),
    ...(parameters.length === 0 ? [] : [table(["parameter", "required", ""], parameters)]),
    "An answer:",
    fenced(about.example)
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
        ["may ask a person without a terminal", mayPrompt ? "yes" : "no"],
        ["a key without an expiry is kept for", timeToLive ?? "5 minutes"],
        ["known from", `${evidence}: ${cell(source)}`]
      ]
    ),
    table(
      ["it ends with", "which means", "remedy", "evidence"],
      failures.map((failure) => [
        conditionsOf(failure),
        failure.reason,
        cell(failure.remedy ?? ""),
        failure.evidence ?? evidence
      ])
    )
  ].join("\n\n")

const page = `<!-- Written by scripts/formats-doc.mjs from src/CredentialFormat.ts and src/HelperCatalog.ts. Do not edit. -->
# Formats

What a helper's stdout may speak. \`format\` takes a name, or an object with the name and its parameters. Nothing named means
\`auto\`: what the catalog below says of the program, then the answer's own discriminator, then plain text; JSON that no format owns is
refused. In all of them: bytes that are not UTF-8 are refused, a byte order mark goes, an empty output is \`EmptyOutput\`, the \`exp\` of a JWT counts where it is
the earlier expiry, and a key that has expired is \`ExpiredOnArrival\`. An error names the field and what was expected there, never what stood there.

Times are RFC 3339 (with \`Z\` or an offset, fractions of any length) or epoch seconds, as the protocol has it; a time without a zone is local time in
\`az\` and refused elsewhere. Tokens are visible ASCII without spaces; the passwords of a pair (\`git-credential\`, \`docker-credential\`, \`json\` with a \`username\`) may hold spaces and
other letters, but nothing that ends a line. The words \`null\`, \`undefined\` and \`None\` are what jq, Node and Python (\`aws --output text\`) print where there is nothing, and are no
token; nor is \`encrypted:…\`. An expiry past the year 9999 is a number in another unit, and is refused.

\`CredentialFormat.encode\` writes only what can be read back as the same key. A format that has no place for an expiry
("writes an expiry: no") refuses a key that has one, unless it is a JWT that says so itself: who reads the answer would keep it for too long.

${[...CredentialFormat.formatNames, { name: "json", ...samples.json }].map(section).join("\n\n")}

## Helpers

What is known of well-known helpers. \`measured\` was seen with the real program in that version, \`manual\` is taken from its manual or source. A
helper that is not here loses only its hints. The first row that fits counts; status 75 is \`Unavailable\` for all.

${HelperCatalog.all.map(helper).join("\n\n")}
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
