/** What docs/reference/formats.md says of each format: one entry for each row of src/formats/table.ts. A missing or unknown name is a type error. */
import type { FormatName, FormatOptions } from "effect-apikey/formats/table"

type Name = FormatName | FormatOptions["name"]

interface FormatDocumentation<N extends Name> {
  readonly title: string
  /** What a format that chooses another one looks at, in order. */
  readonly order?: ReadonlyArray<string>
  /** Where the protocol is specified. */
  readonly source: string
  /** An answer of this format. */
  readonly example: string
  /** Parameters to show the format with. */
  readonly parameters?: Omit<Extract<FormatOptions, { readonly name: N }>, "name">
}

/** A JSON object and a line end, as most helpers print it. */
const jsonLine = (value: unknown): string => `${JSON.stringify(value)}\n`

export const formats: { readonly [N in Name]: FormatDocumentation<N> } = {
  auto: {
    title: "The default: it chooses the format by the program and its output",
    order: [
      "The catalog's format for the program, if it has one. See [known helpers](known-helpers.md).",
      "The format whose discriminator the output has, for example `kind` of an ExecCredential.",
      "`env`, for lines of `NAME=value` with a quoted value or a secret's name (`API_KEY`, `github_token`). `FOO=abc` alone is read as a key.",
      "Plain text: one line. JSON of no known format is an error."
    ],
    source: "effect-apikey's own rules",
    example: "sk-live-7f3a9c\n"
  },
  text: {
    title: "Plain text: one line, the key and nothing else",
    source: "effect-apikey's own rules, after what credential tools print",
    example: "sk-live-7f3a9c\n"
  },
  "first-line": {
    title: "The first line is the key, the other lines are notes",
    source: "https://www.passwordstore.org",
    example: "sk-live-7f3a9c\nlogin: ops@example.com\nurl: https://api.example.com\n"
  },
  raw: {
    title: "The whole output is the key, with its line ends and white space",
    source: "effect-apikey's own rules",
    example: "-----BEGIN KEY-----\n7f3a9c\n-----END KEY-----\n"
  },
  "aws-credential-process": {
    title: "AWS credential_process (aws configure export-credentials --format process)",
    source: "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html",
    example: jsonLine({
      Version: 1,
      AccessKeyId: "AKIAEXAMPLE",
      SecretAccessKey: "wJalrExampleKey",
      SessionToken: "FwoGZXIvExampleToken",
      Expiration: "2036-05-29T00:21:43Z"
    })
  },
  "git-credential": {
    parameters: { url: "https://example.com" },
    title: "git credential helpers: git credential fill, git-credential-NAME get",
    source: "https://git-scm.com/docs/git-credential#IOFMT",
    example:
      "protocol=https\nhost=example.com\nusername=bob\npassword=s3cre7\npassword_expiry_utc=2095000000\noauth_refresh_token=r3fresh\n"
  },
  "docker-credential": {
    parameters: { serverUrl: "https://index.docker.io/v1/" },
    title: "Docker credential helpers: docker-credential-NAME get",
    source: "https://github.com/docker/docker-credential-helpers",
    example: jsonLine({ ServerURL: "https://index.docker.io/v1/", Username: "david", Secret: "passw0rd1" })
  },
  "exec-credential": {
    title: "Kubernetes ExecCredential (kubelogin, aws eks get-token, gke-gcloud-auth-plugin)",
    source: "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#client-go-credential-plugins",
    example: jsonLine({
      apiVersion: "client.authentication.k8s.io/v1",
      kind: "ExecCredential",
      status: { token: "my-bearer-token", expirationTimestamp: "2038-03-05T17:30:20-08:00" }
    })
  },
  "google-executable": {
    parameters: {
      audience: "//iam.googleapis.com/…",
      tokenType: "id_token",
      impersonatedEmail: "ci@example.iam.gserviceaccount.com",
      outputFile: "/run/user/1000/google-token.json"
    },
    title: "Google's executable-sourced credentials (a subject token, for a token exchange)",
    source: "https://google.aip.dev/auth/4117",
    example: jsonLine({
      version: 1,
      success: true,
      token_type: "urn:ietf:params:oauth:token-type:id_token",
      id_token: "HEADER.PAYLOAD.SIGNATURE",
      expiration_time: 2095000000
    })
  },
  cargo: {
    title: "cargo credential providers: PROVIDER --cargo-plugin",
    source: "https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html",
    example: `${jsonLine({ v: [1] })}${jsonLine({
      Ok: {
        kind: "get",
        token: "example-token",
        cache: "expires",
        expiration: 2095000000,
        operation_independent: true
      }
    })}`
  },
  bazel: {
    parameters: { uri: "https://api.example.org/rest/endpoint" },
    title: "Bazel credential helpers: HELPER get",
    source: "https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md",
    example: jsonLine({ headers: { Authorization: ["Bearer example-token"] }, expires: "2036-05-29T00:21:43Z" })
  },
  "claude-desktop": {
    title: "Claude Desktop's credential helper: a bare token, or one with headers",
    source: "https://claude.com/docs/third-party/claude-desktop/credential-helper",
    example: jsonLine({ token: "example-token", headers: { "X-Org-Route": "prod" } })
  },
  oauth: {
    title: "OAuth 2.0 token endpoint",
    source: "https://www.rfc-editor.org/rfc/rfc6749#section-5.1",
    example: jsonLine({ access_token: "2YotnFZFEjr1zCsicMWpAA", token_type: "Bearer", expires_in: 3600 })
  },
  az: {
    title: "Azure's command line: az account get-access-token",
    source: "https://learn.microsoft.com/cli/azure/account#az-account-get-access-token",
    example: jsonLine({
      accessToken: "eyJ0eXAi.example.token",
      expiresOn: "2036-05-29 00:21:43.000000",
      expires_on: 2095633303,
      subscription: "00000000-0000-0000-0000-000000000000",
      tenant: "00000000-0000-0000-0000-000000000000",
      tokenType: "Bearer"
    })
  },
  gcloud: {
    title: "Google Cloud's command line: gcloud config config-helper --format=json",
    source: "https://cloud.google.com/sdk/gcloud/reference/config/config-helper",
    example: jsonLine({
      configuration: { active_configuration: "default" },
      credential: { access_token: "ya29.example", token_expiry: "2036-05-29T00:21:43Z" }
    })
  },
  vault: {
    title: "HashiCorp Vault and OpenBao: vault kv get -format=json, vault login -format=json",
    source: "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2#sample-response-1",
    example: jsonLine({
      request_id: "5a4c4f9e-example",
      lease_id: "",
      lease_duration: 0,
      renewable: false,
      data: {
        data: { api_key: "sk-live-7f3a9c" },
        metadata: { created_time: "2026-03-22T02:24:06.945319214Z", version: 2 }
      },
      warnings: null
    })
  },
  op: {
    title: "1Password: op item get NAME --format json (op read prints plain text)",
    source: "https://developer.1password.com/docs/cli/item-template-json",
    example: jsonLine({
      id: "abcdefghijklmnopqrstuvwxyz",
      title: "OpenAI",
      category: "API_CREDENTIAL",
      vault: { id: "zyxwvutsrqponmlkjihgfedcba", name: "Private" },
      fields: [
        { id: "username", type: "STRING", label: "username", value: "ops@example.com" },
        { id: "credential", type: "CONCEALED", label: "credential", value: "sk-live-7f3a9c" }
      ]
    })
  },
  bitwarden: {
    title: "Bitwarden: bw get item NAME, bws secret get ID (bw get password prints plain text)",
    source: "https://bitwarden.com/help/cli/#get",
    example: jsonLine({
      object: "item",
      id: "99ee88d2-6046-4ea7-92c2-acac464b1412",
      type: 1,
      name: "OpenAI",
      login: { username: "ops@example.com", password: "sk-live-7f3a9c" }
    })
  },
  "secrets-manager": {
    title: "AWS Secrets Manager: aws secretsmanager get-secret-value",
    source: "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html",
    example: jsonLine({
      ARN: "arn:aws:secretsmanager:us-west-2:123456789012:secret:OpenAI-a1b2c3",
      Name: "OpenAI",
      VersionId: "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1",
      SecretString: "sk-live-7f3a9c",
      VersionStages: ["AWSCURRENT"]
    })
  },
  "azure-key-vault": {
    title: "Azure Key Vault: az keyvault secret show",
    source: "https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret",
    example: jsonLine({
      value: "sk-live-7f3a9c",
      id: "https://kv-example.vault.azure.net/secrets/openai/4387e9f3d6e14c459867679a90fd0f79",
      attributes: { enabled: true, expires: "2036-05-29T00:21:43+00:00" }
    })
  },
  gh: {
    title: "GitHub's command line: gh auth token",
    source: "https://cli.github.com/manual/gh_auth_token",
    example: "gho_exampleexampleexampleexampleexample1\n"
  },
  env: {
    title: "Environment files: NAME=value",
    source: "https://www.npmjs.com/package/dotenv#rules",
    example: '# production\nexport OPENAI_API_KEY="sk-live-7f3a9c"\n'
  },
  json: {
    parameters: { field: "data.key", expiresAt: "/data/exp" },
    title: 'Any JSON, by the paths of its fields: { name: "json", field: "data.key", expiresAt: "/data/exp" }',
    source: "effect-apikey's own; places as in https://www.rfc-editor.org/rfc/rfc6901",
    example: jsonLine({ data: { key: "sk-live-7f3a9c", exp: "2036-05-29T00:21:43Z" } })
  }
}
