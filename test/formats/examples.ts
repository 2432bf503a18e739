/** Answers as the protocols' own documentation prints them, and what they must be read as. */
import type { FormatSpec } from "effect-apikey/CredentialFormat"

export interface Example {
  readonly format: FormatSpec
  readonly what: string
  readonly source: string
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
const gitHelpers = "https://git-scm.com/docs/gitcredentials"
const docker = "https://github.com/docker/docker-credential-helpers"
const dockerLogin = "https://docs.docker.com/reference/cli/docker/login/#credential-helper-protocol"
const kubernetes = "https://kubernetes.io/docs/reference/access-authn-authz/authentication/#input-and-output-formats"
const google =
  "https://cloud.google.com/nodejs/docs/reference/google-auth-library/latest/google-auth-library/pluggableauthclient"
const cargo = "https://doc.rust-lang.org/cargo/reference/credential-provider-protocol.html"
const bazel = "https://github.com/EngFlow/credential-helper-spec/blob/main/spec.md"
const claude = "https://claude.com/docs/third-party/claude-desktop/credential-helper"
const rfc6749 = "https://www.rfc-editor.org/rfc/rfc6749"
const rfc8628 = "https://www.rfc-editor.org/rfc/rfc8628#section-3.5"
const entra = "https://learn.microsoft.com/entra/identity-platform/v2-oauth2-client-creds-grant-flow"
const az = "https://learn.microsoft.com/cli/azure/account#az-account-get-access-token"
const gcloud = "https://cloud.google.com/sdk/gcloud/reference/config/config-helper"
const kv2 = "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v2"
const kv1 = "https://developer.hashicorp.com/vault/api-docs/secret/kv/kv-v1"
const vaultLogin = "https://developer.hashicorp.com/vault/api-docs/auth/userpass"
const vaultDatabase = "https://developer.hashicorp.com/vault/api-docs/secret/databases"
const wrapping = "https://developer.hashicorp.com/vault/docs/concepts/response-wrapping"
const op = "https://developer.1password.com/docs/cli/item-template-json"
const opRead = "https://developer.1password.com/docs/cli/reference/commands/read"
const bitwarden = "https://bitwarden.com/help/cli/"
const bws = "https://bitwarden.com/help/secrets-manager-cli/"
const secretsManager = "https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html"
const keyVault = "https://learn.microsoft.com/rest/api/keyvault/secrets/get-secret/get-secret"
const keyVaultCli = "https://learn.microsoft.com/cli/azure/keyvault/secret#az-keyvault-secret-show"
const gh = "https://cli.github.com/manual/gh_auth_token"
const pass = "https://www.passwordstore.org"
const dotenv = "https://www.npmjs.com/package/dotenv#rules"
const dotenvx = "https://dotenvx.com/docs"
const pointer = "https://www.rfc-editor.org/rfc/rfc6901#section-5"
const jq = "https://jqlang.org/manual/"

const idTokenType = "urn:ietf:params:oauth:token-type:id_token"

export const examples: ReadonlyArray<Example> = [
  // ── aws ──
  {
    format: "aws-credential-process",
    what: "temporary credentials",
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
    source: aws,
    answer:
      '{"Version":1,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"}',
    key: { value: "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY", username: "AKIAIOSFODNN7EXAMPLE" }
  },
  {
    format: "aws-credential-process",
    what: "the page's own older spelling SecreteAccessKey is not the protocol's",
    source: aws,
    answer: `{
  "Version": 1,
  "AccessKeyId": "an AWS access key",
  "SecreteAccessKey": "your AWS secret access key"
}`,
    error: { _tag: "InvalidOutput", path: "SecretAccessKey", expected: "a string that is not empty" }
  },
  {
    format: "aws-credential-process",
    what: "Expiration must be a time, not a description of one",
    source: aws,
    answer: `{
  "Version": 1,
  "AccessKeyId": "AKIAIOSFODNN7EXAMPLE",
  "SecretAccessKey": "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY",
  "Expiration": "ISO8601 timestamp when the credentials expire"
}`,
    error: { _tag: "InvalidOutput", path: "Expiration", expected: "an RFC 3339 time" }
  },
  {
    format: "aws-credential-process",
    what: "Version must be set to 1",
    source: aws,
    answer: '{"Version":2,"AccessKeyId":"AKIAIOSFODNN7EXAMPLE","SecretAccessKey":"wJalrXUtnFEMI"}',
    error: { _tag: "InvalidOutput", path: "Version", expected: "the number 1" }
  },
  // ── git ──
  {
    format: "git-credential",
    what: "git credential fill",
    source: git,
    answer: "protocol=https\nhost=example.com\nusername=bob\npassword=secr3t\n",
    key: { value: "secr3t", username: "bob" }
  },
  {
    format: "git-credential",
    what: "a generated password with its expiry and refresh token",
    source: git,
    answer:
      "protocol=https\nhost=example.com\nusername=oauth2\npassword=EXAMPLETOKEN\npassword_expiry_utc=1693942857\noauth_refresh_token=EXAMPLEREFRESH\n\n",
    key: { value: "EXAMPLETOKEN", username: "oauth2", expiresAt: "2023-09-05T19:40:57.000Z" }
  },
  {
    format: "git-credential",
    what: "pre-encoded credentials (authtype and credential)",
    source: git,
    answer: "capability[]=authtype\nauthtype=Bearer\ncredential=EXAMPLETOKEN\nephemeral=1\n",
    key: { value: "EXAMPLETOKEN", headers: { authorization: "Bearer EXAMPLETOKEN" } }
  },
  {
    format: "git-credential",
    what: "authtype Basic with a base64 pair",
    source: git,
    answer: "authtype=Basic\ncredential=Ym9iOnNlY3IzdA==\n",
    key: { value: "Ym9iOnNlY3IzdA==", headers: { authorization: "Basic Ym9iOnNlY3IzdA==" } }
  },
  {
    format: "git-credential",
    what: "quit: no other helper is to be asked",
    source: gitHelpers,
    answer: "quit=1\n",
    auto: false,
    error: { _tag: "EmptyOutput" }
  },
  {
    format: "git-credential",
    what: "a value may hold = and any byte but newline and NUL",
    source: git,
    answer: "username=bob\npassword=p=a=s s \n",
    key: { value: "p=a=s s ", username: "bob" }
  },
  {
    format: "git-credential",
    what: "unrecognised attributes are silently discarded",
    source: git,
    answer: "username=bob\npassword=secr3t\nflavour=vanilla\n",
    auto: false,
    key: { value: "secr3t", username: "bob" }
  },
  {
    format: "git-credential",
    what: "multi-stage authentication",
    source: git,
    answer: "capability[]=state\nauthtype=NTLM\ncredential=EXAMPLE\ncontinue=1\nstate[]=helper:1\n",
    error: { _tag: "InvalidOutput", path: "continue" }
  },
  // ── docker ──
  {
    format: { name: "docker-credential", serverUrl: "https://index.docker.io/v1" },
    what: "get",
    source: dockerLogin,
    answer: '{\n  "ServerURL": "https://index.docker.io/v1",\n  "Username": "david",\n  "Secret": "passw0rd1"\n}',
    key: { value: "passw0rd1", username: "david" }
  },
  {
    format: "docker-credential",
    what: "an identity token, whose user name is <token>",
    source: dockerLogin,
    answer: '{"ServerURL":"https://index.docker.io/v1","Username":"<token>","Secret":"EXAMPLEIDENTITYTOKEN"}',
    error: { _tag: "InvalidOutput", path: "Username" }
  },
  {
    format: "docker-credential",
    what: "nothing there",
    source: `${docker}/blob/master/credentials/error.go`,
    answer: "credentials not found in native keychain\n",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "docker-credential",
    what: "no server URL on stdin",
    source: `${docker}/blob/master/credentials/error.go`,
    answer: "no credentials server URL",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "docker-credential",
    what: "no user name in the store",
    source: `${docker}/blob/master/credentials/error.go`,
    answer: "no credentials username",
    auto: false,
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  // ── kubernetes ──
  {
    format: "exec-credential",
    what: "v1, a bearer token",
    source: kubernetes,
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
    source: kubernetes,
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
    source: kubernetes,
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
    what: "the request itself, echoed without a status",
    source: kubernetes,
    answer: '{"apiVersion":"client.authentication.k8s.io/v1","kind":"ExecCredential","spec":{"interactive":true}}',
    error: { _tag: "InvalidOutput", path: "status", expected: "an object" }
  },
  {
    format: "exec-credential",
    what: "an answer in another version than was asked for",
    source: kubernetes,
    answer:
      '{"apiVersion":"client.authentication.k8s.io/v1beta1","kind":"ExecCredential","status":{"token":"my-bearer-token"}}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "apiVersion", expected: "client.authentication.k8s.io/v1" }
  },
  // ── google ──
  {
    format: "google-executable",
    what: "OIDC response",
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
    source: google,
    answer:
      '{"version":1,"success":true,"token_type":"urn:ietf:params:oauth:token-type:saml2","saml_response":"PHNhbWw+","expiration_time":1620433341}',
    key: { value: "PHNhbWw+", expiresAt: "2021-05-08T00:22:21.000Z" }
  },
  {
    format: "google-executable",
    what: "error response",
    source: google,
    answer: '{\n  "version": 1,\n  "success": false,\n  "code": "401",\n  "message": "Error message."\n}',
    error: { _tag: "NonZeroExit", reason: "LoginRequired", stderr: "401: Error message." }
  },
  {
    format: "google-executable",
    what: "an error response must have a code and a message",
    source: google,
    answer: '{"version":1,"success":false,"code":"401"}',
    error: { _tag: "InvalidOutput", path: "message" }
  },
  // ── cargo ──
  {
    format: "cargo",
    what: "get success response, cached until it expires",
    source: cargo,
    answer:
      '{"v":[1]}\n{"Ok":{"kind":"get","token":"...","cache":"expires","expiration":1693942857,"operation_independent":true}}\n',
    key: { value: "...", expiresAt: "2023-09-05T19:40:57.000Z" }
  },
  {
    format: "cargo",
    what: "get success response, cached for the session",
    source: cargo,
    answer: '{"v":[1]}\n{"Ok":{"kind":"get","token":"...","cache":"session","operation_independent":true}}\n',
    key: { value: "..." }
  },
  {
    format: "cargo",
    what: "URL not supported",
    source: cargo,
    answer:
      '{"v":[1]}\n{"Err":{"kind":"url-not-supported","message":"free form string error message","caused-by":["cause 1","cause 2"]}}\n',
    error: { _tag: "NonZeroExit", reason: "NotFound", stderr: "" }
  },
  {
    format: "cargo",
    what: "not found",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"not-found"}}\n',
    error: { _tag: "NonZeroExit", reason: "NotFound" }
  },
  {
    format: "cargo",
    what: "operation not supported",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"operation-not-supported"}}\n',
    error: { _tag: "NonZeroExit", reason: "Unknown" }
  },
  {
    format: "cargo",
    what: "other failure",
    source: cargo,
    answer: '{"v":[1]}\n{"Err":{"kind":"other","message":"free form string error message"}}\n',
    error: { _tag: "NonZeroExit", reason: "Unknown", stderr: "" }
  },
  {
    format: "cargo",
    what: "the answer to a log-in is not one to get",
    source: cargo,
    answer: '{"v":[1]}\n{"Ok":{"kind":"login"}}\n',
    error: { _tag: "InvalidOutput", path: "Ok.kind" }
  },
  // ── bazel ──
  {
    format: "bazel",
    what: "an Authorization header",
    source: bazel,
    answer: '{\n  "headers": {\n    "Authorization": ["Bearer token..."]\n  }\n}',
    key: { value: "token...", headers: { Authorization: "Bearer token..." } }
  },
  {
    format: "bazel",
    what: "multiple custom headers",
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
    source: bazel,
    answer: '{\n  "headers": {}\n}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "headers", expected: "at least one header" }
  },
  {
    format: "bazel",
    what: "the same without headers",
    source: bazel,
    answer: "{}",
    auto: false,
    error: { _tag: "InvalidOutput", path: "headers" }
  },
  {
    format: "bazel",
    what: "the same with an empty list",
    source: bazel,
    answer: '{"headers":{"header1":[]}}',
    error: { _tag: "InvalidOutput", path: "headers" }
  },
  {
    format: "bazel",
    what: "with the field expires",
    source: "https://github.com/EngFlow/credential-helper-spec/pull/2",
    answer: '{"headers":{"header1":["value1"]},"expires":"1970-09-29T11:46:29Z"}',
    error: { _tag: "ExpiredOnArrival" }
  },
  // ── claude desktop ──
  {
    format: "claude-desktop",
    what: "a token with headers for each request",
    source: claude,
    answer: '{ "token": "...", "headers": { "X-Org-Route": "prod" } }',
    key: { value: "...", headers: { authorization: "Bearer ...", "X-Org-Route": "prod" } }
  },
  {
    format: "text",
    what: "a single bare token: the whole trimmed stdout",
    source: claude,
    answer: "\n  sk-ant-example-token\n",
    key: { value: "sk-ant-example-token" }
  },
  // ── oauth ──
  {
    format: "oauth",
    what: "successful response",
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
    source: `${rfc6749}#section-5.2`,
    answer: '{\n  "error":"invalid_request"\n}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "Unknown", stderr: "invalid_request" }
  },
  {
    format: "oauth",
    what: "an expired grant",
    source: `${rfc6749}#section-5.2`,
    answer: '{"error":"invalid_grant","error_description":"The refresh token has expired."}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired", stderr: "invalid_grant" }
  },
  {
    format: "oauth",
    what: "a device that nobody has confirmed yet",
    source: rfc8628,
    answer: '{"error":"authorization_pending"}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired" }
  },
  {
    format: "oauth",
    what: "Microsoft Entra, client credentials",
    source: entra,
    answer:
      '{"token_type":"Bearer","expires_in":3599,"access_token":"eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNBVGZNNXBP..."}',
    key: {
      value: "eyJ0eXAiOiJKV1QiLCJhbGciOiJSUzI1NiIsIng1dCI6Ik1uQ19WWmNBVGZNNXBP...",
      expiresAt: "2000-01-01T00:59:59.000Z"
    }
  },
  // ── az ──
  {
    format: "az",
    what: "with expires_on, which wins over local time",
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
    source: az,
    answer: '{"accessToken":"EXAMPLE","expiresOn":"2023-11-14T15:50:46+00:00","tokenType":"Bearer"}',
    key: { value: "EXAMPLE", expiresAt: "2023-11-14T15:50:46.000Z" }
  },
  // ── gcloud ──
  {
    format: "gcloud",
    what: "config-helper",
    source: gcloud,
    answer: `{
  "configuration": {
    "active_configuration": "default",
    "properties": { "core": { "account": "user@example.com", "project": "example" } }
  },
  "credential": {
    "access_token": "ya29.EXAMPLE",
    "token_expiry": "2016-12-15T23:04:16Z"
  },
  "sentinels": { "config_sentinel": "~/.config/gcloud/config_sentinel" }
}`,
    key: { value: "ya29.EXAMPLE", expiresAt: "2016-12-15T23:04:16.000Z" }
  },
  // ── vault ──
  {
    format: "vault",
    what: "key-value store version 2",
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
    auto: false,
    key: { value: "bar" }
  },
  {
    format: "vault",
    what: "version 2, a deleted version",
    source: `${kv2}#read-secret-version`,
    answer:
      '{"request_id":"x","lease_id":"","lease_duration":0,"data":{"data":null,"metadata":{"created_time":"2018-03-22T02:24:06.945319214Z","deletion_time":"2018-03-22T02:36:43.986212308Z","destroyed":false,"version":1}}}',
    error: { _tag: "InvalidOutput", path: "data.data" }
  },
  {
    format: { name: "vault", field: "foo" },
    what: "version 1, whose lease_duration is only a hint",
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
    source: `${kv1}#sample-response`,
    answer: '{"auth":null,"data":{"foo":"bar","ttl":"1h"},"lease_duration":3600,"lease_id":"","renewable":false}',
    auto: false,
    error: { _tag: "InvalidOutput", path: "data", expected: "one field that is a string" }
  },
  {
    format: { name: "vault", field: "password" },
    what: "a leased database password",
    source: `${vaultDatabase}#generate-credentials`,
    answer:
      '{"request_id":"x","lease_id":"database/creds/my-role/2f6a614c","lease_duration":3600,"renewable":true,"data":{"username":"root-1430158508-126","password":"132ae3ef-5a64-7499-351e-bfe59f3a2a21"}}',
    auto: false,
    key: { value: "132ae3ef-5a64-7499-351e-bfe59f3a2a21", expiresAt: "2000-01-01T01:00:00.000Z" }
  },
  {
    format: "vault",
    what: "a log-in",
    source: `${vaultLogin}#login`,
    answer: `{
  "request_id": "",
  "lease_id": "",
  "renewable": false,
  "lease_duration": 0,
  "data": null,
  "warnings": null,
  "auth": {
    "client_token": "64d2a8f2-2a2f-5688-102b-e6088b76e344",
    "accessor": "18bb8f89-826a-56ee-c65b-1736dc5ea27d",
    "policies": ["default"],
    "metadata": { "username": "mitchellh" },
    "lease_duration": 7200,
    "renewable": true
  }
}`,
    key: { value: "64d2a8f2-2a2f-5688-102b-e6088b76e344", expiresAt: "2000-01-01T02:00:00.000Z" }
  },
  {
    format: "vault",
    what: "a wrapped answer",
    source: wrapping,
    answer:
      '{"request_id":"","lease_id":"","lease_duration":0,"renewable":false,"data":null,"warnings":null,"wrap_info":{"token":"fb79b9d3-d94e-9eb6-4919-c559311133d6","ttl":300,"creation_time":"2016-09-28T14:41:00.56961496-04:00"}}',
    error: { _tag: "InvalidOutput", path: "wrap_info" }
  },
  // ── 1Password ──
  {
    format: "op",
    what: "a log-in item",
    source: op,
    answer: `{
  "title": "My Example Login Item",
  "category": "LOGIN",
  "vault": { "id": "sor33rgjjcg2xykftymcmqm5am" },
  "fields": [
    { "id": "username", "type": "STRING", "purpose": "USERNAME", "label": "username", "value": "wendy.appleseed@example.com" },
    { "id": "password", "type": "CONCEALED", "purpose": "PASSWORD", "label": "password", "value": "EXAMPLE-pass" },
    { "id": "notesPlain", "type": "STRING", "purpose": "NOTES", "label": "notesPlain", "value": "" }
  ]
}`,
    key: { value: "EXAMPLE-pass" }
  },
  {
    format: "op",
    what: "an API credential item: the field credential",
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
    source: op,
    answer:
      '{"category":"LOGIN","vault":{},"fields":[{"id":"a1","type":"CONCEALED","label":"other","value":"EXAMPLE-other"},{"id":"a2","type":"CONCEALED","label":"password","value":"EXAMPLE-pass"}]}',
    auto: false,
    key: { value: "EXAMPLE-other" }
  },
  {
    format: "text",
    what: "op read",
    source: opRead,
    answer: "EXAMPLE-pass\n",
    key: { value: "EXAMPLE-pass" }
  },
  // ── Bitwarden ──
  {
    format: "bitwarden",
    what: "bw get item",
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
    source: `${bitwarden}#get`,
    answer: '{"object":"item","type":2,"fields":[{"name":"API_KEY","value":"EXAMPLE-key","type":1}]}',
    auto: false,
    key: { value: "EXAMPLE-key" }
  },
  {
    format: "bitwarden",
    what: "--response, locked",
    source: `${bitwarden}#--response`,
    answer: '{"success":false,"message":"Vault is locked."}',
    auto: false,
    error: { _tag: "NonZeroExit", reason: "LoginRequired" }
  },
  {
    format: "bitwarden",
    what: "--response, a password",
    source: `${bitwarden}#--response`,
    answer: '{"success":true,"data":{"object":"string","data":"myp@ssword123"}}',
    key: { value: "myp@ssword123" }
  },
  {
    format: "bitwarden",
    what: "bws secret get",
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
  // ── AWS Secrets Manager ──
  {
    format: { name: "secrets-manager", field: "password" },
    what: "a field of the JSON in SecretString",
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
    source: secretsManager,
    answer:
      '{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:x","SecretString":"{\\"username\\":\\"david\\",\\"password\\":\\"EXAMPLE-PASSWORD\\"}"}',
    error: { _tag: "InvalidOutput", path: "SecretString", expected: "plain text" }
  },
  {
    format: "secrets-manager",
    what: "a binary secret",
    source: secretsManager,
    answer: '{"ARN":"arn:aws:secretsmanager:us-west-2:123456789012:secret:x","SecretBinary":"RVhBTVBMRQ=="}',
    error: { _tag: "InvalidOutput", path: "SecretString" }
  },
  // ── Azure Key Vault ──
  {
    format: "azure-key-vault",
    what: "the REST API's answer",
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
    source: keyVaultCli,
    answer:
      '{"attributes":{"created":"2023-01-05T10:04:21+00:00","enabled":true,"expires":"2024-01-05T10:04:21+00:00","notBefore":null},"contentType":null,"id":"https://kv.vault.azure.net/secrets/openai/43","name":"openai","value":"mysecretvalue"}',
    key: { value: "mysecretvalue", expiresAt: "2024-01-05T10:04:21.000Z" }
  },
  {
    format: "azure-key-vault",
    what: "a disabled version",
    source: keyVault,
    answer:
      '{"attributes":{"enabled":false},"id":"https://kv.vault.azure.net/secrets/openai/43","value":"mysecretvalue"}',
    error: { _tag: "InvalidOutput", path: "attributes.enabled" }
  },
  // ── plain text and its traps ──
  {
    format: "gh",
    what: "gh auth token",
    source: gh,
    answer: "gho_EXAMPLEexample0123456789\n",
    key: { value: "gho_EXAMPLEexample0123456789" }
  },
  {
    format: "first-line",
    what: "pass: the password, then what belongs to it",
    source: pass,
    answer: 'Yw|ZSNH!}z"6{ym9pI\nURL: *.amazon.com/*\nUsername: AmazonianChicken@example.com\n',
    auto: false,
    key: { value: 'Yw|ZSNH!}z"6{ym9pI' }
  },
  {
    format: "text",
    what: "jq -r of a field that is not there",
    source: `${jq}#object-identifier-index`,
    answer: "null\n",
    error: { _tag: "InvalidOutput", expected: "a key, not a word for nothing" }
  },
  {
    format: "auto",
    what: "jq without -r prints a JSON string",
    source: `${jq}#invoking-jq`,
    answer: '"EXAMPLE-key"\n',
    error: { _tag: "InvalidOutput", expected: "a key without quotes" }
  },
  {
    format: "text",
    what: "dotenvx without its private key",
    source: dotenvx,
    answer: "encrypted:BDqDBibm4wsYqMpCjTQ6BsDHmMadg9K3dAt+Z9HPMfLEIRVz50hmLXPXRuDBXaJi\n",
    error: { _tag: "InvalidOutput", expected: "a decrypted key" }
  },
  // ── env ──
  {
    format: "env",
    what: "BASIC=basic",
    source: dotenv,
    answer: "BASIC=basic\n",
    auto: false,
    key: { value: "basic" }
  },
  {
    format: { name: "env", variable: "SINGLE_QUOTE" },
    what: "single and double quotes, comments, empty lines",
    source: dotenv,
    answer: "# a comment\nEMPTY=\n\nSINGLE_QUOTE='quoted'\nDOUBLE_QUOTE=\"quoted\" # inline\n",
    auto: false,
    key: { value: "quoted" }
  },
  {
    format: "env",
    what: "several variables and none named",
    source: dotenv,
    answer: "A_KEY=one\nB_KEY=two\n",
    error: { _tag: "InvalidOutput", expected: "one variable" }
  },
  // ── json ──
  ...(
    [
      ["/foo/0", { foo: ["bar", "baz"] }, "bar"],
      ["/", { "": "zero" }, "zero"],
      ["/a~1b", { "a/b": "one" }, "one"],
      ["/m~0n", { "m~n": "eight" }, "eight"],
      ['/k"l', { 'k"l': "six" }, "six"],
      ["foo.1", { foo: ["bar", "baz"] }, "baz"]
    ] as const
  ).map(
    ([field, answer, value]): Example => ({
      format: { name: "json", field },
      what: `the place ${field}`,
      source: pointer,
      answer: JSON.stringify(answer),
      auto: false,
      key: { value }
    })
  )
]
