import * as Option from "effect/Option"
import * as CredentialFormat from "effect-apikey/CredentialFormat"
import type * as Table from "effect-apikey/formats/table"
import * as HelperCatalog from "effect-apikey/HelperCatalog"
import * as Lookup from "effect-apikey/internal/format/lookup"
import { describe, expect, it } from "vitest"
import { documented, problems } from "../../docs/data/helpers.js"

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
    program: "gcloud",
    exitCode: 1,
    stderr:
      "ERROR: (gcloud.auth.application-default.print-access-token) Your default credentials were not found. To set up Application Default Credentials, see https://cloud.google.com/docs/authentication/external/set-up-adc for more information.\n",
    reason: "LoginRequired",
    remedy: /gcloud auth application-default login/
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
  { program: "keyring", exitCode: 1, reason: "NotFound", remedy: /keyring set/ },
  { program: "secret-tool", exitCode: 1, reason: "NotFound", remedy: /locked/ },
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
    stderr: 'Error: could not find password "x" at path ".password-store/x.gpg".',
    reason: "NotFound"
  }
]

/** The same in short, for programs that say all of it on stderr. */
const inShort: ReadonlyArray<readonly [program: string, exitCode: number, stderr: string, reason: string]> = [
  ["gpg", 2, "gpg: can't open 'x': No such file or directory", "NotFound"],
  [
    "gpg",
    2,
    "gpg: keyblock resource '/tmp/x/pubring.kbx': No such file or directory\ngpg: can't open 'x': No such file or directory",
    "NotFound"
  ],
  ["gpg", 2, "gpg: can't open 'x': Permission denied\ngpg: decrypt_message failed: Permission denied", "Denied"],
  ["gpg", 2, "gpg: public key decryption failed: No pinentry\ngpg: decryption failed: No secret key", "LoginRequired"],
  ["gpg", 2, "gpg: public key decryption failed: Inappropriate ioctl for device", "LoginRequired"],
  ["gpg", 2, "gpg: public key decryption failed: Bad passphrase", "LoginRequired"],
  [
    "gpg",
    2,
    "gpg: AES256.CFB encrypted data\ngpg: encrypted with 1 passphrase\ngpg: decryption failed: Bad session key",
    "Denied"
  ],
  [
    "gpg",
    2,
    "gpg: keyblock resource '/does/not/exist/pubring.kbx': No such file or directory\ngpg: decryption failed: No secret key",
    "LoginRequired"
  ],
  ["gpg", 2, "gpg: Fatal: can't create directory '/nonexistent/.gnupg': No such file or directory", "LoginRequired"],
  ["gpg", 2, "gpg: no valid OpenPGP data found.\ngpg: decrypt_message failed: Unknown system error", "Unknown"],
  ["pass", 1, "Error: nope is not in the password store.", "NotFound"],
  ["pass", 2, "gpg: decryption failed: No secret key", "LoginRequired"],
  ["age", 1, "age: error: no identity matched any of the recipients", "Denied"],
  ["age", 1, 'age: error: failed to open input file "nope.age": open nope.age: no such file or directory', "NotFound"],
  ["age", 1, 'age: error: reading "nope": failed to open file: open nope: no such file or directory', "NotFound"],
  ["age", 1, "age: error: failed to read header: parsing age header: failed to read intro: EOF", "Unknown"],
  ["openssl", 1, "bad decrypt\n4057DFEC617F0000:error:1C800064:Provider routines", "Denied"],
  ["openssl", 1, 'Can\'t open "nope.enc" for reading, No such file or directory', "NotFound"],
  ["openssl", 1, 'Can\'t open "f.enc" for reading, Permission denied', "Denied"],
  ["age", 1, 'age: error: failed to open input file "f.age": open f.age: permission denied', "Denied"],
  ["age", 1, 'age: error: reading "mine": failed to open file: open mine: permission denied', "Denied"],
  ["jq", 2, "jq: error: Could not open file f.json: Permission denied", "Denied"],
  [
    "dotenvx",
    1,
    "☠ EACCES: permission denied, open '/tmp/x/.env'\n☠ [MISSING_KEY] missing key (k). fix: [https://github.com/dotenvx/dotenvx/issues/759]",
    "Denied"
  ],
  ["keyring", 1, "keyring.errors.KeyringLocked: Failed to unlock the collection!", "LoginRequired"],
  [
    "docker-credential-secretservice",
    2,
    "goroutine 1 [syscall]:\ngithub.com/docker/docker-credential-helpers/credentials.HandleCommand({0x4fc780?, 0x5c0ad8?}, …)",
    "LoginRequired"
  ],
  ["jq", 1, "", "NotFound"],
  ["jq", 2, "jq: error: Could not open file nope.json: No such file or directory", "NotFound"],
  ["jq", 3, "jq: error: syntax error, unexpected $end (Unix shell quoting issues?)", "Unknown"],
  ["jq", 5, 'jq: error (at k.json:1): Cannot index string with string "x"', "NotFound"],
  ["jq", 5, "jq: error (at k.json:1): Cannot iterate over number (5)", "NotFound"],
  [
    "openssl",
    1,
    "enter AES-256-CBC decryption password:\nbad password read\n80CB08C6A77F0000:error:1400006B:UI routines:UI_process:processing error",
    "LoginRequired"
  ],
  ["jq", 4, "parse error: Invalid numeric literal at EOF at line 1, column 7", "Unknown"],
  ["git", 128, "fatal: could not read Username for 'https://example.com': terminal prompts disabled", "LoginRequired"],
  ["git", 128, "fatal: refusing to work with credential missing host field", "NotFound"],
  ["git", 1, "git: 'credential-nope' is not a git command. See 'git --help'.", "Unknown"],
  [
    "git",
    128,
    "git: 'credential-nope' is not a git command. See 'git --help'.\nfatal: could not read Username for 'https://example.com': terminal prompts disabled",
    "Unknown"
  ],
  ["dotenvx", 1, "[DECRYPTION_FAILED] could not decrypt API_KEY.", "LoginRequired"],
  ["dotenvx", 1, "[MISSING_KEY] missing key (NOPE).", "NotFound"],
  ["dotenvx", 1, "[MISSING_ENV_FILE] missing file (nope.env).\n[MISSING_KEY] missing key (API_KEY).", "NotFound"],
  ["keepassxc-cli", 1, "Failed to open database file nope.kdbx: not found", "NotFound"],
  ["aws", 254, "An error occurred (ResourceNotFoundException) when calling the GetSecretValue operation", "NotFound"],
  ["aws", 254, "An error occurred (ExpiredTokenException) when calling the GetSecretValue operation", "LoginRequired"],
  ["aws", 254, "An error occurred (AccessDeniedException) when calling the GetSecretValue operation", "Denied"],
  ["secret-tool", 1, "secret-tool: Could not connect: No such file or directory", "Unavailable"],
  [
    "secret-tool",
    1,
    "secret-tool: The name org.freedesktop.secrets was not provided by any .service files",
    "Unavailable"
  ],
  [
    "aws",
    253,
    "Unable to locate credentials. You can configure credentials by running aws configure.",
    "LoginRequired"
  ],
  ["aws", 253, "Unable to retrieve credentials: no credentials found", "LoginRequired"],
  ["aws", 253, "Unable to retrieve credentials: The config profile (nope) could not be found", "NotFound"],
  ["aws", 253, "You must specify a region. You can also configure your region by running aws configure.", "Unknown"],
  ["aws", 2, "aws: error: argument subcommand: Invalid choice, valid choices are:", "Unknown"],
  ["aws", 255, 'Could not connect to the endpoint URL: "http://127.0.0.1:9/"', "Unavailable"]
]

