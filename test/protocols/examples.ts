/** Answers as the protocols' own documentation (or their reference implementation's tests) print them, others made by its rules, and what they must be read as. */
import type { FormatSpec } from "effect-apikey/formats/table"

export interface Example {
  readonly format: FormatSpec
  readonly what: string
  readonly source: string
  /** Whether the answer stands in the source (perhaps without parts that do not matter, or on fewer lines; see `compared`), or is made by its rules. */
  readonly origin: "documented" | "composed"
  readonly answer: string
  /** `auto` must come to the same. Left out where the answer needs a parameter, or is plain text of several lines. */
  readonly auto?: false
  readonly key?: {
    readonly value: string
    readonly expiresAt?: string
    readonly username?: string
    readonly sessionToken?: string
    readonly headers?: Readonly<Record<string, string>>
  }
  readonly error?: {
    readonly _tag: string
    readonly path?: string
    readonly expected?: string
    readonly reason?: string
    readonly stderr?: string
  }
}

const aws = "https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html"
const git = "https://git-scm.com/docs/git-credential"
const gitTest = "https://github.com/git/git/blob/master/t/t0300-credentials.sh"
const docker = "https://github.com/docker/docker-credential-helpers"
const dockerLogin = "https://docs.docker.com/reference/cli/docker/login/"
const kubernetes = "https://kubernetes.io/docs/reference/access-authn-authz/authentication/"
const google =
  "https://cloud.google.com/nodejs/docs/reference/google-auth-library/latest/google-auth-library/pluggableauthclient"
const cargo = "https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html"
const bazel = "https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md"
const claude = "https://claude.com/docs/third-party/claude-desktop/credential-helper"
const rfc6749 = "https://www.rfc-editor.org/rfc/rfc6749"
const rfc8628 = "https://www.rfc-editor.org/rfc/rfc8628#section-3.5"
const entra = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
const az = "https://learn.microsoft.com/cli/azure/account#az-account-get-access-token"
const googleAuthData =
  "https://github.com/googleapis/google-auth-library-python/blob/main/tests/data/cloud_sdk_config.json"
const kv2 = "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2"
const kv1 = "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1"
const vaultLogin = "https://developer.hashicorp.com/vault/api-docs/auth/userpass"
const vaultDatabase = "https://developer.hashicorp.com/vault/api-docs/secret/databases"
const wrapping = "https://developer.hashicorp.com/vault/api-docs/system/wrapping-wrap"
const op = "https://developer.1password.com/docs/cli/item-template-json"
const opItems = "https://developer.1password.com/docs/cli/item-create"
const awsCliSecret = "https://github.com/aws/aws-cli/blob/develop/awscli/examples/secretsmanager/get-secret-value.rst"
const opRead = "https://developer.1password.com/docs/cli/reference/commands/read"
const bitwarden = "https://bitwarden.com/help/cli/"
const bws = "https://bitwarden.com/help/secrets-manager-cli/"
const secretsManager = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"
const keyVault = "https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret"
const keyVaultCli = "https://learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-show"
const gh = "https://cli.github.com/manual/gh_auth_token"
const pass = "https://www.passwordstore.org"
const dotenv = "https://www.npmjs.com/package/dotenv"
const dotenvx = "https://dotenvx.com/docs"
const pointer = "https://www.rfc-editor.org/rfc/rfc6901"
const jq = "https://jqlang.org/manual/"

const googleUserGuide = "https://googleapis.dev/python/google-auth/latest/user-guide.html"
const googleOauth = "https://developers.google.com/identity/protocols/oauth2/web-server"
const bazelTest =
  "https://github.com/bazelbuild/bazel/blob/master/src/test/java/com/google/devtools/build/lib/authandtls/credentialhelper/GetCredentialsResponseTest.java"
const dockerErrors = `${docker}/blob/master/credentials/error.go`
const eks = "https://github.com/aws/aws-cli/blob/develop/awscli/examples/eks/get-token.rst"
const azRefresh =
  "https://github.com/MicrosoftDocs/azure-docs-cli/blob/main/docs-ref-conceptual/includes/refresh-token.md"
const vaultKubernetes = "https://developer.hashicorp.com/vault/api-docs/auth/kubernetes"
const vaultUserpass = "https://developer.hashicorp.com/vault/docs/auth/userpass"
const rfc6750 = "https://www.rfc-editor.org/rfc/rfc6750"
const rfc9449 = "https://www.rfc-editor.org/rfc/rfc9449"

/** For each source of a documented answer, the text that the answer was compared with. */
export const compared: Readonly<Record<string, string>> = {
  [aws]:
    "the template: copies of the page in Teleport's RFDs and others; its older spelling: awsdocs/aws-cli-user-guide, doc_source",
  [git]: "git's Documentation/git-credential.txt",
  [gitTest]: "the file, in two states: with and without authtype, ephemeral and state",
  [dockerLogin]: "docker/cli, docs/reference/commandline/login.md",
  [dockerErrors]: "the file",
  [kubernetes]: "kubernetes/website, content/*/docs/reference/access-authn-authz/authentication.md",
  [eks]: "the file",
  [google]: "the same text in the source that the page is made from, and in google-auth-library-java",
  [googleUserGuide]: "googleapis/google-auth-library-python, docs/user-guide.rst",
  [cargo]:
    "rust-lang/cargo, src/doc/src/reference/credential-provider-protocol.md; the message is broken into lines there",
  [bazel]: "the file",
  [bazelTest]: "the file",
  [claude]: "the page",
  [rfc6749]: "the RFC",
  [rfc6750]: "the RFC's answer as others quote it",
  [rfc9449]: "the RFC's answer in a translation of it",
  [entra]: "the page in Microsoft's translations",
  [googleOauth]: "the page as others quote it",
  [azRefresh]: "the file",
  [kv2]: "the same sample in Vault's ui and OpenBao's page",
  [kv1]: "hashicorp/vault, website/content/api-docs/secret/kv/kv-v1.mdx",
  [vaultLogin]: "hashicorp/vault, website/content/api-docs/auth/userpass.mdx",
  [vaultUserpass]: "hashicorp/vault, website/source/docs/auth/userpass.html.md",
  [vaultDatabase]: "the same sample in Vault's pages of single databases, and as others quote it",
  [vaultKubernetes]: "an edition of hashicorp/vault's page, and as others quote it",
  [wrapping]: "an edition of hashicorp/vault's page, which has a comma too many",
  [op]: "the page",
  [opItems]: "the page",
  [bws]: "the page, and Bitwarden's page of its Ansible collection, where note is empty",
  [secretsManager]: "the page",
  [awsCliSecret]: "the file",
  [keyVault]: "an edition of the page, as others quote it",
  [pass]: "the page as others quote it; its later lines are left out",
  [dotenv]: "dotenv's README as others quote its rules",
  [pointer]: "the document of section 5 in the tests of seven implementations"
}

