/** How a configuration names a format. `CredentialFormat` makes these names public; a source needs no more of it than this. */
import * as Schema from "effect/Schema"
import * as Bazel from "./bazel.js"
import * as Bitwarden from "./bitwarden.js"
import * as Cargo from "./cargo.js"
import * as Docker from "./dockerCredential.js"
import * as Env from "./env.js"
import * as Exec from "./execCredential.js"
import * as Git from "./gitCredential.js"
import * as Google from "./googleExecutable.js"
import * as Json from "./json.js"
import * as Op from "./op.js"
import * as SecretsManager from "./secretsManager.js"
import * as Vault from "./vault.js"

export const FormatName = Schema.Literal(
  "auto",
  "text",
  "first-line",
  "raw",
  "aws-credential-process",
  "git-credential",
  "docker-credential",
  "exec-credential",
  "google-executable",
  "cargo",
  "bazel",
  "claude-desktop",
  "oauth",
  "az",
  "gcloud",
  "vault",
  "op",
  "bitwarden",
  "secrets-manager",
  "azure-key-vault",
  "gh",
  "env"
)
export type FormatName = typeof FormatName.Type

/** In the order of the documentation. */
export const formatNames: ReadonlyArray<FormatName> = FormatName.literals

export const FormatOptions = Schema.Union(
  Git.Spec,
  Docker.Spec,
  Exec.Spec,
  Google.Spec,
  Cargo.Spec,
  Bazel.Spec,
  Vault.Spec,
  Op.Spec,
  Bitwarden.Spec,
  SecretsManager.Spec,
  Json.Spec,
  Env.Spec
)
export type FormatOptions = typeof FormatOptions.Type

export const FormatSpec = Schema.Union(FormatName, FormatOptions).annotations({ identifier: "CredentialFormat" })
export type FormatSpec = typeof FormatSpec.Type

/** The form with parameters of one format. */
export const optionsOf = (name: string): Schema.Schema.AnyNoContext | undefined =>
  FormatOptions.members.find((member) => Array.from<string>(member.fields.name.literals).includes(name))