const dockerOnStdout: ReadonlyArray<readonly [program: string, stdout: string, reason: string]> = [
  ["docker-credential-pass", "exit status 2: gpg: decryption failed: No secret key\n", "LoginRequired"],
  ["docker-credential-pass", "no credentials server URL\n", "NotFound"],
  ["docker-credential-secretservice", "credentials not found in native keychain", "NotFound"],
  ["docker-credential-secretservice", "Could not connect: No such file or directory\n", "Unavailable"],
  [
    "docker-credential-secretservice",
    "GDBus.Error:org.freedesktop.DBus.Error.ServiceUnknown: The name org.freedesktop.secrets was not provided by any .service files\n",
    "Unavailable"
  ],
  ["docker-credential-secretservice", "Cannot autolaunch D-Bus without X11 $DISPLAY\n", "Unavailable"]
]

const allMeasured: ReadonlyArray<Seen> = [
  ...measured,
  ...inShort.map(([program, exitCode, stderr, reason]) => ({ program, exitCode, stderr, reason })),
  ...dockerOnStdout.map(([program, stdout, reason]) => ({ program, exitCode: 1, stdout, reason }))
]

const fromManuals: ReadonlyArray<Seen> = [
  {
    program: "op",
    exitCode: 1,
    stderr:
      "[ERROR] could not read secret 'op://v/i/f': error initializing client: Validation: (failed to session.DecodeSACredentials), Server: (failed to DecodeSACredentials), illegal base64 data at input byte 12",
    reason: "LoginRequired",
    remedy: /OP_SERVICE_ACCOUNT_TOKEN/
  },
  {
    program: "op",
    exitCode: 1,
    stderr: "[ERROR] (401) Unauthorized: invalid bearer token",
    reason: "LoginRequired",
    remedy: /OP_SERVICE_ACCOUNT_TOKEN/
  },
  ...[
    "RequestDelegatedSession: cannot setup session. Please check the logs of the 1Password app.",
    "read: context deadline exceeded",
    "connecting to desktop app: connecting to desktop app timed out"
  ].map((why) => ({
    program: "op",
    exitCode: 1,
    stderr: `[ERROR] could not read secret 'op://v/i/f': error initializing client: ${why}`,
    reason: "Unavailable"
  })),
  {
    program: "vault",
    exitCode: 2,
    stderr:
      'Error making API request.\n\nCode: 403. Errors:\n\n* preflight capability check returned 403, please ensure client\'s policies grant access to path "kv/"',
    reason: "Denied"
  },
  {
    program: "vault",
    exitCode: 2,
    stderr: "Error making API request.\n\nCode: 429. Errors:\n\n* …",
    reason: "Unavailable"
  },
  {
    program: "vault",
    exitCode: 1,
    stderr: "error reading token file: open /home/me/.vault-token: permission denied",
    reason: "Unknown"
  },
  {
    program: "gcloud",
    exitCode: 1,
    stderr: "ERROR: (gcloud.secrets.versions.access) UNAUTHENTICATED: Request had invalid authentication credentials.",
    reason: "LoginRequired"
  },
  {
    program: "az",
    exitCode: 1,
    stderr:
      "ERROR: (Forbidden) The user, group or application 'appid=…' does not have secrets get permission on key vault 'x'.",
    reason: "Denied"
  },
  {
    program: "infisical",
    exitCode: 1,
    stderr:
      "INF No valid login session found, triggering login flow\nerror: ^D\nFailed to automatically trigger login flow. Please run [infisical login] manually to login.",
    reason: "LoginRequired"
  },
  {
    program: "infisical",
    exitCode: 1,
    stderr: 'error: APIError: CallGetRawSecretByName unsuccessful response [status-code=404] [message="…"]',
    reason: "NotFound"
  },
  {
    program: "bw",
    exitCode: 1,
    stderr: "FetchError: request to https://identity.bitwarden.com/ failed, reason: getaddrinfo ENOTFOUND",
    reason: "Unavailable"
  },
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
  { program: "doppler", exitCode: 1, stderr: "Doppler Error: you must provide a token", reason: "LoginRequired" },
  { program: "doppler", exitCode: 1, stderr: "Doppler Error: Could not find requested secret: X", reason: "NotFound" },
  {
    program: "infisical",
    exitCode: 1,
    stderr:
      'error: APIError: CallUniversalAuthLogin unsuccessful response [POST https://app.infisical.com/api/v1/auth/universal-auth/login] [status-code=401] [message="Invalid credentials"]',
    reason: "LoginRequired"
  },
  {
    program: "doppler",
    exitCode: 1,
    stderr:
      'Unable to fetch configs\nDoppler Error: Get "https://api.doppler.com/v3/configs?per_page=100&project=": EOF',
    reason: "Unavailable"
  },
  {
    program: "doppler",
    exitCode: 1,
    stderr: "Unable to fetch projects\nDoppler Error: Invalid Auth token",
    reason: "LoginRequired"
  },
  { program: "doppler", exitCode: 1, stderr: "Unable to fetch secrets\nDoppler Error: …", reason: "Unknown" },
  { program: "bws", exitCode: 1, stderr: "Error:\n   0: Missing access token", reason: "LoginRequired" },
  {
    program: "az",
    exitCode: 3,
    stderr: "ERROR: (SecretNotFound) A secret with (name/id) x was not found",
    reason: "NotFound"
  },
  { program: "gopass", exitCode: 6, reason: "NotFound" },
  { program: "gopass", exitCode: 3, reason: "LoginRequired" },
  { program: "security", exitCode: 128, reason: "LoginRequired" },
  {
    program: "op",
    exitCode: 1,
    stderr: "[ERROR] authorization prompt dismissed, please try again",
    reason: "LoginRequired"
  },
  {
    program: "op",
    exitCode: 1,
    stderr: '[ERROR] "X" isn\'t a vault in this account. Specify the vault',
    reason: "NotFound"
  },
  {
    program: "bw",
    exitCode: 1,
    stderr: "More than one result was found. Try getting a specific object by `id` instead.",
    reason: "NotFound"
  },
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
  {
    program: "kubelogin",
    exitCode: 1,
    stderr: "error: get-token: authentication error: oidc error: oidc discovery error: 403 Forbidden",
    reason: "Denied"
  },
  {
    program: "kubelogin",
    exitCode: 1,
    stderr: "authentication error: context deadline exceeded (Client.Timeout exceeded while awaiting headers)",
    reason: "Unavailable"
  },
  {
    program: "vault",
    exitCode: 2,
    stderr: "dial tcp 10.0.0.1:8200: connect: network is unreachable",
    reason: "Unavailable"
  },
  {
    program: "gh",
    exitCode: 1,
    stderr: "HTTP 401: Bad credentials (https://api.github.com/)\nTry authenticating with:  gh auth login",
    reason: "LoginRequired",
    remedy: /gh auth login/
  },
  { program: "gh", exitCode: 1, stderr: "HTTP 403: Resource not accessible", reason: "Denied" },
  {
    program: "aws",
    exitCode: 255,
    stderr:
      "An error occurred (UnauthorizedException) when calling the GetRoleCredentials operation: Session token not found or invalid",
    reason: "LoginRequired",
    remedy: /aws sso login/
  },
  {
    program: "aws",
    exitCode: 255,
    stderr: "Your session has expired. Please reauthenticate using 'aws login'.",
    reason: "LoginRequired",
    remedy: /: aws login/
  },
  {
    program: "docker-credential-ecr-login",
    exitCode: 1,
    stdout: "credentials not found in native keychain\n",
    reason: "NotFound"
  },
  {
    program: "gcloud",
    exitCode: 1,
    stderr:
      "ERROR: (gcloud.secrets.versions.access) The [project] resource is not properly specified.\n- set the property `core/project`",
    reason: "Unknown",
    remedy: /--project/
  },
  ...[
    'error initializing client: found no accounts for filter "x"',
    "error initializing client: multiple accounts found. Use the --account flag or set the OP_ACCOUNT environment variable to select an account."
  ].map((why) => ({
    program: "op",
    exitCode: 1,
    stderr: `[ERROR] ${why}`,
    reason: "NotFound",
    remedy: /op account list/
  })),
  ...(
    [
      ["az", 1, "ERROR: AADSTS50078: Presented multi-factor authentication has expired", "LoginRequired", /az login/],
      [
        "az",
        1,
        "ERROR: No subscription found. Run 'az account set' to select a subscription.",
        "NotFound",
        /az account/
      ],
      [
        "aws",
        255,
        "An error occurred (ForbiddenException) when calling the GetRoleCredentials operation",
        "Denied",
        /profile/
      ],
      [
        "aws",
        255,
        "Partial credentials found in env, missing: AWS_SECRET_ACCESS_KEY",
        "LoginRequired",
        /aws configure/
      ],
      [
        "aws",
        254,
        "An error occurred (SignatureDoesNotMatch) when calling the GetCallerIdentity operation",
        "LoginRequired",
        /aws configure/
      ],
      [
        "vault",
        2,
        'Get "https://h:8200/v1/x": tls: failed to verify: x509: certificate signed by unknown authority',
        "Unknown",
        /VAULT_CACERT/
      ],
      [
        "vault",
        2,
        'Get "https://h:8200/v1/x": http: server gave HTTP response to HTTPS client',
        "Unknown",
        /VAULT_ADDR/
      ],
      ["bw", 1, "Invalid master password.", "LoginRequired", /bw unlock/],
      [
        "ansible-vault",
        1,
        "ERROR! Attempting to decrypt but no vault secrets found",
        "LoginRequired",
        /--vault-password-file/
      ],
      ["age", 1, "age: error: incorrect passphrase", "LoginRequired", /passphrase/]
    ] as const
  ).map(([program, exitCode, stderr, reason, remedy]) => ({ program, exitCode, stderr, reason, remedy })),
  { program: "rage", exitCode: 1, stderr: "Error: No matching keys found", reason: "Denied" },
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
  ...[
    "HTTPSConnectionPool(host='oauth2.googleapis.com', port=443): Max retries exceeded with url: /token (Caused by NameResolutionError",
    "Unable to find the server at oauth2.googleapis.com"
  ].map((why) => ({
    program: "gcloud",
    exitCode: 1,
    stderr: `ERROR: (gcloud.auth.print-access-token) There was a problem refreshing your current auth tokens: ${why}\nPlease run:\n\n  $ gcloud auth login\n`,
    reason: "Unavailable"
  })),
  {
    program: "gcloud",
    exitCode: 1,
    stderr:
      "ERROR: (gcloud.auth.print-access-token) There was a problem refreshing your current auth tokens: ('invalid_grant: Bad Request', {'error': 'invalid_grant'})",
    reason: "LoginRequired"
  },
  {
    program: "az",
    exitCode: 1,
    stderr: "ERROR: AADSTS700082: The refresh token has expired due to inactivity.",
    reason: "LoginRequired"
  }
]

