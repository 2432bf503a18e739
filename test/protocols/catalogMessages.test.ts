import * as HelperCatalog from "effect-apikey/HelperCatalog"
import * as fc from "fast-check"
import { describe, expect, it } from "vitest"
import { wordsOfEntry } from "../../src/internal/helper/output.js"
import { redact } from "../../src/internal/redact/redact.js"
import { sourcesOf } from "../../src/internal/redact/sources.js"

/** How each program is usually called, by a name that its entry knows. A program that is not listed gets `others`. */
const usual: Readonly<Record<string, ReadonlyArray<string>>> = {
  op: ["read", "op://Private/OpenAI/api-key"],
  vault: ["kv", "get", "-mount=secret", "-field=api_key", "openai"],
  aws: [
    "secretsmanager",
    "get-secret-value",
    "--secret-id",
    "openai",
    "--query",
    "SecretString",
    "--output",
    "text",
    "--profile",
    "work"
  ],
  gcloud: ["secrets", "versions", "access", "latest", "--secret=openai", "--project=my-project"],
  az: ["account", "get-access-token", "--resource", "https://cognitiveservices.azure.com"],
  gh: ["auth", "token", "--hostname", "github.com"],
  git: ["credential", "fill"],
  "git-credential-store": ["get"],
  pass: ["show", "ai/openai"],
  gopass: ["show", "-o", "ai/openai"],
  gpg: ["--quiet", "--decrypt", "openai.gpg"],
  age: ["-d", "-i", ".config/age/identity.txt", ".config/age/openai.age"],
  "secret-tool": ["lookup", "service", "openai"],
  security: ["find-generic-password", "-s", "openai", "-w"],
  "keepassxc-cli": ["show", "-q", "--attributes", "password", "--key-file", "key", "keys.kdbx", "openai"],
  bw: ["get", "password", "OpenAI"],
  bws: ["secret", "get", "be8e0ad8-d545-4017-a55a-b02f014d4158"],
  doppler: ["secrets", "get", "OPENAI_API_KEY", "--plain"],
  infisical: ["secrets", "get", "OPENAI_API_KEY", "--plain", "--silent"],
  keyring: ["get", "service", "username"],
  "ansible-vault": ["view", "--vault-password-file", "pass.txt", "secrets.yml"],
  openssl: ["enc", "-d", "-aes-256-cbc", "-pass", "file:pass.txt", "-in", "openai.enc"],
  jq: ["-er", ".credentials.token", "credentials.json"],
  kubelogin: ["get-token", "--login", "azurecli", "--server-id", "server"],
  sops: ["decrypt", "--extract", '["openai"]', "secrets.yaml"]
}

const others = ["get", "show", "--format=json", "secret", "credential", "token", "password"]

const nameOf = (entry: HelperCatalog.Entry): string | undefined =>
  Object.keys(usual).find((name) => entry.program.test(name))

const shown = (entry: HelperCatalog.Entry, message: string): string =>
  redact(
    message,
    sourcesOf({
      args: usual[nameOf(entry) ?? ""] ?? others,
      env: {},
      inherited: { HOME: "/home/someone", PATH: "/usr/bin:/bin", LANG: "en_US.UTF-8", AWS_REGION: "eu-central-1" },
      input: "",
      stdout: "",
      words: new Set(wordsOfEntry(entry))
    })
  )

describe("the catalog's own messages are readable where the helper got its usual arguments", () => {
  for (const entry of HelperCatalog.all) {
    const patterns = entry.failures.flatMap(({ stderr }) => (stderr === undefined ? [] : [stderr]))
    if (patterns.length === 0) continue
    it(`of ${nameOf(entry) ?? entry.program.source}: each is recognised after redaction as before`, () => {
      for (const pattern of patterns) {
        fc.assert(
          fc.property(fc.stringMatching(new RegExp(`^(?:${pattern.source})$`), { size: "xsmall" }), (message) => {
            fc.pre(pattern.test(message))
            const text = shown(entry, message)
            expect(text === "" || pattern.test(text), `${JSON.stringify(message)}: ${JSON.stringify(text)}`).toBe(
              message.trim() !== "" || text === ""
            )
          }),
          { numRuns: 20 }
        )
      }
    })
  }
})

