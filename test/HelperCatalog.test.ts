import * as Option from "effect/Option"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import * as HelperCatalog from "effect-apikey/HelperCatalog"
import { describe, expect, it } from "vitest"

interface Seen {
  readonly program: string
  readonly exitCode: number
  readonly stderr?: string
  readonly stdout?: string
  readonly reason: string
  readonly remedy?: RegExp
}

/** What these programs wrote when they were run without a terminal: by `pass`, gpg and others see also test/integration/tools. */
const measured: ReadonlyArray<Seen> = [
  {
    program: "gcloud",
    exitCode: 1,
    stderr:
      "ERROR: (gcloud.auth.print-access-token) You do not currently have an active account selected.\nPlease run:\n\n  $ gcloud auth login\n",
    reason: "LoginRequired",
    remedy: /gcloud auth login/
  },
  {
    program: "az",
    exitCode: 1,
    stderr: "ERROR: Please run 'az login' to setup account.\n",
    reason: "LoginRequired",
    remedy: /az login/
  },
  { program: "gh", exitCode: 1, stderr: "no oauth token\n", reason: "LoginRequired", remedy: /gh auth login/ },
  {
    program: "gh",
    exitCode: 4,
    stderr: "To get started with GitHub CLI, please run:  gh auth login\n",
    reason: "LoginRequired"
  },
  { program: "bw", exitCode: 1, stderr: "You are not logged in.\n", reason: "LoginRequired", remedy: /bw login/ },
  {
    program: "bw",
    exitCode: 1,
    stdout: '{"success":false,"message":"You are not logged in."}',
    reason: "LoginRequired"
  },
  {
    program: "keepassxc-cli",
    exitCode: 1,
    stderr:
      "Enter password to unlock k.kdbx: \nError while reading the database: Invalid credentials were provided, please try again.\n",
    reason: "LoginRequired"
  },
  { program: "keepassxc-cli", exitCode: 1, stderr: "Could not find entry with path nope.\n", reason: "NotFound" },
  { program: "keepassxc-cli", exitCode: 1, stderr: "", reason: "LoginRequired", remedy: /-q/ },
  {
    program: "keyring",
    exitCode: 1,
    stderr: "Traceback …\nkeyring.errors.NoKeyringError: No recommended backend was available.",
    reason: "Unavailable"
  },
  {
    program: "ansible-vault",
    exitCode: 1,
    stderr: "ERROR! Decryption failed (no vault secrets were found that could decrypt) on s.txt for s.txt",
    reason: "Denied"
  },
  {
    program: "ansible-vault",
    exitCode: 1,
    stderr: "ERROR! Unable to read source file (nope): [Errno 2] No such file or directory: 'nope'",
    reason: "NotFound"
  },
  {
    program: "ansible-vault",
    exitCode: 1,
    stderr:
      "Vault password: [WARNING]: Error in vault password prompt (default): EOFError (ctrl-d) on prompt for (default)",
    reason: "LoginRequired"
  },
  {
    program: "secret-tool",
    exitCode: 1,
    stderr: "secret-tool: Cannot autolaunch D-Bus without X11 $DISPLAY",
    reason: "Unavailable"
  },
  {
    program: "aws",
    exitCode: 255,
    stderr: "\nError loading SSO Token: Token for s does not exist\n",
    reason: "LoginRequired",
    remedy: /aws sso login/
  },
  {
    program: "gopass",
    exitCode: 1,
    stderr: 'Error: could not find password "x" at path "/home/u/.password-store/x.gpg".',
    reason: "NotFound"
  }
]

const fromManuals: ReadonlyArray<Seen> = [
  {
    program: "op",
    exitCode: 1,
    stderr:
      "[ERROR] 2026/07/08 19:40:01 You are not currently signed in. Please run `op signin --help` for instructions",
    reason: "LoginRequired",
    remedy: /op signin/
  },
  {
    program: "op.exe",
    exitCode: 1,
    stderr: "[ERROR] 2026/07/08 19:40:01 account is not signed in",
    reason: "LoginRequired"
  },
  {
    program: "op",
    exitCode: 1,
    stderr:
      '[ERROR] 2026/07/08 19:40:01 "x" isn\'t an item in the "Employee" vault. Specify the item with its UUID, name, or domain.',
    reason: "NotFound"
  },
  { program: "vault", exitCode: 2, stderr: "No value found at secret/data/foo", reason: "NotFound" },
  {
    program: "vault",
    exitCode: 2,
    stderr: "Error making API request.\n\nCode: 403. Errors:\n\n* permission denied",
    reason: "Denied"
  },
  {
    program: "vault",
    exitCode: 2,
    stderr: "Code: 400. Errors:\n\n* missing client token",
    reason: "LoginRequired",
    remedy: /vault login/
  },
  {
    program: "vault",
    exitCode: 2,
    stderr: "dial tcp 127.0.0.1:8200: connect: connection refused",
    reason: "Unavailable"
  },
  { program: "security", exitCode: 44, stderr: "security: SecKeychainSearchCopyNext: …", reason: "NotFound" },
  { program: "security", exitCode: 36, reason: "LoginRequired", remedy: /unlock-keychain/ },
  { program: "security", exitCode: 51, reason: "Denied" },
  { program: "secret-tool", exitCode: 1, reason: "NotFound", remedy: /locked/ },
  { program: "keyring", exitCode: 1, reason: "NotFound" },
  { program: "doppler", exitCode: 1, stderr: "Doppler Error: you must provide a token", reason: "LoginRequired" },
  { program: "doppler", exitCode: 1, stderr: "Doppler Error: Could not find requested secret: X", reason: "NotFound" },
  {
    program: "infisical",
    exitCode: 1,
    stderr: "error: Your login session has expired, please run [infisical login] and try again",
    reason: "LoginRequired",
    remedy: /infisical login/
  },
  {
    program: "kubelogin",
    exitCode: 1,
    stderr:
      "error: get-token: authentication error: authcode-browser error: authorization code flow error: oauth2 error",
    reason: "LoginRequired"
  },
  {
    program: "kubelogin",
    exitCode: 1,
    stderr: "error: get-token: authentication error: oidc error: oidc discovery error: 503 Service Unavailable",
    reason: "Unavailable"
  },
  { program: "gopass", exitCode: 10, reason: "NotFound" },
  { program: "gopass", exitCode: 11, reason: "LoginRequired" },
  {
    program: "docker-credential-osxkeychain",
    exitCode: 1,
    stdout: "credentials not found in native keychain\n",
    reason: "NotFound"
  },
  { program: "bw", exitCode: 1, stderr: "Vault is locked.", reason: "LoginRequired", remedy: /bw unlock/ },
  { program: "gcloud", exitCode: 1, stderr: "ERROR: (gcloud.x) Reauthentication required.", reason: "LoginRequired" },
  {
    program: "az",
    exitCode: 1,
    stderr: "ERROR: AADSTS700082: The refresh token has expired due to inactivity.",
    reason: "LoginRequired"
  }
]

