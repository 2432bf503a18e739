/**
 * What docs/reference/known-helpers.md says of each helper beside its row in src/internal/catalog: its name, what it prints, and how its failures are
 * known. `npm run check -- reference` fails where an entry or its row is missing.
 */
import * as Option from "effect/Option"
import type { FormatName } from "effect-apikey/formats/table"
import * as HelperCatalog from "effect-apikey/HelperCatalog"

/** Whether a failure was seen with the real program, or is taken from its manual or source. */
type Evidence = "measured" | "manual"

interface HelperDocumentation {
  /** The heading, where it is not the program's name. */
  readonly title?: string
  readonly evidence: Evidence
  /** The failures of which `evidence` does not hold, each by a part of its condition that no other of the row has. */
  readonly exceptions?: ReadonlyArray<string>
  /** The version that was measured, or the manual that says so. */
  readonly source: string
  /** The formats it can print, the usual one first. */
  readonly speaks: ReadonlyArray<FormatName>
}

/** By the name of a program that the row is for, in the order of the page. */
const helpers: Readonly<Record<string, HelperDocumentation>> = {
  op: {
    evidence: "manual",
    source: "https://developer.1password.com/docs/cli/reference; its messages as programs that call it look for them",
    speaks: ["text", "op"]
  },
  vault: {
    evidence: "manual",
    source: "https://developer.hashicorp.com/vault/docs/commands#exit-codes",
    speaks: ["text", "vault"]
  },
  aws: {
    evidence: "measured",
    exceptions: [
      "ParameterNotFound",
      "UnrecognizedClientException",
      "ForbiddenException",
      "CreateOAuth2Token",
      "MultiFactorAuthentication",
      "Enter MFA code",
      "session has expired.*'aws login'",
      "reauthenticate using 'aws login'",
      "InvalidGrantException",
      "The SSO session .*has expired",
      "Partial credentials found",
      "Connect timeout"
    ],
    source: "awscli 2.9.19 and 1.45.11; https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html",
    speaks: ["aws-credential-process", "secrets-manager", "text"]
  },
  gcloud: {
    evidence: "measured",
    exceptions: [
      "set the property",
      "Could not reach",
      "Reauthentication (?:required|failed)",
      "problem refreshing",
      "NOT_FOUND",
      "PERMISSION_DENIED"
    ],
    source: "Google Cloud SDK 528.0.0; https://cloud.google.com/sdk/gcloud/reference/auth",
    speaks: ["text", "gcloud"]
  },
  az: {
    evidence: "measured",
    exceptions: [
      "AADSTS(?:5300",
      "Status_(?:TransientError",
      "AADSTS70002",
      "AADSTS90002",
      "AADSTS(?:700082",
      "Failed to establish a new connection",
      "Certificate verification failed",
      "authenticate interactively",
      "No subscription found",
      "status 3",
      "(?:Secret|Resource)NotFound",
      "Forbidden"
    ],
    source:
      "azure-cli 2.45.0; https://github.com/Azure/azure-cli#exit-codes; https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    speaks: ["az", "azure-key-vault", "text"]
  },
  gh: {
    evidence: "measured",
    exceptions: [
      "not logged into any GitHub hosts",
      "is invalid",
      "status 2",
      "HTTP 404",
      "HTTP 401",
      "HTTP 403",
      "error connecting to"
    ],
    source: "gh 2.23.0; https://cli.github.com/manual/gh_help_exit-codes",
    speaks: ["gh", "text"]
  },
  git: {
    evidence: "measured",
    exceptions: [
      "user interactivity has been disabled",
      "terminal prompts have been disabled",
      "No credential store",
      "Could not resolve host"
    ],
    source:
      "git 2.39.5; https://git-scm.com/docs/git-credential; https://github.com/git-ecosystem/git-credential-manager/blob/main/docs/environment.md",
    speaks: ["git-credential"]
  },
  "git-credential-store": {
    title: "git-credential-*",
    evidence: "manual",
    source: "https://git-scm.com/docs/gitcredentials",
    speaks: ["git-credential"]
  },
  pass: {
    evidence: "measured",
    exceptions: ["You must run", "No pinentry", "Operation cancelled"],
    source: "pass 1.7.4 with gnupg 2.2.40",
    speaks: ["first-line"]
  },
  gopass: {
    evidence: "manual",
    exceptions: ["could not find password"],
    source:
      "https://github.com/gopasspw/gopass/blob/master/internal/action/exit/errors.go; the row marked measured: Debian's aviau/gopass 1.5.0",
    speaks: ["first-line"]
  },
  gpg: {
    evidence: "measured",
    exceptions: ["Operation cancelled"],
    source: "gnupg 2.2.40",
    speaks: ["text", "first-line"]
  },
  age: {
    evidence: "measured",
    exceptions: ["incorrect passphrase", "could not read passphrase"],
    source: "age 1.1.1",
    speaks: ["text"]
  },
  rage: {
    evidence: "manual",
    source: "https://github.com/str4d/rage/blob/main/age/i18n/en-US/age.ftl",
    speaks: ["text"]
  },
  "secret-tool": {
    evidence: "measured",
    source: "libsecret-tools 0.20.5",
    speaks: ["text"]
  },
  security: {
    evidence: "manual",
    source: "security(1); Security/SecBase.h: a status is the OSStatus modulo 256",
    speaks: ["text"]
  },
  "keepassxc-cli": {
    evidence: "measured",
    source: "keepassxc-cli 2.7.4",
    speaks: ["text"]
  },
  bw: {
    evidence: "measured",
    exceptions: [
      "Vault is locked",
      "? Master password:",
      "Not found",
      "More than one result was found",
      "Invalid master password",
      "ENOTFOUND"
    ],
    source: "@bitwarden/cli 2026.6.0; https://github.com/bitwarden/clients/tree/main/apps/cli",
    speaks: ["text", "bitwarden"]
  },
  bws: {
    evidence: "manual",
    source: "https://github.com/bitwarden/sdk-sm/blob/main/crates/bws/src/main.rs",
    speaks: ["bitwarden", "text", "env"]
  },
  rbw: {
    evidence: "manual",
    source: "https://github.com/doy/rbw, its error types",
    speaks: ["text"]
  },
  lpass: {
    evidence: "manual",
    source: "https://github.com/lastpass/lastpass-cli: the calls of die()",
    speaks: ["text"]
  },
  fnox: {
    evidence: "manual",
    source: "https://github.com/jdx/fnox, its error types",
    speaks: ["text", "env"]
  },
  sops: {
    evidence: "manual",
    source: "https://github.com/getsops/sops/blob/main/cmd/sops/codes/codes.go",
    speaks: ["text", "env"]
  },
  azd: {
    evidence: "manual",
    source: "https://github.com/Azure/azure-dev, its package auth; azure-identity's tests have its output",
    speaks: ["text"]
  },
  databricks: {
    evidence: "manual",
    source: "https://github.com/databricks/cli, its command `auth token`",
    speaks: ["oauth"]
  },
  tsh: {
    evidence: "manual",
    source: "https://goteleport.com/docs/reference/cli/tsh; its messages as programs that call it look for them",
    speaks: ["text", "exec-credential"]
  },
  lite: {
    evidence: "manual",
    source: "https://github.com/BerriAI/litellm/blob/main/litellm/proxy/client/cli/commands/auth.py",
    speaks: ["text"]
  },
  pwsh: {
    title: "pwsh, powershell",
    evidence: "manual",
    source: "https://learn.microsoft.com/powershell/utility-modules/secretmanagement",
    speaks: ["text"]
  },
  "aws-vault": {
    evidence: "manual",
    source: "https://github.com/99designs/aws-vault and its issues",
    speaks: ["aws-credential-process"]
  },
  saml2aws: {
    evidence: "manual",
    source: "https://github.com/Versent/saml2aws, its commands",
    speaks: ["aws-credential-process"]
  },
  granted: {
    title: "granted, assume",
    evidence: "manual",
    source: "https://github.com/common-fate/granted, its packages cfaws and securestorage",
    speaks: ["aws-credential-process"]
  },
  chamber: {
    evidence: "manual",
    source: "https://github.com/segmentio/chamber",
    speaks: ["text", "env"]
  },
  "aws-iam-authenticator": {
    evidence: "manual",
    source: "https://github.com/kubernetes-sigs/aws-iam-authenticator, its command `token`",
    speaks: ["exec-credential"]
  },
  doppler: {
    evidence: "manual",
    source: "https://github.com/DopplerHQ/cli; its messages as issues there and packages' tests have them",
    speaks: ["text", "env"]
  },
  infisical: {
    evidence: "manual",
    source: "https://github.com/Infisical/cli",
    speaks: ["text", "env"]
  },
  dotenvx: {
    evidence: "measured",
    source: "@dotenvx/dotenvx 2.38.2",
    speaks: ["text", "env"]
  },
  kubelogin: {
    evidence: "manual",
    source: "https://github.com/int128/kubelogin and https://azure.github.io/kubelogin/",
    speaks: ["exec-credential"]
  },
  "docker-credential-pass": {
    title: "docker-credential-*, of a store",
    evidence: "measured",
    exceptions: ["no credentials username", "store is uninitialized", "No pinentry"],
    source: "golang-docker-credential-helpers 0.6.4; https://github.com/docker/docker-credential-helpers",
    speaks: ["docker-credential"]
  },
  "docker-credential-gcloud": {
    title: "docker-credential-*, of a registry or unknown",
    evidence: "manual",
    source:
      "https://github.com/docker/docker-credential-helpers: a registry's own (gcloud, gcr, ecr-login, acr) gives short tokens",
    speaks: ["docker-credential"]
  },
  keyring: {
    evidence: "measured",
    source: "python3-keyring 23.9.3; keyring 25.7.0",
    speaks: ["text"]
  },
  "ansible-vault": {
    evidence: "measured",
    exceptions: ["permission denied", "no vault secrets found"],
    source: "ansible-core 2.14.18",
    speaks: ["text"]
  },
  jq: {
    evidence: "measured",
    source: "jq 1.6; https://jqlang.org/manual/",
    speaks: ["text"]
  },
  gojq: {
    title: "gojq, jaq",
    evidence: "manual",
    source: "https://github.com/itchyny/gojq and https://github.com/01mf02/jaq: as jq",
    speaks: ["text"]
  },
  openssl: {
    evidence: "measured",
    source: "openssl 3.0.19",
    speaks: ["text"]
  }
}