/** Messages as these programs write them. Items and hosts that the arguments name may be hidden. */
const messages: ReadonlyArray<readonly [program: string, message: string, shown?: string]> = [
  ["op", "[ERROR] 2026/07/08 19:40:01 You are not currently signed in. Please run `op signin --help` for instructions"],
  [
    "op",
    '[ERROR] 2026/07/08 19:40:01 "OpenAI" isn\'t an item in the "Private" vault. Specify the item with its UUID, name, or domain.'
  ],
  [
    "op",
    "[ERROR] 2026/07/08 19:40:01 could not read secret 'op://Private/OpenAI/api-key': item not found",
    "[ERROR] 2026/07/08 19:40:01 could not read secret '<redacted>': item not found"
  ],
  [
    "vault",
    "Error making API request.\n\nURL: GET https://vault:8200/v1/sys/internal/ui/mounts/secret/openai\nCode: 403. Errors:\n\n* permission denied",
    "Error making API request.\n\nURL: GET https://vault:8200/v1/sys/internal/ui/mounts/secret/<redacted>\nCode: 403. Errors:\n\n* permission denied"
  ],
  ["vault", "No value found at secret/data/openai", "No value found at secret/data/<redacted>"],
  [
    "aws",
    "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation: Secrets Manager can't find the specified secret."
  ],
  ["aws", "\nError loading SSO Token: Token for work does not exist\n"],
  ["aws", 'Could not connect to the endpoint URL: "https://secretsmanager.eu-central-1.amazonaws.com/"'],
  [
    "gcloud",
    "ERROR: (gcloud.secrets.versions.access) You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login\n\nto obtain new credentials."
  ],
  [
    "gcloud",
    "ERROR: (gcloud.secrets.versions.access) PERMISSION_DENIED: Permission 'secretmanager.versions.access' denied on resource (or it may not exist)."
  ],
  ["az", "ERROR: Please run 'az login' to setup account.\n"],
  ["az", "ERROR: AADSTS700082: The refresh token has expired due to inactivity."],
  ["gh", "no oauth token found for github.com", "no oauth token found for <redacted>"],
  ["gh", "To get started with GitHub CLI, please run:  gh auth login\n"],
  ["git", "fatal: refusing to work with credential missing host field"],
  ["git", "fatal: could not read Username for 'https://example.com': terminal prompts disabled"],
  ["pass", "Error: ai/openai is not in the password store.", "Error: <redacted> is not in the password store."],
  ["gopass", "Error: failed to retrieve secret: Entry is not in the password store"],
  ["gpg", "gpg: decryption failed: No secret key"],
  ["age", 'age: error: failed to open input file "x.age": open x.age: no such file or directory'],
  ["age", "age: error: no identity matched any of the recipients"],
  ["secret-tool", "secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY"],
  ["keepassxc-cli", "Error while reading the database: Invalid credentials were provided, please try again."],
  ["bw", "You are not logged in."],
  ["bw", "Vault is locked."],
  ["bws", "Error: Missing access token"],
  ["doppler", "Doppler Error: Could not find requested secret: OTHER"],
  ["infisical", "error: Your login session has expired, please run [infisical login] and try again"],
  ["keyring", "keyring.errors.NoKeyringError: No recommended backend was available."],
  ["ansible-vault", "ERROR! Decryption failed (no vault secrets were found that could decrypt) on s.txt for s.txt"],
  ["openssl", "bad decrypt\n4057DEFC617F0000:error:1C800064:Provider routines:ossl_cipher_unpadblock:bad decrypt"],
  ["jq", "jq: error: Could not open file f.json: Permission denied"]
]

describe("a message is shown as it was written", () => {
  for (const [program, message, expected = message] of messages) {
    it(`by ${program}: ${message}`, () => {
      const entry = HelperCatalog.all.find((each) => each.program.test(program))
      if (entry === undefined) throw new Error(`no entry knows ${program}`)
      expect(shown(entry, message)).toBe(expected)
    })
  }
})