/** The same in short, from manuals, sources and reports; docs/data/helpers.ts names them. */
const reported: ReadonlyArray<
  readonly [program: string, exitCode: number, stderr: string, reason: string, remedy?: RegExp]
> = [
  ["op", 1, "[ERROR] 2025/08/08 15:24:36 interactive IO not available", "LoginRequired", /needs a terminal/],
  ["op", 1, "[ERROR] 2025/08/08 15:24:36 authorization denied: the request was denied", "LoginRequired", /op signin/],
  ["op", 1, "[ERROR] No accounts configured for use with 1Password CLI.", "LoginRequired", /op account add/],
  ["op", 1, 'Get "https://my.1password.com/api/v3/auth": x509: certificate signed by unknown authority', "Unavailable"],
  ["op", 1, "dial tcp: lookup my.1password.com: no such host", "Unavailable"],
  ["op", 1, "net/http: TLS handshake timeout", "Unavailable"],
  ["vault", 2, "Code: 400. Errors:\n\n* wrapping token is not valid or does not exist", "LoginRequired"],
  [
    "aws",
    255,
    "An error occurred (AccessDeniedException) when calling the CreateOAuth2Token operation: The refresh token has expired.",
    "LoginRequired",
    /: aws login/
  ],
  [
    "aws",
    255,
    "An error occurred (ValidationException) when calling the CreateOAuth2Token operation: The provided authorization grant is invalid, expired, revoked, or malformed",
    "LoginRequired",
    /: aws login/
  ],
  ["aws", 255, "aws: [ERROR]: Please reauthenticate using 'aws login'.", "LoginRequired", /: aws login/],
  [
    "aws",
    254,
    "An error occurred (AccessDenied) when calling the AssumeRole operation: User is not authorized",
    "Denied"
  ],
  [
    "aws",
    254,
    "An error occurred (AccessDenied) when calling the AssumeRole operation: MultiFactorAuthentication failed with invalid MFA one time pass code.",
    "LoginRequired",
    /MFA/
  ],
  ["aws", 255, "Enter MFA code for arn:aws:iam::1:mfa/me: \nEOF when reading a line", "LoginRequired", /MFA/],
  ["aws", 255, "Error when retrieving token from sso: Token has expired and refresh failed", "LoginRequired"],
  ["aws", 255, "An error occurred (InvalidGrantException) when calling the CreateToken operation", "LoginRequired"],
  ["aws", 255, "Credentials were refreshed, but the refreshed credentials are still expired.", "LoginRequired"],
  [
    "az",
    1,
    "ERROR: Run the command below to authenticate interactively; additional arguments may be added as needed:\naz logout\naz login",
    "LoginRequired",
    /az login/
  ],
  [
    "az",
    1,
    "ERROR: AADSTS53003: Access has been blocked by Conditional Access policies. Trace ID: x\nRun the command below to authenticate interactively; additional arguments may be added as needed:\naz login",
    "Denied",
    /administrator/
  ],
  ["az", 1, "ERROR: AADSTS530003: Your device is required to be managed to access this resource.", "Denied"],
  ["az", 1, "ERROR: AADSTS50105: The signed in user is not assigned to a role for the application.", "Denied"],
  [
    "az",
    1,
    "Status: Response_Status.Status_InteractionRequired, Error code: 3399614467, Tag: 558133255",
    "LoginRequired"
  ],
  [
    "az",
    1,
    "Status: Response_Status.Status_TransientError, Error code: 1000\nRun the command below to authenticate interactively; additional arguments may be added as needed:",
    "Unavailable"
  ],
  [
    "az",
    1,
    "ERROR: AADSTS7000222: The provided client secret keys for app 'x' are expired.",
    "LoginRequired",
    /principal/
  ],
  ["az", 1, "ERROR: AADSTS90002: Tenant 'x' not found.", "NotFound"],
  ["az", 1, "ERROR: Certificate verification failed. This typically happens behind a proxy", "Unavailable"],
  [
    "gcloud",
    1,
    "ERROR: (gcloud.auth.print-access-token) There was a problem refreshing your current auth tokens: Reauthentication failed. cannot prompt during non-interactive execution.",
    "LoginRequired"
  ],
  ["gcloud", 1, "Your current active account [x] does not have any valid credentials", "LoginRequired"],
  ["gcloud", 1, "google.auth.exceptions.RefreshError: Reauthentication is needed.", "LoginRequired"],
  ["bw", 1, "? Master password: [hidden]", "LoginRequired", /bw unlock/],
  [
    "gh",
    1,
    "  X Failed to log in to github.com account me (keyring)\n  - The token in keyring is invalid.",
    "LoginRequired"
  ],
  ["git", 128, "fatal: Cannot show prompt because terminal prompts have been disabled.", "LoginRequired"],
  ["git", 128, "fatal: unable to access 'https://x/': Could not resolve host: x", "Unavailable"],
  ["git-credential-manager", 255, "fatal: No credential store has been selected.", "NotFound", /credentialStore/],
  ["git-credential-manager", 255, "fatal: User cancelled dialog.", "LoginRequired"],
  ["kubelogin", 1, "authentication error: could not open the browser: exec: xdg-open not found", "LoginRequired"],
  ["kubelogin", 1, "error: listen tcp 127.0.0.1:8000: bind: address already in use", "Unavailable", /listen-address/],
  ["kubelogin", 1, "failed to get token: AADSTS53003: Access has been blocked by Conditional Access", "Denied"],
  [
    "databricks",
    1,
    "Error: A new access token could not be retrieved because the refresh token is invalid. To reauthenticate, run the following command:\n  $ databricks auth login --profile dev",
    "LoginRequired"
  ],
  ["databricks", 1, "Error: no profiles configured. Run 'databricks auth login' to create a profile", "LoginRequired"],
  ["databricks", 1, "Error: resolve: ~/.databrickscfg has no dev profile configured", "NotFound"],
  ["azd", 1, "ERROR: not logged in, run `azd auth login` to login", "LoginRequired", /azd auth login/],
  ["azd", 1, "ERROR: reauthentication required, run `azd auth login` to log in", "LoginRequired"],
  ["azd", 1, "ERROR: AADSTS53003: Access has been blocked by Conditional Access policies.", "Denied"],
  ["rbw", 1, "rbw get: couldn't find entry for 'x': no entry found", "NotFound", /rbw list/],
  ["rbw", 1, "rbw get: couldn't find entry for 'x': multiple entries found: a, b", "NotFound"],
  ["rbw", 1, "rbw unlocked: agent is locked", "LoginRequired", /rbw unlock/],
  [
    "rbw",
    1,
    'rbw get: failed to read password from pinentry: failed to parse pinentry output ("S ERROR curses.isatty 83918950")',
    "LoginRequired"
  ],
  ["rbw", 1, "rbw sync: api request unauthorized", "LoginRequired", /rbw login/],
  ["lpass", 1, "Error: Could not find decryption key. Perhaps you need to login with `lpass login`.", "LoginRequired"],
  ["lpass", 1, "Error: Could not find specified account(s).", "NotFound"],
  ["lpass", 1, "Error: Multiple matches found for 'x'. You must specify an ID instead of a name.", "NotFound", /id/],
  ["fnox", 1, "Error: Secret 'X' not found in profile 'default'", "NotFound"],
  [
    "sops",
    128,
    "Failed to get the data key required to decrypt the SOPS file.\n\nGroup 0: FAILED",
    "Denied",
    /SOPS_AGE_KEY_FILE/
  ],
  [
    "sops",
    128,
    "Failed to get the data key required to decrypt the SOPS file.\n  | dial tcp 10.0.0.1:443: i/o timeout",
    "Unavailable"
  ],
  ["sops", 100, 'Error: cannot operate on non-existent file "x"', "NotFound"],
  ["sops", 91, "error: invalid path", "NotFound"],
  ["tsh", 1, "ERROR: Active profile expired.", "LoginRequired", /tsh login/],
  ["tsh", 1, "ERROR: Not logged in.", "LoginRequired"],
  ["tsh", 1, "ERROR: access denied to app", "Denied"],
  ["lite", 1, "Not authenticated. Run 'lite login'.", "LoginRequired", /lite login/],
  ["lite", 1, "Token expired. Run 'lite login' again.", "LoginRequired"],
  ["lite", 1, "Your credential is stored in your OS keychain, which could not be read.", "LoginRequired", /[Uu]nlock/],
  ["pwsh", 1, "Get-Secret: The secret GITHUB_TOKEN was not found.", "NotFound", /Get-SecretInfo/],
  ["pwsh", 1, "A valid password is required to access the Microsoft.PowerShell.SecretStore vault.", "LoginRequired"],
  [
    "aws-vault",
    1,
    "aws-vault: error: exec: Error getting temporary credentials: profile x: credentials missing",
    "NotFound"
  ],
  ["aws-vault", 1, "aws-vault: error: exec: Failed to get credentials for x: unexpected end of JSON input", "NotFound"],
  ["aws-vault", 1, "operation error STS: AssumeRole, api error AccessDenied: User is not authorized", "Denied"],
  [
    "saml2aws",
    1,
    "Error authenticating to IdP.: unable to locate saml response field",
    "LoginRequired",
    /saml2aws login/
  ],
  ["saml2aws", 1, "Error authenticating to IdP.: dial tcp: lookup idp.example.com: no such host", "Unavailable"],
  ["saml2aws", 1, "No roles available.", "Denied"],
  ["granted", 1, "[✘] SSO token is expired", "LoginRequired", /granted sso login/],
  ["assume", 1, "profile not found", "NotFound"],
  ["chamber", 1, "Error: Failed to read: secret not found", "NotFound", /chamber list/],
  ["chamber", 1, "Failed to read: operation error SSM: GetParameters, api error AccessDeniedException: no", "Denied"],
  [
    "chamber",
    1,
    "Failed to read: get credentials: failed to refresh cached credentials, no EC2 IMDS role found",
    "LoginRequired"
  ],
  ["aws-iam-authenticator", 1, "Error: cluster ID not specified", "NotFound"],
  [
    "aws-iam-authenticator",
    1,
    "could not get token: NoCredentialProviders: no valid providers in chain",
    "LoginRequired"
  ]
]