const idTokenType = "urn:ietf:params:oauth:token-type:id_token"

export const examples: ReadonlyArray<Example> = [
  // ── aws ──
  {
    format: "aws-credential-process",
    what: "temporary credentials",
    origin: "composed",
    source: aws,
    answer: `{
  "Version": 1,
  "AccessKeyId": "ASIAIOSFODNN7EXAMPLE",
  "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "SessionToken": "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
  "Expiration": "2019-05-29T00:21:43Z"
}`,
    key: {
      value: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
      username: "ASIAIOSFODNN7EXAMPLE",
      sessionToken:
        "AQoEXAMPLEH4aoAH0gNCAPyJxz4BlCFFxWNE1OPTgk5TthT+FvwqnKwRcOIfrRh3c/LTo6UDdyJwOOvEVPvLXCrrrUtdnniCEXAMPLE",
      expiresAt: "2019-05-29T00:21:43.000Z"
    }
  },
  {
    format: "aws-credential-process",
    what: "long-term credentials: no Expiration, so they do not refresh",
    origin: "composed",
    source: aws,
    answer:
      '{"Version":1,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
    key: { value: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", username: "AKIAIOSFODNN7EXAMPLE" }
  },
  {
    format: "aws-credential-process",
    what: "the page's template: Expiration is a time, not a description of one",
    origin: "documented",
    source: aws,
    answer: `{
    "Version": 1,
    "AccessKeyId": "an AWS access key",
    "SecretAccessKey": "your AWS secret access key",
    "SessionToken": "the AWS session token for temporary credentials",
    "Expiration": "ISO8601 timestamp when the credentials expire"
}`,
    error: { _tag: "InvalidOutput", path: "Expiration", expected: "an RFC 3339 time" }
  },
  {
    format: "aws-credential-process",
    what: "the template as an older edition of the page spells it",
    origin: "documented",
    source: aws,
    answer: `{
  "Version": 1,
  "AccessKeyId": "an AWS access key",
  "SecreteAccessKey": "your AWS secret access key",
  "SessionToken": "the AWS session token for temporary credentials", 
  "Expiration": "ISO8601 timestamp when the credentials expire"
}`,
    error: { _tag: "InvalidOutput", path: "SecretAccessKey" }
  },
  {
    format: "aws-credential-process",
    what: "Version must be set to 1",
    origin: "composed",
    source: aws,
    answer: '{"Version":2,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI"}',
    error: { _tag: "InvalidOutput", path: "Version", expected: "the number 1" }
  },
  // ── git ──
  {
    format: "git-credential",
    what: "git credential fill",
    origin: "documented",
    source: git,
    answer: "protocol=https\nhost=example.com\nusername=bob\npassword=secr3t\n",
    key: { value: "secr3t", username: "bob" }
  },
  {
    format: "git-credential",
    what: "a generated password with its expiry and refresh token",
    origin: "composed",
    source: git,
    answer:
      "protocol=https\nhost=example.com\nusername=oauth2\npassword=EXAMPLETOKEN\npassword_expiry_utc=1693942857\noauth_refresh_token=EXAMPLEREFRESH\n\n",
    key: { value: "EXAMPLETOKEN", username: "oauth2", expiresAt: "2023-09-05T19:40:57.000Z" }
  },
  {
    format: "git-credential",
    what: "pre-encoded credentials (authtype and credential)",
    origin: "composed",
    source: git,
    answer: "capability[]=authtype\nauthtype=Bearer\ncredential=EXAMPLETOKEN\nephemeral=1\n",
    key: { value: "EXAMPLETOKEN", headers: { authorization: "Bearer EXAMPLETOKEN" } }
  },
  {
    format: "git-credential",
    what: "authtype Basic with a base64 pair",
    origin: "composed",
    source: git,
    answer: "authtype=Basic\ncredential=Ym9iOnNlY3IzdA==\n",
    key: { value: "Ym9iOnNlY3IzdA==", headers: { authorization: "Basic Ym9iOnNlY3IzdA==" } }
  },
  {
    format: "git-credential",
    what: "quit: no other helper is to be asked",
    origin: "documented",
    source: gitTest,
    answer: "quit=1\n",
    error: { _tag: "EmptyOutput" }
  },
  {
    format: "git-credential",
    what: "a value may hold = and any byte but newline and NUL",
    origin: "composed",
    source: git,
    answer: "username=bob\npassword=p=a=s s \n",
    key: { value: "p=a=s s ", username: "bob" }
  },
  {
    format: "git-credential",
    what: "unrecognised attributes are silently discarded",
    origin: "composed",
    source: git,
    answer: "username=bob\npassword=secr3t\nflavour=vanilla\n",
    key: { value: "secr3t", username: "bob" }
  },
  {
    format: "git-credential",
    what: "multi-stage authentication",
    origin: "composed",
    source: git,
    answer: "capability[]=state\nauthtype=NTLM\ncredential=EXAMPLE\ncontinue=1\nstate[]=helper:1\n",
    error: { _tag: "InvalidOutput", path: "continue" }
  },
  {
    format: "git-credential",
    what: "credential_fill invokes helper",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=foo\npassword=bar\n",
    key: { value: "bar", username: "foo" }
  },
  {
    format: "git-credential",
    what: "stops when we get a full response",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=one\npassword=two\n",
    key: { value: "two", username: "one" }
  },
  {
    format: "git-credential",
    what: "passes along metadata",
    origin: "documented",
    source: gitTest,
    answer: "protocol=ftp\nhost=example.com\npath=foo.git\nusername=one\npassword=two\n",
    key: { value: "two", username: "one" }
  },
  {
    format: "git-credential",
    what: "usernames can be preserved",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=one\npassword=three\n",
    key: { value: "three", username: "one" }
  },
  {
    format: "git-credential",
    what: "empty helper list falls back to internal getpass",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=askpass-username\npassword=askpass-password\n",
    key: { value: "askpass-password", username: "askpass-username" }
  },
  {
    format: "git-credential",
    what: "http paths can be part of context",
    origin: "documented",
    source: gitTest,
    answer: "protocol=https\nhost=example.com\npath=foo.git\nusername=foo\npassword=bar\n",
    key: { value: "bar", username: "foo" }
  },
  {
    format: "git-credential",
    what: "host-less URLs are parsed as empty host",
    origin: "documented",
    source: gitTest,
    answer: "protocol=cert\nhost=\npath=path/to/cert.pem\nusername=foo\npassword=bar\n",
    key: { value: "bar", username: "foo" }
  },
  ...(
    [
      ["invokes helper with credential", ""],
      ["invokes helper with ephemeral credential", "ephemeral=1\n"]
    ] as const
  ).map(
    ([what, more]): Example => ({
      format: "git-credential",
      what: `credential_fill ${what}`,
      origin: "documented",
      source: gitTest,
      answer: `capability[]=authtype\nauthtype=Bearer\ncredential=token\n${more}protocol=http\nhost=example.com\n`,
      key: { value: "token", headers: { authorization: "Bearer token" } }
    })
  ),
  {
    format: "git-credential",
    what: "credential_fill invokes helper with credential and state",
    origin: "documented",
    source: gitTest,
    answer:
      "capability[]=authtype\ncapability[]=state\nauthtype=Bearer\ncredential=token\nprotocol=http\nhost=example.com\nstate[]=verbatim-cred:foo\n",
    key: { value: "token", headers: { authorization: "Bearer token" } }
  },
  {
    format: "git-credential",
    what: "credential_fill continues through partial response",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=two\npassword=three\n",
    key: { value: "three", username: "two" }
  },
  {
    format: "git-credential",
    what: "credential_fill populates password_expiry_utc",
    origin: "documented",
    source: gitTest,
    answer: "protocol=http\nhost=example.com\nusername=one\npassword=two\npassword_expiry_utc=9999999999\n",
    key: { value: "two", username: "one", expiresAt: "2286-11-20T17:46:39.000Z" }
  },
  {
    format: "git-credential",
    what: "a helper that has only the user name",
    origin: "composed",
    source: git,
    answer: "username=one\n",
    error: { _tag: "InvalidOutput", path: "password" }
  },
  // ── docker ──
  {
    format: { name: "docker-credential", serverUrl: "https://index.docker.io/v1" },
    what: "get",
    origin: "documented",
    source: `${dockerLogin}#credential-helper-protocol`,
    answer: '{\n  "Username": "david",\n  "Secret": "passw0rd1"\n}',
    key: { value: "passw0rd1", username: "david" }
  },
  {
    format: "docker-credential",
    what: "an identity token, whose user name is <token>",
    origin: "composed",
    source: `${dockerLogin}#credential-helper-protocol`,
    answer: '{"ServerURL":"https://index.docker.io/v1","Username":"<token>","Secret":"EXAMPLEIDENTITYTOKEN"}',
    error: { _tag: "InvalidOutput", path: "Username" }
  },
  {
    format: "docker-credential",
    what: "nothing there",
    origin: "documented",
    source: dockerErrors,
    answer: "credentials not found in native keychain\n",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "docker-credential",
    what: "no server URL on stdin",
    origin: "documented",
    source: dockerErrors,
    answer: "no credentials server URL",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "docker-credential",
    what: "no user name in the store",
    origin: "documented",
    source: dockerErrors,
    answer: "no credentials username",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  // ── kubernetes ──
  {
    format: "exec-credential",
    what: "v1, a bearer token",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1",
  "kind": "ExecCredential",
  "status": {
    "token": "my-bearer-token"
  }
}`,
    key: { value: "my-bearer-token" }
  },
  {
    format: { name: "exec-credential", apiVersion: "v1beta1" },
    what: "v1beta1, a bearer token with its expiry",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1beta1",
  "kind": "ExecCredential",
  "status": {
    "token": "my-bearer-token",
    "expirationTimestamp": "2018-03-05T17:30:20-08:00"
  }
}`,
    key: { value: "my-bearer-token", expiresAt: "2018-03-06T01:30:20.000Z" }
  },
  {
    format: "exec-credential",
    what: "a client certificate",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1",
  "kind": "ExecCredential",
  "status": {
    "clientCertificateData": "-----BEGIN CERTIFICATE-----\\n...\\n-----END CERTIFICATE-----",
    "clientKeyData": "-----BEGIN RSA PRIVATE KEY-----\\n...\\n-----END RSA PRIVATE KEY-----"
  }
}`,
    error: { _tag: "InvalidOutput", path: "status.clientCertificateData" }
  },
  {
    format: "exec-credential",
    what: "v1, a bearer token with its expiry",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1",
  "kind": "ExecCredential",
  "status": {
    "token": "my-bearer-token",
    "expirationTimestamp": "2018-03-05T17:30:20-08:00"
  }
}`,
    key: { value: "my-bearer-token", expiresAt: "2018-03-06T01:30:20.000Z" }
  },
  {
    format: { name: "exec-credential", apiVersion: "v1beta1" },
    what: "v1beta1, a bearer token",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1beta1",
  "kind": "ExecCredential",
  "status": {
    "token": "my-bearer-token"
  }
}`,
    key: { value: "my-bearer-token" }
  },
  {
    format: { name: "exec-credential", apiVersion: "v1beta1" },
    what: "v1beta1, a client certificate",
    origin: "documented",
    source: `${kubernetes}#input-and-output-formats`,
    answer: `{
  "apiVersion": "client.authentication.k8s.io/v1beta1",
  "kind": "ExecCredential",
  "status": {
    "clientCertificateData": "-----BEGIN CERTIFICATE-----\\n...\\n-----END CERTIFICATE-----",
    "clientKeyData": "-----BEGIN RSA PRIVATE KEY-----\\n...\\n-----END RSA PRIVATE KEY-----"
  }
}`,
    error: { _tag: "InvalidOutput", path: "status.clientCertificateData" }
  },
  {
    format: "exec-credential",
    what: "the request itself, echoed without a status",
    origin: "composed",
    source: `${kubernetes}#input-and-output-formats`,
    answer: '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":true}}',
    error: { _tag: "InvalidOutput", path: "status", expected: "an object" }
  },
  {
    format: "exec-credential",
    what: "an answer in another version than was asked for",
    origin: "composed",
    source: `${kubernetes}#input-and-output-formats`,
    answer:
      '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"my-bearer-token"}}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "apiVersion", expected: "client.authentication.k8s.io/v1" }
  },
  {
    format: "exec-credential",
    what: "aws eks get-token",
    origin: "documented",
    source: eks,
    answer: `{
  "kind": "ExecCredential",
  "apiVersion": "client.authentication.k8s.io/v1",
  "spec": {},
  "status": {
    "expirationTimestamp": "2019-08-14T18:44:27Z",
    "token": "k8s-aws-v1EXAMPLE_TOKEN_DATA_STRING..."
  }
}`,
    key: { value: "k8s-aws-v1EXAMPLE_TOKEN_DATA_STRING...", expiresAt: "2019-08-14T18:44:27.000Z" }
  },
  // ── google ──
  {
    format: "google-executable",
    what: "OIDC response",
    origin: "documented",
    source: google,
    answer: `{
  "version": 1,
  "success": true,
  "token_type": "${idTokenType}",
  "id_token": "HEADER.PAYLOAD.SIGNATURE",
  "expiration_time": 1620433341
}`,
    key: { value: "HEADER.PAYLOAD.SIGNATURE", expiresAt: "2021-05-08T00:22:21.000Z" }
  },
  {
    format: "google-executable",
    what: "SAML 2.0 response",
    origin: "documented",
    source: google,
    answer:
      '{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:saml2","saml_response":"...","expiration_time":1620433341}',
    key: { value: "...", expiresAt: "2021-05-08T00:22:21.000Z" }
  },
  {
    format: "google-executable",
    what: "error response",
    origin: "documented",
    source: google,
    answer: '{\n  "version": 1,\n  "success": false,\n  "code": "401",\n  "message": "Error message."\n}',
    error: { _tag: "NonZeroExit", reason: "LoginRequired", stderr: "401: Error message." }
  },
  {
    format: "google-executable",
    what: "the user guide's OIDC response",
    origin: "documented",
    source: googleUserGuide,
    answer: `{
  "version": 1,
  "success": true,
  "token_type": "${idTokenType}",
  "id_token": "HEADER.PAYLOAD.SIGNATURE",
  "expiration_time": 1620499962
}`,
    key: { value: "HEADER.PAYLOAD.SIGNATURE", expiresAt: "2021-05-08T18:52:42.000Z" }
  },
  {
    format: "google-executable",
    what: "the user guide's SAML response",
    origin: "documented",
    source: googleUserGuide,
    answer: `{
  "version": 1,
  "success": true,
  "token_type": "urn:ietf:params:oauth:token-type:saml2",
  "saml_response": "...",
  "expiration_time": 1620499962
}`,
    key: { value: "...", expiresAt: "2021-05-08T18:52:42.000Z" }
  },
  {
    format: "google-executable",
    what: "the user guide's error response",
    origin: "documented",
    source: googleUserGuide,
    answer: '{\n  "version": 1,\n  "success": false,\n  "code": "401",\n  "message": "Caller not authorized."\n}',
    error: { _tag: "NonZeroExit", reason: "LoginRequired", stderr: "401: Caller not authorized." }
  },
  {
    format: "google-executable",
    what: "an error response must have a code and a message",
    origin: "composed",
    source: google,
    answer: '{"version":1,"success":false,"code":"401"}',
    error: { _tag: "InvalidOutput", path: "message" }
  },
  // ── cargo ──
  {
    format: "cargo",
    what: "get success response, cached until it expires",
    origin: "documented",
    source: cargo,
    answer:
      '{"v":[1]}\n{"Ok":{"kind":"get","token":"...","cache":"expires","expiration":1693942857,"operation_independent":true}}\n',
    key: { value: "...", expiresAt: "2023-09-05T19:40:57.000Z" }
  },
  {
    format: "cargo",
    what: "get success response, cached for the session",
    origin: "composed",
    source: cargo,
    answer: '{"v":[1]}\n{"Ok":{"kind":"get","token":"...","cache":"session","operation_independent":true}}\n',
    key: { value: "..." }
  },
  {
    format: "cargo",
    what: "URL not supported",
    origin: "documented",
    source: cargo,
    answer:
      '{"v":[1]}\n{"Err":{"kind":"url-not-supported","message":"free form string error message","caused-by":["cause 1","cause 2"]}}\n',
    error: { _tag: "NonZeroExit", reason: "NotFound", stderr: "" }
  },
  {
    format: "cargo",
    what: "not found",
    origin: "documented",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"not-found"}}\n',
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "cargo",
    what: "operation not supported",
    origin: "documented",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"operation-not-supported"}}\n',
    error: { _tag: "NonZeroExit", reason: "Unknown" }
  },
  {
    format: "cargo",
    what: "other failure",
    origin: "documented",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"other","message":"free form string error message"}}\n',
    error: { _tag: "NonZeroExit", reason: "Unknown", stderr: "" }
  },
  {
    format: "cargo",
    what: "the answer to a log-in is not one to get",
    origin: "documented",
    source: cargo,
    answer: '{"v":[1]}\n{"Ok":{"kind":"login"}}\n',
    error: { _tag: "InvalidOutput", path: "Ok.kind" }
  },
  {
    format: "cargo",
    what: "nor is the answer to a log-out",
    origin: "documented",
    source: cargo,
    answer: '{"v":[1]}\n{"Ok":{"kind":"logout"}}\n',
    error: { _tag: "InvalidOutput", path: "Ok.kind" }
  },
  // ── bazel ──
  {
    format: "bazel",
    what: "an Authorization header",
    origin: "documented",
    source: bazel,
    answer: '{\n  "headers": {\n    "Authorization": ["Bearer <token...>"]\n  }\n}',
    key: { value: "<token...>", headers: { Authorization: "Bearer <token...>" } }
  },
  {
    format: "bazel",
    what: "multiple custom headers",
    origin: "documented",
    source: bazel,
    answer: '{"headers":{"x-custom-auth-type":["proprietary-auth"],"x-custom-auth-token":["<token...>"]}}',
    key: {
      value: "proprietary-auth",
      headers: { "x-custom-auth-type": "proprietary-auth", "x-custom-auth-token": "<token...>" }
    }
  },
  {
    format: "bazel",
    what: "empty response: no credentials are needed",
    origin: "documented",
    source: bazel,
    answer: '{\n  "headers": {}\n}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "headers", expected: "at least one header" }
  },
  {
    format: "bazel",
    what: "the same without headers",
    origin: "documented",
    source: bazel,
    answer: "{}",
    auto: false,
    error: { _tag: "InvalidOutput", path: "headers" }
  },
  {
    format: "bazel",
    what: "the same with an empty list",
    origin: "documented",
    source: bazel,
    answer: '{"headers":{"header1":[]}}',
    error: { _tag: "InvalidOutput", path: "headers" }
  },
  {
    format: "bazel",
    what: "expires without headers, as Bazel's own test has it",
    origin: "documented",
    source: bazelTest,
    answer: '{"expires":"1970-09-29T11:46:29Z"}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "headers" }
  },
  // ── claude desktop ──
  {
    format: "claude-desktop",
    what: "a token with headers for each request",
    origin: "documented",
    source: claude,
    answer: '{ "token": "...", "headers": { "X-Org-Route": "prod" } }',
    key: { value: "...", headers: { authorization: "Bearer ...", "X-Org-Route": "prod" } }
  },
  {
    format: "claude-desktop",
    what: "a single bare token: the whole trimmed stdout",
    origin: "composed",
    source: claude,
    answer: "\n  sk-ant-example-token\n",
    auto: false,
    key: { value: "sk-ant-example-token" }
  },
  // ── oauth ──
  {
    format: "oauth",
    what: "successful response",
    origin: "documented",
    source: `${rfc6749}#section-5.1`,
    answer: `{
  "access_token":"2YotnFZFEjr1zCsicMWpAA",
  "token_type":"example",
  "expires_in":3600,
  "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA",
  "example_parameter":"example_value"
}`,
    key: { value: "2YotnFZFEjr1zCsicMWpAA", expiresAt: "2000-01-01T01:00:00.000Z" }
  },
  {
    format: "oauth",
    what: "error response",
    origin: "documented",
    source: `${rfc6749}#section-5.2`,
    answer: '{\n  "error":"invalid_request"\n}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "Unknown", stderr: "invalid_request" }
  },
  {
    format: "oauth",
    what: "an expired grant",
    origin: "composed",
    source: `${rfc6749}#section-5.2`,
    answer: '{"error":"invalid_grant","error_description":"The refresh token has expired."}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired", stderr: "invalid_grant" }
  },
  {
    format: "oauth",
    what: "a device that nobody has confirmed yet",
    origin: "composed",
    source: rfc8628,
    answer: '{"error":"authorization_pending"}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired" }
  },
  {
    format: "oauth",
    what: "Microsoft Entra, client credentials",
    origin: "documented",
    source: entra,
    answer:
      '{"token_type":"Bearer","expires_in":3599,"access_token":"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNBVGZNNXBP..."}',
    key: {
      value: "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNBVGZNNXBP...",
      expiresAt: "2000-01-01T00:59:59.000Z"
    }
  },
  {
    format: "oauth",
    what: "a bearer token",
    origin: "documented",
    source: `${rfc6750}#section-4`,
    answer: `{
  "access_token":"mF_9.B5f-4.1JqM",
  "token_type":"Bearer",
  "expires_in":3600,
  "refresh_token":"tGzv3JOkF0XG5Qx2TlKWIA"
}`,
    key: { value: "mF_9.B5f-4.1JqM", expiresAt: "2000-01-01T01:00:00.000Z" }
  },
  {
    format: "oauth",
    what: "a token bound to a key of the client (DPoP)",
    origin: "documented",
    source: `${rfc9449}#section-5`,
    answer: `{
 "access_token": "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU",
 "token_type": "DPoP",
 "expires_in": 2677,
 "refresh_token": "Q..Zkm29lexi8VnWg2zPW1x-tgGad0Ibc3s3EwM_Ni4-g"
}`,
    key: { value: "Kz~8mXK1EalYznwH-LC-1fBAo.4Ljp~zsPE_NeO.gxU", expiresAt: "2000-01-01T00:44:37.000Z" }
  },
  {
    format: "oauth",
    what: "client credentials",
    origin: "documented",
    source: `${rfc6749}#section-4.4.3`,
    answer: `{
  "access_token":"2YotnFZFEjr1zCsicMWpAA",
  "token_type":"example",
  "expires_in":3600,
  "example_parameter":"example_value"
}`,
    key: { value: "2YotnFZFEjr1zCsicMWpAA", expiresAt: "2000-01-01T01:00:00.000Z" }
  },
  {
    format: "oauth",
    what: "Google, an authorization code exchanged",
    origin: "documented",
    source: googleOauth,
    answer: `{
  "access_token": "1/fFAGRNJru1FTz70BzhT3Zg",
  "expires_in": 3920,
  "token_type": "Bearer",
  "scope": "https://www.googleapis.com/auth/drive.metadata.readonly",
  "refresh_token": "1//xEoDL4iW3cxlI7yDbSRFYNG01kVKM2C-259HOF2aQbI"
}`,
    key: { value: "1/fFAGRNJru1FTz70BzhT3Zg", expiresAt: "2000-01-01T01:05:20.000Z" }
  },
  {
    format: "oauth",
    what: "Google, a refresh token exchanged",
    origin: "documented",
    source: googleOauth,
    answer: `{
  "access_token": "1/fFAGRNJru1FTz70BzhT3Zg",
  "expires_in": 3920,
  "scope": "https://www.googleapis.com/auth/drive.metadata.readonly",
  "token_type": "Bearer"
}`,
    key: { value: "1/fFAGRNJru1FTz70BzhT3Zg", expiresAt: "2000-01-01T01:05:20.000Z" }
  },
  // ── az ──
  {
    format: "az",
    what: "az account get-access-token",
    origin: "documented",
    source: azRefresh,
    answer: `{
  "accessToken": "...",
  "expiresOn": "2023-10-31 21:59:10.000000",
  "expires_on": 1698760750,
  "subscription": "...",
  "tenant": "...",
  "tokenType": "Bearer"
}`,
    key: { value: "...", expiresAt: "2023-10-31T13:59:10.000Z" }
  },
  {
    format: "az",
    what: "with expires_on, which wins over local time",
    origin: "composed",
    source: az,
    answer: `{
  "accessToken": "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIs",
  "expiresOn": "2023-11-14 15:50:46.000000",
  "expires_on": 1700005846,
  "subscription": "00000000-0000-0000-0000-000000000000",
  "tenant": "00000000-0000-0000-0000-000000000000",
  "tokenType": "Bearer"
}`,
    key: { value: "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIs", expiresAt: "2023-11-14T23:50:46.000Z" }
  },
  {
    format: "az",
    what: "expiresOn with a zone, as later forms of it have",
    origin: "composed",
    source: az,
    answer: '{"accessToken":"EXAMPLE","expiresOn":"2023-11-14T15:50:46+00:00","tokenType":"Bearer"}',
    key: { value: "EXAMPLE", expiresAt: "2023-11-14T15:50:46.000Z" }
  },
  // ── gcloud ──
  {
    format: "gcloud",
    what: "config-helper, as google-auth's test data has it but for its token, which has spaces",
    origin: "composed",
    source: googleAuthData,
    answer: `{
  "configuration": {
    "active_configuration": "default",
    "properties": {
      "core": {
        "account": "user@example.com",
        "disable_usage_reporting": "False",
        "project": "example-project"
      }
    }
  },
  "credential": {
    "access_token": "ya29.EXAMPLE",
    "token_expiry": "2017-03-23T23:09:49Z"
  },
  "sentinels": {
    "config_sentinel": "~/.config/gcloud/config_sentinel"
  }
}`,
    key: { value: "ya29.EXAMPLE", expiresAt: "2017-03-23T23:09:49.000Z" }
  },
  {
    format: "gcloud",
    what: "a credential whose token is no token",
    origin: "composed",
    source: googleAuthData,
    answer: '{ "credential": { "access_token": "don\'t use me", "token_expiry": "2017-03-23T23:09:49Z" } }',
    error: { _tag: "InvalidOutput", path: "credential.access_token" }
  },
  // ── vault ──
  {
    format: "vault",
    what: "key-value store version 2",
    origin: "documented",
    source: `${kv2}#sample-response-1`,
    answer: `{
  "data": {
    "data": {
      "foo": "bar"
    },
    "metadata": {
      "created_time": "2018-03-22T02:24:06.945319214Z",
      "custom_metadata": { "owner": "jdoe", "mission_critical": "false" },
      "deletion_time": "",
      "destroyed": false,
      "version": 2
    }
  }
}`,
    key: { value: "bar" }
  },
  {
    format: "vault",
    what: "version 2, a deleted version",
    origin: "composed",
    source: `${kv2}#read-secret-version`,
    answer:
      '{"request_id":"x","lease_id":"","lease_duration":0,"data":{"data":null,"metadata":{"created_time":"2018-03-22T02:24:06.945319214Z","deletion_time":"2018-03-22T02:36:43.986212308Z","destroyed":false,"version":1}}}',
    error: { _tag: "InvalidOutput", path: "data.data" }
  },
  {
    format: { name: "vault", field: "foo" },
    what: "version 1, whose lease_duration is only a hint",
    origin: "documented",
    source: `${kv1}#sample-response`,
    answer: `{
  "auth": null,
  "data": {
    "foo": "bar",
    "ttl": "1h"
  },
  "lease_duration": 3600,
  "lease_id": "",
  "renewable": false
}`,
    auto: false,
    key: { value: "bar" }
  },
  {
    format: "vault",
    what: "version 1 with two fields and none named",
    origin: "documented",
    source: `${kv1}#sample-response`,
    answer: '{"auth":null,"data":{"foo":"bar","ttl":"1h"},"lease_duration":3600,"lease_id":"","renewable":false}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "data", expected: "one field that is a string" }
  },
  {
    format: { name: "vault", field: "password" },
    what: "a leased database password",
    origin: "composed",
    source: `${vaultDatabase}#generate-credentials`,
    answer:
      '{"request_id":"x","lease_id":"database/creds/my-role/2f6a614c","lease_duration":3600,"renewable":true,"data":{"username":"root-1430158508-126","password":"132ae3ef-5a64-7499-351e-bfe59f3a2a21"}}',
    auto: false,
    key: { value: "132ae3ef-5a64-7499-351e-bfe59f3a2a21", expiresAt: "2000-01-01T01:00:00.000Z" }
  },
  {
    format: { name: "vault", field: "password" },
    what: "generated database credentials",
    origin: "documented",
    source: `${vaultDatabase}#generate-credentials`,
    answer: '{"data":{"username":"root-1430158508-126","password":"132ae3ef-5a64-7499-351e-bfe59f3a2a21"}}',
    auto: false,
    key: { value: "132ae3ef-5a64-7499-351e-bfe59f3a2a21" }
  },
  {
    format: "vault",
    what: "a log-in by user name",
    origin: "documented",
    source: `${vaultLogin}#login`,
    answer: `{
  "request_id": "ae1882ba-f60a-7629-ce1a-6618c482de3e",
  "lease_id": "",
  "renewable": false,
  "lease_duration": 0,
  "data": null,
  "wrap_info": null,
  "warnings": null,
  "auth": {
    "client_token": "hvs.CAESIJyeFmhLYRWVXPJStT3fDP1ZdFkon_otuk1sJUpkfk_WGh4KHGh2cy5xdW9XVHBnVUwwbzB1ZEhzZkpkRmVoU08",
    "accessor": "iP2Lw1JXpjlALbgJSeIx51n7",
    "policies": ["default", "policy1", "policy2"],
    "token_policies": ["default", "policy1", "policy2"],
    "metadata": { "username": "mitchellh" },
    "lease_duration": 2764800,
    "renewable": true,
    "entity_id": "0660dce5-4f2c-926a-8b15-158901557d9d",
    "token_type": "service",
    "orphan": true,
    "mfa_requirement": null,
    "num_uses": 0
  }
}`,
    key: {
      value: "hvs.CAESIJyeFmhLYRWVXPJStT3fDP1ZdFkon_otuk1sJUpkfk_WGh4KHGh2cy5xdW9XVHBnVUwwbzB1ZEhzZkpkRmVoU08",
      expiresAt: "2000-02-02T00:00:00.000Z"
    }
  },
  {
    format: "vault",
    what: "a log-in that never ends",
    origin: "documented",
    source: vaultUserpass,
    answer: `{
  "lease_id": "",
  "renewable": false,
  "lease_duration": 0,
  "data": null,
  "auth": {
    "client_token": "c4f280f6-fdb2-18eb-89d3-589e2e834cdb",
    "policies": [
      "admins"
    ],
    "metadata": {
      "username": "mitchellh"
    },
    "lease_duration": 0,
    "renewable": false
  }
}`,
    key: { value: "c4f280f6-fdb2-18eb-89d3-589e2e834cdb" }
  },
  {
    format: "vault",
    what: "version 1, a list of names",
    origin: "documented",
    source: `${kv1}#sample-response-1`,
    answer: `{
  "auth": null,
  "data": {
    "keys": ["foo", "foo/"]
  },
  "lease_duration": 2764800,
  "lease_id": "",
  "renewable": false
}`,
    error: { _tag: "InvalidOutput", path: "data", expected: "one field that is a string" }
  },
  {
    format: "vault",
    what: "a log-in from Kubernetes: auth alone",
    origin: "documented",
    source: `${vaultKubernetes}#login`,
    answer: `{
  "auth": {
    "client_token": "62b858f9-529c-6b26-e0b8-0457b6aacdb4",
    "accessor": "afa306d0-be3d-c8d2-b0d7-2676e1c0d9b4",
    "policies": ["default"],
    "metadata": {
      "role": "test",
      "service_account_name": "vault-auth",
      "service_account_namespace": "default",
      "service_account_secret_name": "vault-auth-token-pd21c",
      "service_account_uid": "aa9aa8ff-98d0-11e7-9bb7-0800276d99bf"
    },
    "lease_duration": 2764800,
    "renewable": true
  }
}`,
    key: { value: "62b858f9-529c-6b26-e0b8-0457b6aacdb4", expiresAt: "2000-02-02T00:00:00.000Z" }
  },
  {
    format: "vault",
    what: "a wrapped answer",
    origin: "documented",
    source: `${wrapping}#sample-response`,
    answer: `{
  "request_id": "",
  "lease_id": "",
  "lease_duration": 0,
  "renewable": false,
  "data": null,
  "warnings": null,
  "wrap_info": {
    "token": "fb79b9d3-d94e-9eb6-4919-c559311133d6",
    "ttl": 300,
    "creation_time": "2016-09-28T14:41:00.56961496-04:00",
    "creation_path": "sys/wrapping/wrap"
  }
}`,
    error: { _tag: "InvalidOutput", path: "wrap_info" }
  },
  // ── 1Password ──
  {
    format: "op",
    what: "a log-in item",
    origin: "documented",
    source: opItems,
    answer: `{
  "title": "Hulu",
  "vault": {
    "id": "sor33rgjjcg2xykftymcmqm5am"
  },
  "category": "LOGIN",
  "fields": [
    {
      "id": "username",
      "type": "STRING",
      "purpose": "USERNAME",
      "label": "username",
      "value": "wendy.appleseed@gmail.com"
    },
    {
      "id": "password",
      "type": "CONCEALED",
      "purpose": "PASSWORD",
      "label": "password",
      "password_details": {
        "strength": ""
      },
      "value": "Dp2WxXfwN7VFJojENfEHLEBJmAGAxup@"
    },
    {
      "id": "notesPlain",
      "type": "STRING",
      "purpose": "NOTES",
      "label": "notesPlain",
      "value": "This is Wendy's Hulu account."
    },
    {
      "id": "date",
      "type": "date",
      "label": "Subscription renewal date",
      "value": "2023-04-05"
    }
  ]
}`,
    key: { value: "Dp2WxXfwN7VFJojENfEHLEBJmAGAxup@" }
  },
  {
    format: "op",
    what: "an item template, which has no password yet",
    origin: "documented",
    source: op,
    answer: `{
  "title": "",
  "category": "LOGIN",
  "fields": [
    {
      "id": "username",
      "type": "STRING",
      "purpose": "USERNAME",
      "label": "username",
      "value": ""
    },
    {
      "id": "password",
      "type": "CONCEALED",
      "purpose": "PASSWORD",
      "label": "password",
      "password_details": {
        "strength": "TERRIBLE"
      },
      "value": ""
    },
    {
      "id": "notesPlain",
      "type": "STRING",
      "purpose": "NOTES",
      "label": "notesPlain",
      "value": ""
    }
  ]
}`,
    auto: false,
    error: { _tag: "InvalidOutput", path: "fields" }
  },
  {
    format: "op",
    what: "an API credential item: the field credential",
    origin: "composed",
    source: op,
    answer: `{
  "title": "API", "category": "API_CREDENTIAL", "vault": { "id": "sor33rgjjcg2xykftymcmqm5am" },
  "fields": [
    { "id": "username", "type": "STRING", "label": "username" },
    { "id": "credential", "type": "CONCEALED", "label": "credential", "value": "EXAMPLE-cred" },
    { "id": "other", "type": "CONCEALED", "label": "other", "value": "EXAMPLE-other" }
  ]
}`,
    key: { value: "EXAMPLE-cred" }
  },
  {
    format: { name: "op", field: "other" },
    what: "a custom field by its label",
    origin: "composed",
    source: op,
    answer:
      '{"category":"LOGIN","vault":{},"fields":[{"id":"a1","type":"CONCEALED","label":"other","value":"EXAMPLE-other"},{"id":"a2","type":"CONCEALED","label":"password","value":"EXAMPLE-pass"}]}',
    auto: false,
    key: { value: "EXAMPLE-other" }
  },
  {
    format: "text",
    what: "op read",
    origin: "composed",
    source: opRead,
    answer: "EXAMPLE-pass\n",
    key: { value: "EXAMPLE-pass" }
  },
  // ── Bitwarden ──
  {
    format: "bitwarden",
    what: "bw get item",
    origin: "composed",
    source: `${bitwarden}#get`,
    answer: `{
  "object": "item",
  "id": "7ac9cae8-5067-4faf-b6ab-acfd00e2c328",
  "organizationId": null,
  "folderId": null,
  "type": 1,
  "name": "My Item",
  "login": { "uris": [], "username": "jdoe", "password": "myp@ssword123", "totp": null }
}`,
    key: { value: "myp@ssword123" }
  },
  {
    format: { name: "bitwarden", field: "API_KEY" },
    what: "a custom field",
    origin: "composed",
    source: `${bitwarden}#get`,
    answer: '{"object":"item","type":2,"fields":[{"name":"API_KEY","value":"EXAMPLE-key","type":1}]}',
    auto: false,
    key: { value: "EXAMPLE-key" }
  },
  {
    format: "bitwarden",
    what: "--response, locked",
    origin: "composed",
    source: `${bitwarden}#--response`,
    answer: '{"success":false,"message":"Vault is locked."}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired" }
  },
  {
    format: "bitwarden",
    what: "--response, a password",
    origin: "composed",
    source: `${bitwarden}#--response`,
    answer: '{"success":true,"data":{"object":"string","data":"myp@ssword123"}}',
    key: { value: "myp@ssword123" }
  },
  {
    format: "bitwarden",
    what: "bws secret get",
    origin: "documented",
    source: `${bws}#get`,
    answer: `{
  "object": "secret",
  "id": "be8e0ad8-d545-4017-a55a-b02f014d4158",
  "organizationId": "10e8cbfa-7bd2-4361-bd6f-b02e013f9c41",
  "projectId": "e325ea69-a3ab-4dff-836f-b02e013fe530",
  "key": "SES_KEY",
  "value": "0.982492bc-7f37-4475-9e60",
  "note": "",
  "creationDate": "2023-06-28T20:13:20.643567Z",
  "revisionDate": "2023-06-28T20:13:20.643567Z"
}`,
    key: { value: "0.982492bc-7f37-4475-9e60" }
  },
  {
    format: "bitwarden",
    what: "bws secret create",
    origin: "documented",
    source: `${bws}#secret-create`,
    answer: `{
  "object": "secret",
  "id": "be8e0ad8-d545-4017-a55a-b02f014d4158",
  "organizationId": "10e8cbfa-7bd2-4361-bd6f-b02e013f9c41",
  "projectId": "e325ea69-a3ab-4dff-836f-b02e013fe530",
  "key": "SES_KEY",
  "value": "0.982492bc-7f37-4475-9e60",
  "note": "API Key for AWS SES",
  "creationDate": "2023-06-28T20:13:20.643567Z",
  "revisionDate": "2023-06-28T20:13:20.643567Z"
}`,
    key: { value: "0.982492bc-7f37-4475-9e60" }
  },
  // ── AWS Secrets Manager ──
  {
    format: { name: "secrets-manager", field: "password" },
    what: "a field of the JSON in SecretString",
    origin: "documented",
    source: secretsManager,
    answer: JSON.stringify({
      ARN: "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestDatabaseSecret-a1b2c3",
      CreatedDate: 1.523477145713e9,
      Name: "MyTestDatabaseSecret",
      SecretString: '{\n  "username":"david",\n  "password":"EXAMPLE-PASSWORD"\n}\n',
      VersionId: "EXAMPLE1-90ab-cdef-fedc-ba987SECRET1"
    }),
    auto: false,
    key: { value: "EXAMPLE-PASSWORD" }
  },
  {
    format: "secrets-manager",
    what: "the same with no field named",
    origin: "composed",
    source: secretsManager,
    answer:
      '{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:x","SecretString":"{\\"username\\":\\"david\\",\\"password\\":\\"EXAMPLE-PASSWORD\\"}"}',
    error: { _tag: "InvalidOutput", path: "SecretString", expected: "plain text" }
  },
  {
    format: "secrets-manager",
    what: "a binary secret",
    origin: "composed",
    source: secretsManager,
    answer: '{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:x","SecretBinary":"RVhBTVBMRQ=="}',
    error: { _tag: "InvalidOutput", path: "SecretString" }
  },
  {
    format: { name: "secrets-manager", field: "password" },
    what: "aws secretsmanager get-secret-value, AWSCURRENT",
    origin: "documented",
    source: awsCliSecret,
    answer: String.raw`{
    "ARN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestSecret-a1b2c3",
    "Name": "MyTestSecret",
    "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE11111",
    "SecretString": "{\"user\":\"diegor\",\"password\":\"EXAMPLE-PASSWORD\"}",
    "VersionStages": [
        "AWSCURRENT"
    ],
    "CreatedDate": 1523477145.713
}`,
    auto: false,
    key: { value: "EXAMPLE-PASSWORD" }
  },
  {
    format: { name: "secrets-manager", field: "password" },
    what: "aws secretsmanager get-secret-value, AWSPREVIOUS",
    origin: "documented",
    source: awsCliSecret,
    answer: String.raw`{
    "ARN": "arn:aws:secretsmanager:us-west-2:123456789012:secret:MyTestSecret-a1b2c3",
    "Name": "MyTestSecret",
    "VersionId": "a1b2c3d4-5678-90ab-cdef-EXAMPLE22222",
    "SecretString": "{\"user\":\"diegor\",\"password\":\"PREVIOUS-EXAMPLE-PASSWORD\"}",
    "VersionStages": [
        "AWSPREVIOUS"
    ],
    "CreatedDate": 1523477145.713
}`,
    auto: false,
    key: { value: "PREVIOUS-EXAMPLE-PASSWORD" }
  },
  // ── Azure Key Vault ──
  {
    format: "azure-key-vault",
    what: "the REST API's answer",
    origin: "documented",
    source: keyVault,
    answer: `{
  "value": "mysecretvalue",
  "id": "https://kv-sdk-test.vault-int.azure-int.net/secrets/mysecretname/4387e9f3d6e14c459867679a90fd0f79",
  "attributes": { "enabled": true, "created": 1493938410, "updated": 1493938410, "recoveryLevel": "Recoverable+Purgeable" }
}`,
    key: { value: "mysecretvalue" }
  },
  {
    format: "azure-key-vault",
    what: "az keyvault secret show, with an expiry",
    origin: "composed",
    source: keyVaultCli,
    answer:
      '{"attributes":{"created":"2023-01-05T10:04:21+00:00","enabled":true,"expires":"2024-01-05T10:04:21+00:00","notBefore":null},"contentType":null,"id":"https://kv.vault.azure.net/secrets/openai/43","name":"openai","value":"mysecretvalue"}',
    key: { value: "mysecretvalue", expiresAt: "2024-01-05T10:04:21.000Z" }
  },
  {
    format: "azure-key-vault",
    what: "a disabled version",
    origin: "composed",
    source: keyVault,
    answer:
      '{"attributes":{"enabled":false},"id":"https://kv.vault.azure.net/secrets/openai/43","value":"mysecretvalue"}',
    error: { _tag: "InvalidOutput", path: "attributes.enabled" }
  },
  // ── plain text and its traps ──
  {
    format: "gh",
    what: "gh auth token",
    origin: "composed",
    source: gh,
    answer: "gho_EXAMPLEexample0123456789\n",
    key: { value: "gho_EXAMPLEexample0123456789" }
  },
  {
    format: "first-line",
    what: "pass: the password, then what belongs to it",
    origin: "documented",
    source: pass,
    answer: 'Yw|ZSNH!}z"6{ym9pI\nURL: *.amazon.com/*\nUsername: AmazonianChicken@example.com\n',
    auto: false,
    key: { value: 'Yw|ZSNH!}z"6{ym9pI' }
  },
  {
    format: "text",
    what: "jq -r of a field that is not there",
    origin: "composed",
    source: `${jq}#object-identifier-index`,
    answer: "null\n",
    error: { _tag: "InvalidOutput", expected: "a key, not a word for nothing" }
  },
  {
    format: "auto",
    what: "jq without -r prints a JSON string",
    origin: "composed",
    source: `${jq}#invoking-jq`,
    answer: '"EXAMPLE-key"\n',
    error: { _tag: "InvalidOutput", expected: "a key without quotes" }
  },
  {
    format: "text",
    what: "dotenvx without its private key",
    origin: "composed",
    source: dotenvx,
    answer: "encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi\n",
    error: { _tag: "InvalidOutput", expected: "a decrypted key" }
  },
  // ── env ──
  {
    format: "env",
    what: "BASIC=basic",
    origin: "documented",
    source: `${dotenv}#rules`,
    answer: "BASIC=basic\n",
    auto: false,
    key: { value: "basic" }
  },
  {
    format: "env",
    what: "SINGLE_QUOTE='quoted'",
    origin: "documented",
    source: `${dotenv}#rules`,
    answer: "SINGLE_QUOTE='quoted'\n",
    auto: false,
    key: { value: "quoted" }
  },
  {
    format: "env",
    what: "EMPTY=",
    origin: "documented",
    source: `${dotenv}#rules`,
    answer: "EMPTY=\n",
    auto: false,
    error: { _tag: "InvalidOutput", expected: "a key that is not empty" }
  },
  {
    format: "env",
    what: "FOO=  some value  , which no header carries",
    origin: "documented",
    source: `${dotenv}#rules`,
    answer: "FOO=  some value  \n",
    auto: false,
    error: { _tag: "InvalidOutput", expected: "visible ASCII characters without spaces" }
  },
  {
    format: { name: "env", variable: "SINGLE_QUOTE" },
    what: "single and double quotes, comments, empty lines",
    origin: "composed",
    source: `${dotenv}#rules`,
    answer: "# a comment\nEMPTY=\n\nSINGLE_QUOTE='quoted'\nDOUBLE_QUOTE=\"quoted\" # inline\n",
    auto: false,
    key: { value: "quoted" }
  },
  {
    format: "env",
    what: "several variables and none named",
    origin: "composed",
    source: `${dotenv}#rules`,
    answer: "A_KEY=one\nB_KEY=two\n",
    error: { _tag: "InvalidOutput", expected: "one variable" }
  },
  // ── json ──
  ...(
    [
      ["/foo/0", "bar"],
      ["foo.1", "baz"],
      ["/", undefined],
      ["/a~1b", undefined],
      ["/m~0n", undefined]
    ] as const
  ).map(
    ([field, value]): Example => ({
      format: { name: "json", field },
      what: `the place ${field} of the document`,
      source: `${pointer}#section-5`,
      origin: "documented",
      answer: String.raw`{
      "foo": ["bar", "baz"],
      "": 0,
      "a/b": 1,
      "c%d": 2,
      "e^f": 3,
      "g|h": 4,
      "i\\j": 5,
      "k\"l": 6,
      " ": 7,
      "m~n": 8
   }`,
      auto: false,
      ...(value === undefined
        ? { error: { _tag: "InvalidOutput", path: field, expected: "a string" } }
        : { key: { value } })
    })
  ),
  ...(
    [
      ["/", { "": "zero" }, "zero"],
      ["/a~1b", { "a/b": "one" }, "one"],
      ["/m~0n", { "m~n": "eight" }, "eight"],
      ['/k"l', { 'k"l': "six" }, "six"]
    ] as const
  ).map(
    ([field, answer, value]): Example => ({
      format: { name: "json", field },
      what: `the place ${field}`,
      source: `${pointer}#section-5`,
      origin: "composed",
      answer: JSON.stringify(answer),
      auto: false,
      key: { value }
    })
  )
]
