import type { Meaning } from "../format/failure.js"
import { bitwarden, docker, type FixedText } from "../format/messages.js"
import type { Entry, Failure } from "./entry.js"

const onStdout = ({ meaning, words }: FixedText): Failure => ({ stdout: new RegExp(words), ...meaning })

const onStderr = ({ meaning, words }: FixedText): Failure => ({ stderr: new RegExp(words), ...meaning })

/** What several failures of a program mean. */
const same = {
  aws: { reason: "LoginRequired", remedy: "Log in to AWS: aws sso login" },
  awsDenied: {
    reason: "Denied",
    remedy: "Ask for the permission that the message names, or use another profile (--profile)."
  },
  gh: { reason: "LoginRequired", remedy: "Log in to GitHub: gh auth login" },
  gcloud: { reason: "LoginRequired", remedy: "Log in to Google Cloud: gcloud auth login" },
  az: { reason: "LoginRequired", remedy: "Log in to Azure: az login" },
  azSecret: { reason: "NotFound", remedy: "Look for the secret: az keyvault secret list --vault-name NAME" },
  file: { reason: "NotFound", remedy: "The file does not exist; check its path." },
  infisical: { reason: "LoginRequired", remedy: "Log in to Infisical (infisical login), or set INFISICAL_TOKEN." },
  gpg: {
    reason: "LoginRequired",
    remedy: "gpg: unlock the key at a terminal (export GPG_TTY=$(tty)), or import the secret key."
  }
} as const satisfies Record<string, Meaning>

const noSecretKey = /decryption failed: No secret key|No pinentry|Inappropriate ioctl for device|Bad passphrase/

const gpgLocked: ReadonlyArray<Failure> = [
  { stderr: noSecretKey, ...same.gpg },
  {
    stderr: /Operation cancelled|Screen or window too small|decryption failed: Timeout/,
    ...same.gpg,
    evidence: "manual"
  }
]

/** Through a program that hands on gpg's words: those seen with gpg alone are no evidence for it. */
const noSecretKeyBehind = /decryption failed: No secret key/

const gpgLockedBehind: ReadonlyArray<Failure> = [
  { stderr: noSecretKeyBehind, ...same.gpg },
  ...gpgLocked.map((failure): Failure => ({ ...failure, evidence: "manual" }))
]

const unreadable: Failure = {
  stderr: /permission denied/i,
  reason: "Denied",
  remedy: "This user may not read that file; check its owner and mode."
}

const noKeyringService =
  "There is no keyring service in this session; log in to a desktop session or start one with dbus-run-session."

const noBus = /Cannot autolaunch D-Bus|Could not connect|org\.freedesktop\.secrets was not provided/

const noSessionBus: Failure = {
  stderr: noBus,
  reason: "Unavailable",
  remedy: noKeyringService
}

const googleOffline: Failure = {
  stderr:
    /Could not reach|Connection refused|Name or service not known|name resolution|Max retries exceeded|Unable to find the server|Failed to establish/i,
  reason: "Unavailable",
  evidence: "manual"
}

const infisicalLogin =
  /infisical login|must be logged in|login session|couldn't find your logged in details|status-code=401/i

/** What a credential helper of docker's says, whatever the store: on stdout. */
const dockerFailures: ReadonlyArray<Failure> = [
  onStdout(docker.notFound),
  onStdout(docker.noServer),
  { ...onStdout(docker.noUsername), evidence: "manual" },
  {
    stdout: /pass (?:store is uninitialized|not initialized)/,
    reason: "NotFound",
    remedy: "There is no password store yet: pass init GPG-ID",
    evidence: "manual"
  },
  {
    stdout: noBus,
    reason: "Unavailable",
    remedy: noKeyringService
  },
  { stdout: noSecretKeyBehind, ...same.gpg },
  { stdout: noSecretKey, ...same.gpg, evidence: "manual" }
]

