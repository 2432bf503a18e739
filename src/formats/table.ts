/**
 * The table of formats, one row each. Names, parameters, `auto` and documentation derive from it: to add a format, write its file, and
 * add it here; docs/data/formats.ts then wants an entry.
 */
import * as Option from "effect/Option"
import * as Record from "effect/Record"
import * as Schema from "effect/Schema"
import type { CredentialFormat } from "../internal/format/format.js"
import { type Auto, auto } from "./auto.js"
import { awsCredentialProcess } from "./awsCredentialProcess.js"
import { az } from "./az.js"
import { azureKeyVault } from "./azureKeyVault.js"
import * as Bazel from "./bazel.js"
import * as Bitwarden from "./bitwarden.js"
import * as Cargo from "./cargo.js"
import { claudeDesktop } from "./claudeDesktop.js"
import * as Docker from "./dockerCredential.js"
import * as Env from "./env.js"
import * as Exec from "./execCredential.js"
import { firstLine } from "./firstLine.js"
import { gcloud } from "./gcloud.js"
import * as Git from "./gitCredential.js"
import * as Google from "./googleExecutable.js"
import * as Json from "./json.js"
import { oauth } from "./oauth.js"
import * as Op from "./op.js"
import { raw } from "./raw.js"
import * as SecretsManager from "./secretsManager.js"
import { text } from "./text.js"
import * as Vault from "./vault.js"

/** A format without parameters is a row by itself; `parameters` is the schema of the object that names one with parameters. */
const table = {
  text: text("text"),
  "first-line": firstLine,
  raw,
  "aws-credential-process": awsCredentialProcess,
  "git-credential": { parameters: Git.Spec, make: Git.gitCredential },
  "docker-credential": { parameters: Docker.Spec, make: Docker.dockerCredential },
  "exec-credential": { parameters: Exec.Spec, make: Exec.execCredential, whenUnnamed: Exec.anyVersion },
  "google-executable": { parameters: Google.Spec, make: Google.googleExecutable },
  cargo: { parameters: Cargo.Spec, make: Cargo.cargo },
  bazel: { parameters: Bazel.Spec, make: Bazel.bazel },
  "claude-desktop": claudeDesktop,
  oauth,
  az,
  gcloud,
  vault: { parameters: Vault.Spec, make: Vault.vault },
  op: { parameters: Op.Spec, make: Op.op },
  bitwarden: { parameters: Bitwarden.Spec, make: Bitwarden.bitwarden },
  "secrets-manager": { parameters: SecretsManager.Spec, make: SecretsManager.secretsManager },
  "azure-key-vault": azureKeyVault,
  gh: text("gh"),
  json: { parameters: Json.Spec, make: Json.json },
  env: { parameters: Env.Spec, make: Env.env }
}

// --- what derives from the table

type Table = typeof table

/** The parameters of each format that has some. */
type Parameters = {
  readonly [N in keyof Table as Table[N] extends CredentialFormat ? never : N]: Table[N] extends {
    readonly parameters: Schema.Schema<infer Options, infer _>
  }
    ? Options
    : never
}

/** `json` is not among them: it needs a `field`, so its name alone is not a format. */
type NamedAlone = Exclude<
  keyof Table,
  { [N in keyof Parameters]: { readonly name: N } extends Parameters[N] ? never : N }[keyof Parameters]
>

const isFormat = (name: string): name is keyof Table => Object.hasOwn(table, name)

const hasParameters = (name: keyof Table): name is keyof Parameters => "parameters" in table[name]

/** The schema of a format's parameters. */
export const parametersOf = (name: string): Schema.Schema.AnyNoContext | undefined =>
  isFormat(name) && hasParameters(name) ? table[name].parameters : undefined

const isNamedAlone = (name: keyof Table): name is NamedAlone => {
  const parameters = parametersOf(name)
  return parameters === undefined || Schema.is(parameters)({ name })
}

/** The names of the formats that have parameters. */
export const formatsWithParameters: ReadonlyArray<string> = Record.keys(table).filter(hasParameters)

const named = Record.keys(table).filter(isNamedAlone)

/** In the order of the documentation. */
export const formatNames = ["auto", ...named] as const

export const FormatName = Schema.Literal(...formatNames)
export type FormatName = typeof FormatName.Type

export const FormatOptions = Schema.Union(
  ...Record.values(table).flatMap((row) => ("parameters" in row ? [row.parameters] : []))
)
export type FormatOptions = typeof FormatOptions.Type

export const FormatSpec = Schema.Union(FormatName, FormatOptions).annotations({ identifier: "CredentialFormat" })
export type FormatSpec = typeof FormatSpec.Type

const makers: {
  readonly [N in keyof Parameters]: { readonly make: (options: Parameters[N]) => CredentialFormat }
} = table

const withParameters = <N extends keyof Parameters>(
  options: { readonly [K in N]: Parameters[K] & { readonly name: K } }[N]
): CredentialFormat => makers[options.name].make(options)

const byName = (name: NamedAlone): CredentialFormat => (hasParameters(name) ? withParameters({ name }) : table[name])

/** The format of a name or of an object with parameters. */
export const formatOf = (spec: NamedAlone | FormatOptions): CredentialFormat =>
  typeof spec === "string" ? byName(spec) : withParameters(spec)

/** Without a configured version, any version is accepted: older kubelogins print v1beta1 only. */
const unnamed = (name: NamedAlone): CredentialFormat => {
  const row = table[name]
  return "whenUnnamed" in row ? row.whenUnnamed : byName(name)
}

/** `auto`; the catalog knows which format a program prints, and stands above this table. */
export const automatic = (usual: (program: string) => Option.Option<NamedAlone>): Auto =>
  auto({
    usual: (program) => Option.map(usual(program), unnamed),
    all: named.map(unnamed),
    text: table.text,
    names: [...formatNames, "json (with a field)"]
  })