describe.each([
  ["seen with the real program", allMeasured],
  ["as its manual or source has it", fromManuals],
  [
    "in short",
    reported.map(
      ([program, exitCode, stderr, reason, remedy]): Seen => ({
        program,
        exitCode,
        stderr,
        reason,
        ...(remedy === undefined ? {} : { remedy })
      })
    )
  ]
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

describe("words that the catalog and a format both know", () => {
  it.each<[program: string, format: Table.FormatName, stdout: string]>([
    ["docker-credential-pass", "docker-credential", "credentials not found in native keychain\n"],
    ["docker-credential-pass", "docker-credential", "no credentials server URL\n"],
    ["docker-credential-pass", "docker-credential", "no credentials username\n"],
    ["bw", "bitwarden", '{"success":false,"message":"You are not logged in."}']
  ])("mean the same to both: %s, %s: %s", (program, format, stdout) => {
    const failure = { exitCode: 1, stderr: "", stdout }
    const byFormat = Lookup.get(format).explain?.(failure) ?? Option.none()
    expect(Option.some(HelperCatalog.classify(HelperCatalog.find(program), failure))).toEqual(byFormat)
  })

  it.each(["Vault is locked.", "Master password is required.", "Not found.", "More than one result was found."])(
    "Bitwarden's on stderr mean what they mean on stdout: %s",
    (message) => {
      const byFormat = Lookup.get("bitwarden").explain?.({
        exitCode: 1,
        stderr: "",
        stdout: JSON.stringify({ success: false, message })
      })
      const byCatalog = HelperCatalog.classify(HelperCatalog.find("bw"), { exitCode: 1, stderr: message, stdout: "" })
      expect(Option.some(byCatalog)).toEqual(byFormat)
      expect(byCatalog.reason).not.toBe("Unknown")
    }
  )
})

describe("the catalog", () => {
  const wanted = [
    ...["op", "vault", "aws", "gcloud", "az", "gh", "git", "pass", "gopass", "gpg", "age", "secret-tool", "security"],
    ...["keepassxc-cli", "bw", "doppler", "infisical", "dotenvx", "kubelogin", "docker-credential-pass", "keyring"],
    ...["ansible-vault", "jq"],
    ...["databricks", "azd", "rbw", "lpass", "sops", "fnox", "chamber", "aws-vault", "saml2aws", "granted", "tsh"],
    ...["pwsh", "lite", "aws-iam-authenticator"]
  ]

  it.each(wanted)("knows %s: how to install it, where that is known from, what it prints", (program) => {
    const entry = Option.getOrThrow(HelperCatalog.find(program))
    const documentation = documented.find((one) => one.entry === entry)
    expect(entry.install).not.toBe("")
    expect(documentation?.source ?? "").not.toBe("")
    expect(entry.failures.length).toBeGreaterThan(0)
    const speaks = documentation?.speaks ?? []
    expect(speaks.length).toBeGreaterThan(0)
    expect(speaks.filter((name) => !new Set<string>(CredentialFormat.names).has(name))).toEqual([])
    if (entry.format !== undefined) expect(speaks).toContain(entry.format)
  })

  it("has one entry of the documentation for each row, and a row for each entry", () => {
    expect(problems).toEqual([])
  })

  /** `a|b` as two patterns: what only one of them has seen is no evidence for the other. */
  const alternatives = (pattern: RegExp | undefined): ReadonlyArray<RegExp | undefined> => {
    if (pattern === undefined) return [undefined]
    const parts = [""]
    let depth = 0
    for (const [part = ""] of pattern.source.matchAll(/\\.|./gs)) {
      depth += part === "(" ? 1 : part === ")" ? -1 : 0
      if (part === "|" && depth === 0) parts.push("")
      else parts.push(`${parts.pop() ?? ""}${part}`)
    }
    return parts.map((source) => new RegExp(source, pattern.flags))
  }

  it("calls no failure measured, and no part of its pattern, that is not among those seen with the real program", () => {
    const unseen = documented.flatMap((entry) =>
      entry.failures
        .filter(({ evidence }) => evidence === "measured")
        .flatMap((failure) =>
          alternatives(failure.stderr).flatMap((stderr) =>
            alternatives(failure.stdout).map((stdout) => ({ exitCode: failure.exitCode, stderr, stdout }))
          )
        )
        .filter(
          (failure) =>
            !allMeasured.some(
              ({ exitCode, program, stderr = "", stdout = "" }) =>
                entry.program.test(program) &&
                (failure.exitCode ?? exitCode) === exitCode &&
                (failure.stderr?.test(stderr) ?? true) &&
                (failure.stdout?.test(stdout) ?? true)
            )
        )
        .map(({ exitCode, stderr, stdout }) => `${entry.name}: ${exitCode} ${stderr} ${stdout}`)
    )
    expect(unseen).toEqual([])
  })

  const faultsOfTheNetwork = [
    "dial tcp: lookup vault.example.com on 127.0.0.53:53: no such host",
    'Get "https://api.example.com/": Forbidden',
    "HTTPSConnectionPool(host='x.vault.azure.net', port=443): Max retries exceeded with url: / (Caused by ProxyError('Unable to connect to proxy', OSError('Tunnel connection failed: 403 Forbidden')))",
    "curl: (6) Could not resolve host: api.example.com",
    "getaddrinfo ENOTFOUND api.example.com",
    "[Errno -2] Name or service not known",
    "Error: host not found",
    "ERROR: the server x.example.com was not found",
    "x509: certificate signed by unknown authority",
    "connect: connection refused"
  ]

  it.each(faultsOfTheNetwork)(
    "takes a fault of the network for no missing credential and no denied one: %s",
    (stderr) => {
      const taken = HelperCatalog.all
        .map((entry) => ({
          program: entry.program,
          ...HelperCatalog.classify(Option.some(entry), { exitCode: 1, stderr, stdout: "" })
        }))
        .filter(({ reason }) => reason === "NotFound" || reason === "Denied")
      expect(taken).toEqual([])
    }
  )

  it("has no pattern that could search for long: no group is repeated, and each alternative has at most one repetition", () => {
    const sources = HelperCatalog.all.flatMap(({ failures, program }) =>
      [program, ...failures.flatMap(({ stderr, stdout }) => [stderr, stdout])].flatMap((pattern) =>
        alternatives(pattern).map((one) => one?.source ?? "")
      )
    )
    const repetitions = (source: string): number => source.replace(/\\[^sSdDwW]/g, "").match(/[*+{]/g)?.length ?? 0
    expect(sources.filter((source) => /\)[*+{]/.test(source) || repetitions(source) > 1)).toEqual([])
  })

  it("gives its advice in one line, with no secret's place in it", () => {
    const lines = HelperCatalog.all.flatMap(({ failures, install }) => [
      install,
      ...failures.map(({ remedy }) => JSON.stringify(remedy ?? ""))
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

  it("keeps only the keys of stores that may ask a person for longer than others", () => {
    const longer = HelperCatalog.all.filter(({ timeToLive }) => timeToLive !== undefined)
    expect(longer.length).toBeGreaterThan(0)
    expect(longer.filter(({ mayPrompt }) => !mayPrompt)).toEqual([])
  })

  it("keeps a docker helper's key for an hour only where a store holds it: those of registries give short tokens", () => {
    const kept = (program: string) => Option.getOrThrow(HelperCatalog.find(`docker-credential-${program}`)).timeToLive
    for (const store of ["pass", "secretservice", "osxkeychain", "wincred", "desktop"])
      expect(kept(store)).toBe("1 hour")
    for (const registry of ["gcloud", "gcr", "ecr-login", "acr-env", "env"]) expect(kept(registry)).toBeUndefined()
    expect(Option.map(HelperCatalog.find("docker-credential-gcr"), ({ mayPrompt }) => mayPrompt)).toEqual(
      Option.some(false)
    )
  })

  it("is found by the program's name, with a Windows shim's ending too, and not by a part of it", () => {
    expect(Option.map(HelperCatalog.find("az.cmd"), ({ program }) => program)).toEqual(Option.some(/^az$/))
    expect(HelperCatalog.find("opensnitch")).toEqual(Option.none())
    expect(HelperCatalog.find("my-op")).toEqual(Option.none())
  })
})

describe("the variables of a helper", () => {
  const find = (program: string) => Option.getOrThrow(HelperCatalog.find(program))

  it.each([
    ["az", "AZURE_CORE_OUTPUT"],
    ["vault", "VAULT_FORMAT"],
    ["bao", "BAO_FORMAT"],
    ["op", "OP_FORMAT"],
    ["aws", "AWS_DEFAULT_OUTPUT"],
    ["gcloud", "CLOUDSDK_CORE_DEFAULT_FORMAT"],
    ["bw", "BW_QUIET"],
    ["databricks", "DATABRICKS_OUTPUT_FORMAT"]
  ])("unset what would change %s's answer: %s", (program, name) => {
    expect(find(program).env).toHaveProperty(name, undefined)
  })

  it.each([
    ["bw", "BW_NOINTERACTION", "true"],
    ["git", "GIT_TERMINAL_PROMPT", "0"],
    ["git", "GCM_INTERACTIVE", "never"],
    ["git-credential-manager", "GCM_INTERACTIVE", "never"],
    ["gh", "GH_PROMPT_DISABLED", "1"],
    ["gcloud", "CLOUDSDK_CORE_DISABLE_PROMPTS", "1"],
    ["fnox", "FNOX_NON_INTERACTIVE", "true"]
  ])("let %s fail at once where nobody can answer at a terminal: %s", (program, name, value) => {
    expect(find(program).envWithoutTerminal).toHaveProperty(name, value)
    expect(find(program).env ?? {}).not.toHaveProperty(name)
  })

  it("are names and values, with no place, program or secret among them", () => {
    const set = HelperCatalog.all.flatMap(({ env, envWithoutTerminal }) =>
      Object.entries({ ...env, ...envWithoutTerminal })
    )
    expect(set.filter(([name, value]) => !/^[A-Z][A-Z0-9_]+$/.test(name) || /[\s/]/.test(value ?? ""))).toEqual([])
  })
})

describe("an unknown helper", () => {
  it("of a run that wrote to the terminal is not guessed: the log-in's remedy comes with an if", () => {
    const unread = (program: string, exitCode: number) =>
      HelperCatalog.classify(HelperCatalog.find(program), { exitCode, stderr: "", stdout: "", onTerminal: true })
    expect(unread("op", 1)).toEqual({
      reason: "Unknown",
      remedy: "It printed the reason on the terminal. If a login is missing: Sign in to 1Password: op signin"
    })
    expect(unread("vault", 1).remedy).toBe(
      "It printed the reason on the terminal. If a login is missing: Log in to Vault: vault login"
    )
    expect(unread("gh", 4)).toEqual({ reason: "LoginRequired", remedy: "Log in to GitHub: gh auth login" })
    expect(unread("get-token", 75)).toEqual({ reason: "Unavailable" })
  })

  const classify = (exitCode: number, explain?: Parameters<typeof HelperCatalog.classify>[2]) =>
    HelperCatalog.classify(HelperCatalog.find("get-token"), { exitCode, stderr: "no", stdout: "" }, explain)

  it.each([
    "sh: 1: cannot create /dev/stdout: No such device or address",
    "bash: line 1: /dev/stderr: No such device or address",
    "tee: /dev/stderr: No such device or address",
    "curl: (23) Failed to open the file /dev/stdout: No such device or address",
    "gpg: can't create '/dev/stdout': No such device or address",
    "OSError: [Errno 6] No such device or address: '/dev/stdout'"
  ])("that opens its output by name learns what to do: %s", (stderr) => {
    const meaning = HelperCatalog.classify(HelperCatalog.find("get-token"), { exitCode: 1, stderr, stdout: "" })
    expect(meaning.reason).toBe("Unknown")
    expect(meaning.remedy).toMatch(/>&1/)
  })

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