describe.each([
  ["seen with the real program", measured],
  ["as its manual or source has it", fromManuals]
])("a failure %s means", (_, failures) => {
  it.each(failures)(
    "$program, status $exitCode: $reason",
    ({ exitCode, program, reason, remedy, stderr = "", stdout = "" }) => {
      const meaning = HelperCatalog.classify(HelperCatalog.find(program), { exitCode, stderr, stdout })
      expect(meaning.reason).toBe(reason)
      if (remedy !== undefined) expect(meaning.remedy).toMatch(remedy)
    }
  )
})

describe("the catalog", () => {
  const wanted = [
    ...["op", "vault", "aws", "gcloud", "az", "gh", "git", "pass", "gopass", "gpg", "age", "secret-tool", "security"],
    ...["keepassxc-cli", "bw", "doppler", "infisical", "dotenvx", "kubelogin", "docker-credential-pass", "keyring"],
    ...["ansible-vault", "jq"]
  ]

  it.each(wanted)("knows %s: how to install it, where that is known from, what it prints", (program) => {
    const entry = Option.getOrThrow(HelperCatalog.find(program))
    expect(entry.install).not.toBe("")
    expect(entry.source).not.toBe("")
    expect(entry.failures.length).toBeGreaterThan(0)
    expect(entry.speaks.filter((name) => !new Set<string>(CredentialFormat.formatNames).has(name))).toEqual([])
    if (entry.format !== undefined) expect(entry.speaks).toContain(entry.format)
  })

  it("gives its advice in one line, with no secret's place in it", () => {
    const lines = HelperCatalog.all.flatMap(({ failures, install }) => [
      install,
      ...failures.map(({ remedy }) => remedy ?? "")
    ])
    expect(lines.filter((line) => /[\r\n]/.test(line))).toEqual([])
  })

  it("has no pattern that remembers where it last looked", () => {
    const patterns = HelperCatalog.all.flatMap(({ failures, program }) => [
      program,
      ...failures.flatMap(({ stderr, stdout }) => [stderr, stdout])
    ])
    expect(patterns.filter((pattern) => pattern?.global === true || pattern?.sticky === true)).toEqual([])
  })

  it("says which tools may ask a person without a terminal", () => {
    const mayPrompt = wanted.filter((program) => Option.exists(HelperCatalog.find(program), (entry) => entry.mayPrompt))
    for (const program of [
      "op",
      "security",
      "secret-tool",
      "pass",
      "gpg",
      "bw",
      "aws",
      "gcloud",
      "az",
      "kubelogin",
      "git"
    ]) {
      expect(mayPrompt).toContain(program)
    }
    for (const program of ["jq", "age", "dotenvx", "vault", "gh"]) expect(mayPrompt).not.toContain(program)
  })

  it("is found by the program's name, with a Windows shim's ending too, and not by a part of it", () => {
    expect(Option.map(HelperCatalog.find("az.cmd"), ({ name }) => name)).toEqual(Option.some("az"))
    expect(HelperCatalog.find("opensnitch")).toEqual(Option.none())
    expect(HelperCatalog.find("my-op")).toEqual(Option.none())
  })
})

describe("an unknown helper", () => {
  const classify = (exitCode: number, explain?: Parameters<typeof HelperCatalog.classify>[2]) =>
    HelperCatalog.classify(HelperCatalog.find("get-token"), { exitCode, stderr: "no", stdout: "" }, explain)

  it("loses only its hints", () => {
    expect(classify(1)).toEqual({ reason: "Unknown" })
  })

  it("that ends with EX_TEMPFAIL is unavailable", () => {
    expect(classify(75)).toEqual({ reason: "Unavailable" })
  })

  it("is explained by its format", () => {
    expect(classify(1, () => Option.some({ reason: "Denied", detail: "403" }))).toEqual({
      reason: "Denied",
      detail: "403"
    })
  })
})