export const entries: ReadonlyArray<Entry> = [
  {
    name: "op",
    program: /^op$/,
    install: "Install the 1Password command line (1password-cli) and sign in: op signin",
    evidence: "manual",
    source: "https://developer.1password.com/docs/cli/reference; its messages as programs that call it look for them",
    speaks: ["text", "op"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        stderr:
          /not currently signed in|account is not signed in|session expired|No accounts configured|no account found|authorization prompt dismissed|authorization timeout/i,
        reason: "LoginRequired",
        remedy: "Sign in to 1Password: op signin"
      },
      {
        stderr: /\(401\)|SACredentials/,
        reason: "LoginRequired",
        remedy: "The token is not valid: check OP_SERVICE_ACCOUNT_TOKEN, or sign in (op signin)."
      },
      {
        stderr: /isn't an item|isn't a vault|isn't a field|could not find item|does not have a field|no item found/i,
        reason: "NotFound",
        remedy: "Look for the item: op item list. An account that may not see it is told the same."
      },
      {
        stderr: /found no accounts for filter|multiple accounts found/i,
        reason: "NotFound",
        remedy: "Say which account, one that op knows: op account list, then --account or OP_ACCOUNT."
      },
      {
        stderr: /More than one item matches/i,
        reason: "NotFound",
        remedy: "Several items have that name: use the item's id instead (op item list)."
      },
      {
        stderr: /do not have permission|\(403\)/i,
        reason: "Denied",
        remedy: "Ask for access to that vault, or use another account (op --account)."
      },
      {
        stderr:
          /rate-limited|Too many requests|connecting to desktop app|cannot setup session|deadline exceeded|dial tcp|i\/o timeout/i,
        reason: "Unavailable",
        remedy: "1Password does not answer now: unlock its application, check the network, try again."
      }
    ]
  },
  {
    name: "vault",
    program: /^(?:vault|bao)$/,
    install: "Install Vault (https://developer.hashicorp.com/vault/install) or OpenBao, and log in: vault login",
    evidence: "manual",
    source: "https://developer.hashicorp.com/vault/docs/commands#exit-codes",
    speaks: ["text", "vault"],
    mayPrompt: false,
    failures: [
      {
        stderr: /missing client token|invalid token|token expired/i,
        reason: "LoginRequired",
        remedy: "Log in to Vault: vault login"
      },
      {
        stderr: /No value found at|Code: 404|no handler for route/i,
        reason: "NotFound",
        remedy: "Look for the secret: vault kv list PATH"
      },
      {
        stderr: /Code: 403/,
        reason: "Denied",
        remedy: "The token is expired or its policy does not allow that path: vault token lookup, vault login"
      },
      {
        stderr: /Vault is sealed|Code: (?:429|50[0-9])|dial tcp|i\/o timeout|deadline exceeded/i,
        reason: "Unavailable",
        remedy: "Vault does not answer: check VAULT_ADDR and vault status."
      },
      {
        stderr: /x509: |HTTP response to HTTPS client/,
        reason: "Unknown",
        remedy: "Its certificate is not trusted here, or it speaks plain HTTP: check VAULT_ADDR and VAULT_CACERT."
      },
      {
        exitCode: 1,
        reason: "Unknown",
        remedy:
          "Status 1 is Vault's word for what failed on this machine, the command line among it: run the command by hand."
      }
    ]
  },
  {
    name: "aws",
    program: /^aws2?$/,
    install: "Install the AWS command line version 2 and log in: aws configure sso, aws sso login",
    evidence: "measured",
    source: "awscli 2.9.19 and 1.45.11; https://docs.aws.amazon.com/cli/latest/userguide/cli-usage-returncodes.html",
    speaks: ["aws-credential-process", "secrets-manager", "text"],
    mayPrompt: true,
    failures: [
      {
        stderr: /\(ResourceNotFoundException\)/,
        reason: "NotFound",
        remedy: "Look for the secret: aws secretsmanager list-secrets"
      },
      {
        stderr: /\(ParameterNotFound\)/,
        reason: "NotFound",
        remedy: "Look for the parameter: aws ssm describe-parameters",
        evidence: "manual"
      },
      {
        stderr: /\(ExpiredTokenException\)/,
        ...same.aws
      },
      {
        stderr:
          /\((?:ExpiredToken|UnrecognizedClientException|InvalidClientTokenId|RequestExpired|UnauthorizedException)\)/,
        ...same.aws,
        evidence: "manual"
      },
      {
        stderr: /\(AccessDeniedException\)/,
        ...same.awsDenied
      },
      {
        stderr: /\((?:AccessDenied|ForbiddenException|UnauthorizedOperation)\)/,
        ...same.awsDenied,
        evidence: "manual"
      },
      {
        stderr: /session has expired.*'aws login'/,
        reason: "LoginRequired",
        remedy: "Log in again: aws login",
        evidence: "manual"
      },
      { stderr: /Error loading SSO Token/, ...same.aws },
      {
        stderr: /The SSO session .*has expired|Token has expired/i,
        ...same.aws,
        evidence: "manual"
      },
      {
        stderr: /Unable to locate credentials|no credentials found/i,
        reason: "LoginRequired",
        remedy: "Log in to AWS (aws sso login), or configure credentials: aws configure"
      },
      {
        stderr: /Partial credentials found|\((?:SignatureDoesNotMatch|InvalidSignatureException)\)/,
        reason: "LoginRequired",
        remedy: "The access key is not whole, or its secret is another's: aws configure",
        evidence: "manual"
      },
      {
        stderr: /config profile \(.*\) could not be found/,
        reason: "NotFound",
        remedy: "There is no such profile: aws configure list-profiles"
      },
      {
        stderr: /argument \S+: Invalid choice/,
        reason: "Unknown",
        remedy: "This aws does not know that command: export-credentials came with version 2.9 (aws --version)."
      },
      {
        stderr: /You must specify a region/,
        reason: "Unknown",
        remedy: "Say which region: --region, or AWS_REGION."
      },
      {
        stderr: /Could not connect to the endpoint URL/,
        reason: "Unavailable",
        remedy: "AWS does not answer: check the network, the region and any proxy."
      },
      {
        stderr: /Connect timeout|Read timeout|\(Throttling(?:Exception)?\)|\(InternalServiceError\)/,
        reason: "Unavailable",
        remedy: "AWS does not answer or has too much to do: try again later.",
        evidence: "manual"
      }
    ]
  },
  {
    name: "gcloud",
    program: /^gcloud$/,
    install: "Install the Google Cloud CLI and log in: gcloud auth login",
    evidence: "measured",
    source: "Google Cloud SDK 528.0.0; https://cloud.google.com/sdk/gcloud/reference/auth",
    speaks: ["text", "gcloud"],
    mayPrompt: true,
    failures: [
      {
        stderr: /do not currently have an active account/,
        ...same.gcloud
      },
      {
        stderr: /default credentials were not found/,
        reason: "LoginRequired",
        remedy: "Set up application default credentials: gcloud auth application-default login"
      },
      {
        stderr: /set the property `?core\/project/,
        reason: "Unknown",
        remedy: "Say which project: --project, or gcloud config set project PROJECT",
        evidence: "manual"
      },
      // What gcloud says before it also stands before failures of the network.
      googleOffline,
      {
        stderr:
          /Reauthentication (?:required|failed)|invalid_grant|UNAUTHENTICATED|cannot prompt during non-interactive/i,
        ...same.gcloud,
        evidence: "manual"
      },
      {
        stderr: /NOT_FOUND/,
        reason: "NotFound",
        remedy: "Look for the secret: gcloud secrets list",
        evidence: "manual"
      },
      {
        stderr: /PERMISSION_DENIED/,
        reason: "Denied",
        remedy: "Ask for the role that the message names, or use another account: gcloud config set account",
        evidence: "manual"
      }
    ]
  },
  {
    name: "az",
    program: /^az$/,
    install: "Install the Azure CLI and log in: az login",
    evidence: "measured",
    source:
      "azure-cli 2.45.0; https://github.com/Azure/azure-cli#exit-codes; https://learn.microsoft.com/entra/identity-platform/reference-error-codes",
    speaks: ["az", "azure-key-vault", "text"],
    mayPrompt: true,
    failures: [
      { stderr: /Please run 'az login'/, ...same.az },
      {
        stderr: /AADSTS(?:700082|70043|50173|50076|50078|50079|65001|700084)|Interactive authentication is needed/,
        ...same.az,
        evidence: "manual"
      },
      {
        stderr: /Failed to establish a new connection|Max retries exceeded|Name or service not known/i,
        reason: "Unavailable",
        evidence: "manual"
      },
      {
        stderr: /No subscription found/,
        reason: "NotFound",
        remedy: "Choose a subscription: az account list, az account set --subscription NAME",
        evidence: "manual"
      },
      {
        exitCode: 3,
        ...same.azSecret,
        evidence: "manual"
      },
      {
        stderr: /(?:Secret|Resource)NotFound/,
        ...same.azSecret,
        evidence: "manual"
      },
      {
        stderr: /\(Forbidden\)|AuthorizationFailed|Caller is not authorized/,
        reason: "Denied",
        remedy: "Ask for the permission to read secrets of that vault (Key Vault Secrets User).",
        evidence: "manual"
      }
    ]
  },
  {
    name: "gh",
    program: /^gh$/,
    install: "Install GitHub's command line and log in: gh auth login",
    evidence: "measured",
    source: "gh 2.23.0; https://cli.github.com/manual/gh_help_exit-codes",
    speaks: ["gh", "text"],
    mayPrompt: false,
    failures: [
      { exitCode: 4, ...same.gh },
      { stderr: /no oauth token/, ...same.gh },
      {
        stderr: /not logged into any GitHub hosts/,
        ...same.gh,
        evidence: "manual"
      },
      { exitCode: 2, reason: "Unknown", remedy: "It was cancelled; run it again.", evidence: "manual" },
      { stderr: /HTTP 404/, reason: "NotFound", evidence: "manual" },
      {
        stderr: /HTTP 401|Bad credentials/,
        reason: "LoginRequired",
        remedy: "The token is expired or revoked; log in to GitHub again: gh auth login",
        evidence: "manual"
      },
      {
        stderr: /HTTP 403/,
        reason: "Denied",
        remedy: "The token lacks a scope: gh auth refresh --scopes SCOPE",
        evidence: "manual"
      },
      { stderr: /error connecting to/i, reason: "Unavailable", evidence: "manual" }
    ]
  },
  {
    name: "git",
    program: /^git$/,
    install: "Install git.",
    evidence: "measured",
    source: "git 2.39.5; https://git-scm.com/docs/git-credential",
    speaks: ["git-credential"],
    mayPrompt: true,
    failures: [
      // Git goes on without it, and ends with a question that nobody answers.
      { stderr: /is not a git command/, reason: "Unknown", remedy: "That credential helper is not installed." },
      {
        stderr: /could not read (?:Username|Password)/,
        reason: "LoginRequired",
        remedy:
          "No credential helper of git's has it: log in once with git at a terminal, or configure credential.helper."
      },
      {
        stderr: /refusing to work with credential missing (?:host|protocol) field/,
        reason: "NotFound",
        remedy: 'git was not told for which URL: format: { name: "git-credential", url: "https://…" }'
      },
      {
        stderr: /user interactivity has been disabled|Cannot prompt/i,
        reason: "LoginRequired",
        remedy: "Log in once with git at a terminal.",
        evidence: "manual"
      }
    ]
  },
  {
    name: "git-credential-*",
    program: /^git-credential-.+$/,
    install: "Install that credential helper of git's.",
    evidence: "manual",
    source: "https://git-scm.com/docs/gitcredentials",
    speaks: ["git-credential"],
    format: "git-credential",
    mayPrompt: true,
    failures: [
      {
        stderr: /user interactivity has been disabled|Cannot prompt|could not read (?:Username|Password)/i,
        reason: "LoginRequired",
        remedy: "Log in once with git at a terminal."
      }
    ]
  },
  {
    name: "pass",
    program: /^pass$/,
    install: "Install pass (the standard Unix password manager).",
    evidence: "measured",
    source: "pass 1.7.4 with gnupg 2.2.40",
    speaks: ["first-line"],
    format: "first-line",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        exitCode: 1,
        stderr: /is not in the password store/,
        reason: "NotFound",
        remedy: "List what is there: pass ls"
      },
      {
        stderr: /You must run|pass init/,
        reason: "NotFound",
        remedy: "There is no password store yet: pass init GPG-ID",
        evidence: "manual"
      },
      ...gpgLockedBehind
    ]
  },
  {
    name: "gopass",
    program: /^gopass$/,
    install:
      "Install gopass from https://github.com/gopasspw/gopass (Debian's package of that name is another program).",
    evidence: "manual",
    source:
      "https://github.com/gopasspw/gopass/blob/master/internal/action/exit/errors.go; the row marked measured: Debian's aviau/gopass 1.5.0",
    speaks: ["first-line"],
    format: "first-line",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      { exitCode: 10, reason: "NotFound", remedy: "List what is there: gopass ls" },
      { stderr: /not in the password store/i, reason: "NotFound", remedy: "List what is there: gopass ls" },
      {
        stderr: /could not find password/,
        reason: "NotFound",
        remedy: "That is Debian's gopass, not gopasspw's; list what is there: gopass ls",
        evidence: "measured"
      },
      { exitCode: 6, reason: "NotFound", remedy: "There is no password store yet: gopass setup" },
      ...gpgLocked,
      {
        exitCode: 11,
        ...same.gpg
      },
      { exitCode: 3, reason: "LoginRequired", remedy: "It was cancelled; run it again." }
    ]
  },
  {
    name: "gpg",
    program: /^gpg2?$/,
    install: "Install GnuPG (gnupg).",
    evidence: "measured",
    source: "gnupg 2.2.40",
    speaks: ["text", "first-line"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      // Before its folder: a file that is not there is told after warnings of a folder that is not there.
      {
        stderr: /can't open .*No such file/,
        ...same.file
      },
      { ...unreadable, stderr: /can't open .*Permission denied/ },
      {
        stderr: /can't create directory|keyblock resource/,
        reason: "LoginRequired",
        remedy: "gpg does not find its folder: set HOME or GNUPGHOME to the one with your keys."
      },
      ...gpgLocked,
      {
        stderr: /decryption failed: Bad session key/,
        reason: "Denied",
        remedy: "The passphrase is another: check --passphrase-file."
      },
      {
        stderr: /no valid OpenPGP data found/,
        reason: "Unknown",
        remedy: "The file is not encrypted with gpg; check its path."
      }
    ]
  },
  {
    name: "age",
    program: /^age$/,
    install: "Install age.",
    evidence: "measured",
    source: "age 1.1.1",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      unreadable,
      {
        stderr: /no identity matched any of the recipients/,
        reason: "Denied",
        remedy: "The file is not encrypted to that identity; give another with -i."
      },
      {
        stderr: /failed to open input file|failed to open file/,
        reason: "NotFound",
        remedy: "The file or the identity does not exist; check the paths."
      },
      {
        stderr: /incorrect passphrase/,
        reason: "LoginRequired",
        remedy: "The passphrase is another: use an identity file (-i) that needs none.",
        evidence: "manual"
      },
      {
        stderr: /could not read passphrase|standard input is not a terminal/i,
        reason: "LoginRequired",
        remedy: "It asks for a passphrase: use an identity file (-i) that needs none.",
        evidence: "manual"
      },
      {
        stderr: /failed to read header/,
        reason: "Unknown",
        remedy: "The file is not encrypted with age; check its path."
      }
    ]
  },
  {
    name: "rage",
    program: /^rage$/,
    install: "Install rage.",
    evidence: "manual",
    source: "https://github.com/str4d/rage/blob/main/age/i18n/en-US/age.ftl",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      {
        stderr: /No matching keys found/,
        reason: "Denied",
        remedy: "The file is not encrypted to that identity; give another with -i."
      }
    ]
  },
  {
    name: "secret-tool",
    program: /^secret-tool$/,
    install: "Install libsecret-tools.",
    evidence: "measured",
    source: "libsecret-tools 0.20.5",
    speaks: ["text"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      noSessionBus,
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "NotFound",
        remedy: "Nothing has these attributes, or the keyring is locked: unlock it, then secret-tool search --all"
      }
    ]
  },
  {
    name: "security",
    program: /^security$/,
    install: "security is a part of macOS; on Linux use secret-tool, on Windows a credential manager's command line.",
    evidence: "manual",
    source: "security(1); Security/SecBase.h: a status is the OSStatus modulo 256",
    speaks: ["text"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        exitCode: 44,
        reason: "NotFound",
        remedy: "No keychain has that item: look in Keychain Access, check -s and -a."
      },
      {
        exitCode: 36,
        reason: "LoginRequired",
        remedy: "Unlock the keychain in a session with a screen: security unlock-keychain"
      },
      { exitCode: 51, reason: "Denied", remedy: "Allow the program access to that item in Keychain Access." },
      { exitCode: 128, reason: "LoginRequired", remedy: "The question was cancelled; run it again and allow it." }
    ]
  },
  {
    name: "keepassxc-cli",
    program: /^keepassxc-cli$/,
    install: "Install KeePassXC.",
    evidence: "measured",
    source: "keepassxc-cli 2.7.4",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      {
        stderr: /Invalid credentials/,
        reason: "LoginRequired",
        remedy: "Wrong password or key file for that database: use --key-file with --no-password."
      },
      {
        stderr: /Could not find entry/,
        reason: "NotFound",
        remedy: "List what is there: keepassxc-cli ls DATABASE"
      },
      {
        stderr: /Failed to open database file .*not found/,
        reason: "NotFound",
        remedy: "The database does not exist; check its path."
      },
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "LoginRequired",
        remedy: "With -q it keeps its reasons to itself: run it without."
      }
    ]
  },
  {
    name: "bw",
    program: /^bw$/,
    install: "Install the Bitwarden command line (@bitwarden/cli) and log in: bw login",
    evidence: "measured",
    source: "@bitwarden/cli 2026.6.0; https://github.com/bitwarden/clients/tree/main/apps/cli",
    speaks: ["text", "bitwarden"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      onStderr(bitwarden.notLoggedIn),
      // BW_RESPONSE puts it there, as JSON.
      onStdout(bitwarden.notLoggedIn),
      { ...onStderr(bitwarden.locked), evidence: "manual" },
      { ...onStderr(bitwarden.notFound), evidence: "manual" },
      { ...onStderr(bitwarden.several), evidence: "manual" },
      {
        stderr: /Invalid master password/,
        reason: "LoginRequired",
        remedy: "Bitwarden's master password is another: bw unlock",
        evidence: "manual"
      },
      { stderr: /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/, reason: "Unavailable", evidence: "manual" }
    ]
  },
  {
    name: "bws",
    program: /^bws$/,
    install: "Install the Bitwarden Secrets Manager command line (bws), and set BWS_ACCESS_TOKEN.",
    evidence: "manual",
    source: "https://github.com/bitwarden/sdk-sm/blob/main/crates/bws/src/main.rs",
    speaks: ["bitwarden", "text", "env"],
    mayPrompt: false,
    failures: [
      {
        stderr: /Missing access token|401 Unauthorized/i,
        reason: "LoginRequired",
        remedy: "Set BWS_ACCESS_TOKEN to a machine account's token."
      },
      {
        stderr: /404 Not Found|Resource not found/i,
        reason: "NotFound",
        remedy: "Look for the secret: bws secret list"
      }
    ]
  },
  {
    name: "doppler",
    program: /^doppler$/,
    install: "Install the Doppler command line and log in: doppler login",
    evidence: "manual",
    source: "https://github.com/DopplerHQ/cli; its messages as issues there and packages' tests have them",
    speaks: ["text", "env"],
    mayPrompt: false,
    failures: [
      {
        stderr: /must provide a token|Invalid Auth token/i,
        reason: "LoginRequired",
        remedy: "Log in to Doppler (doppler login), or set DOPPLER_TOKEN."
      },
      {
        stderr: /Could not find requested (?:secret|project|config)/i,
        reason: "NotFound",
        remedy: "Look for the secret: doppler secrets --only-names"
      },
      { stderr: /does not have access/i, reason: "Denied" },
      { stderr: /(?:Get|Post) "https:|dial tcp|i\/o timeout|no such host/i, reason: "Unavailable" }
    ]
  },
  {
    name: "infisical",
    program: /^infisical$/,
    install: "Install the Infisical command line and log in: infisical login",
    evidence: "manual",
    source: "https://github.com/Infisical/cli",
    speaks: ["text", "env"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      { stderr: /dial tcp|no such host|i\/o timeout/i, reason: "Unavailable" },
      { stderr: infisicalLogin, ...same.infisical },
      { stdout: infisicalLogin, ...same.infisical },
      { stderr: /status-code=403/, reason: "Denied" },
      { stderr: /status-code=404/, reason: "NotFound", remedy: "Look for the secret: infisical secrets" }
    ]
  },
  {
    name: "dotenvx",
    program: /^dotenvx$/,
    install: "Install dotenvx: npm install @dotenvx/dotenvx",
    evidence: "measured",
    source: "@dotenvx/dotenvx 2.38.2",
    speaks: ["text", "env"],
    mayPrompt: false,
    failures: [
      unreadable,
      {
        stderr: /\[DECRYPTION_FAILED\]/,
        reason: "LoginRequired",
        remedy: "The private key is missing or another's: set DOTENV_PRIVATE_KEY, or put .env.keys beside the file."
      },
      {
        stderr: /\[MISSING_ENV_FILE\]/,
        reason: "NotFound",
        remedy: "The file does not exist; check the path after -f."
      },
      { stderr: /\[MISSING_KEY\]/, reason: "NotFound", remedy: "List what is there: dotenvx ls, dotenvx get -f FILE" }
    ]
  },
  {
    name: "kubelogin",
    program: /^(?:kubelogin|kubectl-oidc_login)$/,
    install: "Install kubelogin (int128/kubelogin for OpenID Connect, Azure/kubelogin for Entra).",
    evidence: "manual",
    source: "https://github.com/int128/kubelogin and https://azure.github.io/kubelogin/",
    speaks: ["exec-credential"],
    format: "exec-credential",
    mayPrompt: true,
    failures: [
      {
        stderr: /dial tcp|no such host|i\/o timeout|Client\.Timeout|50[0234] (?:Internal|Bad|Service|Gateway)/i,
        reason: "Unavailable",
        remedy: "The identity provider does not answer: check the network and the issuer's URL."
      },
      {
        stderr: /oidc discovery error: 40[13]/i,
        reason: "Denied",
        remedy: "The identity provider refuses its own description: check the issuer's URL."
      },
      {
        stderr: /authentication error|authorization code flow error|context deadline exceeded|az login|AADSTS/i,
        reason: "LoginRequired",
        remedy: "Log in with it once where a browser can open."
      }
    ]
  },
  {
    name: "docker-credential-*, of a store",
    program: /^docker-credential-(?:pass|secretservice|osxkeychain|wincred|desktop)$/,
    install: "Install that docker credential helper (docker-credential-helpers).",
    evidence: "measured",
    source: "golang-docker-credential-helpers 0.6.4; https://github.com/docker/docker-credential-helpers",
    speaks: ["docker-credential"],
    format: "docker-credential",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      ...dockerFailures,
      {
        exitCode: 2,
        stderr: /docker-credential-helpers\/credentials\.HandleCommand/,
        reason: "LoginRequired",
        remedy:
          "It crashed, as docker-credential-secretservice does where the keyring is locked: unlock it in a desktop session."
      }
    ]
  },
  {
    name: "docker-credential-*, of a registry or unknown",
    program: /^docker-credential-.+$/,
    install: "Install that docker credential helper.",
    evidence: "manual",
    source:
      "https://github.com/docker/docker-credential-helpers: a registry's own (gcloud, gcr, ecr-login, acr) gives short tokens",
    speaks: ["docker-credential"],
    format: "docker-credential",
    mayPrompt: false,
    failures: dockerFailures.map((failure): Failure => ({ ...failure, evidence: "manual" }))
  },
  {
    name: "keyring",
    program: /^keyring$/,
    install: "Install Python's keyring: pipx install keyring",
    evidence: "measured",
    source: "python3-keyring 23.9.3; keyring 25.7.0",
    speaks: ["text"],
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        stderr: /NoKeyringError/,
        reason: "Unavailable",
        remedy: "There is no keyring service in this session: keyring --list-backends"
      },
      {
        stderr: /KeyringLocked/,
        reason: "LoginRequired",
        remedy: "Unlock the keyring in a desktop session."
      },
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "NotFound",
        remedy: "Nothing is stored for that service and user: keyring set SERVICE USER"
      }
    ]
  },
  {
    name: "ansible-vault",
    program: /^ansible-vault$/,
    install: "Install ansible-core.",
    evidence: "measured",
    source: "ansible-core 2.14.18",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      { ...unreadable, evidence: "manual" },
      {
        stderr: /Decryption failed|no vault secrets were found/,
        reason: "Denied",
        remedy: "The password is another: check --vault-password-file."
      },
      { stderr: /Unable to read source file/, ...same.file },
      {
        stderr: /no vault secrets found/,
        reason: "LoginRequired",
        remedy: "It has no password: give it --vault-password-file.",
        evidence: "manual"
      },
      {
        stderr: /vault password prompt|EOFError/,
        reason: "LoginRequired",
        remedy: "It asks for a password: give it --vault-password-file."
      }
    ]
  },
  {
    name: "jq",
    program: /^jq$/,
    install: "Install jq.",
    evidence: "measured",
    source: "jq 1.6; https://jqlang.org/manual/",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      unreadable,
      {
        exitCode: 2,
        stderr: /Could not open/,
        ...same.file
      },
      { exitCode: 3, reason: "Unknown", remedy: "The filter does not compile; check its quotes." },
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "NotFound",
        remedy: "The field is null or missing (jq -e says so by status 1); check its name."
      },
      { stderr: /parse error/, reason: "Unknown", remedy: "The file is not JSON; check its path." },
      {
        stderr: /Cannot i(?:ndex|terate)/,
        reason: "NotFound",
        remedy: "The file has another shape; check the path in the filter."
      }
    ]
  },
  {
    name: "gojq, jaq",
    program: /^(?:gojq|jaq)$/,
    install: "Install it, or use jq.",
    evidence: "manual",
    source: "https://github.com/itchyny/gojq and https://github.com/01mf02/jaq: as jq",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "NotFound",
        remedy: "The field is null or missing (-e says so by status 1); check its name."
      },
      { exitCode: 3, reason: "Unknown", remedy: "The filter does not compile; check its quotes." }
    ]
  },
  {
    name: "openssl",
    program: /^openssl$/,
    install: "Install openssl.",
    evidence: "measured",
    source: "openssl 3.0.19",
    speaks: ["text"],
    mayPrompt: false,
    failures: [
      unreadable,
      {
        stderr: /bad password read/,
        reason: "LoginRequired",
        remedy: "It asks for a password: give it one with -pass file:FILE."
      },
      {
        stderr: /bad decrypt/,
        reason: "Denied",
        remedy: "Wrong password or cipher: what it printed is rubbish and was thrown away."
      },
      {
        stderr: /No such file or directory/,
        ...same.file
      }
    ]
  }
]