/** What of a run a failure is known by, as the page has it. */
const conditionsOf = ({ exitCode, stderr, stdout }: HelperCatalog.Failure): string =>
  [
    ...(exitCode === undefined ? [] : [`status ${exitCode}`]),
    ...(stderr === undefined ? [] : [`stderr ${stderr.source}`]),
    ...(stdout === undefined ? [] : [`stdout ${stdout.source}`])
  ].join(", ")

/** The rows of the catalog, each with what is said of it. */
export const documented = Object.entries(helpers).flatMap(([program, { evidence, exceptions = [], title, ...rest }]) =>
  Option.toArray(HelperCatalog.find(program)).map((entry) => ({
    ...entry,
    ...rest,
    entry,
    name: title ?? program,
    evidence,
    failures: entry.failures.map((failure) => {
      const isException = exceptions.some((part) => conditionsOf(failure).includes(part))
      const other: Evidence = evidence === "measured" ? "manual" : "measured"
      return { ...failure, evidence: isException ? other : evidence }
    })
  }))
)

/** Where these entries and the catalog do not go together; empty when all is well. */
export const problems: ReadonlyArray<string> = [
  ...Object.keys(helpers)
    .filter((program) => Option.isNone(HelperCatalog.find(program)))
    .map((program) => `docs/data/helpers.ts: the catalog has no row for ${program}`),
  ...HelperCatalog.all.flatMap((row) => {
    const found = documented.filter(({ entry }) => entry === row).length
    return found === 1
      ? []
      : [`docs/data/helpers.ts has ${found} entries for the catalog's row ${row.program}, not one`]
  }),
  ...Object.entries(helpers).flatMap(([program, { exceptions = [] }]) =>
    exceptions.flatMap((part) => {
      const failures = Option.match(HelperCatalog.find(program), {
        onNone: () => [],
        onSome: ({ failures }) => failures.filter((failure) => conditionsOf(failure).includes(part))
      })
      return failures.length === 1
        ? []
        : [`docs/data/helpers.ts: ${failures.length} failures of ${program} have "${part}", not one`]
    })
  )
]
