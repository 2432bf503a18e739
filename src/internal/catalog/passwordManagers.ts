/** Helpers that read a password manager or the keyring of a desktop. */
import { bitwarden } from "../format/messages.js"
import type { Entry } from "./entry.js"
import {
  gpgLocked,
  gpgLockedBehind,
  noBus,
  noConnection,
  noKeyringService,
  onStderr,
  onStdout,
  unlockGpg
} from "./shared.js"

export const passwordManagers: ReadonlyArray<Entry> = [
  {
    program: /^op$/,
    install: "Install the 1Password command line (1password-cli) and sign in: op signin",
    mayPrompt: true,
    timeToLive: "1 hour",
    env: { OP_FORMAT: undefined, OP_DEBUG: undefined },
    failures: [
      {
        stderr:
          /not currently signed in|account is not signed in|session expired|authorization prompt dismissed|authorization timeout|authorization denied/i,
        reason: "LoginRequired",
        remedy: "Sign in to 1Password: op signin"
      },
      {
        stderr: /interactive IO not available/i,
        reason: "LoginRequired",
        remedy: "op needs a terminal here: sign in at one (op signin), or set OP_SERVICE_ACCOUNT_TOKEN."
      },
      {
        stderr: /No accounts configured|no account found/i,
        reason: "LoginRequired",
        remedy: "1Password knows no account here: op account add, or turn on the integration with its application."
      },
      {
        stderr: /\(401\)|SACredentials/,
        reason: "LoginRequired",
        remedy: "The token is not valid: check OP_SERVICE_ACCOUNT_TOKEN, or sign in (op signin)."
      },
      {
        stderr: /isn't an item|isn't a vault|isn't a field|could not find item|does not have a field|no item found/i,
        reason: "NotFound",
        remedy: "Look for the item: op item list. An account without access to it gets the same error."
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
      },
      {
        stderr: noConnection,
        reason: "Unavailable",
        remedy: "1Password cannot be reached: check the network, the proxy and its certificate."
      }
    ]
  },
  {
    program: /^pass$/,
    install: "Install pass (the standard Unix password manager).",
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
        remedy: "There is no password store yet: pass init GPG-ID"
      },
      ...gpgLockedBehind
    ]
  },
  {
    program: /^gopass$/,
    install:
      "Install gopass from https://github.com/gopasspw/gopass (Debian's package of that name is another program).",
    format: "first-line",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      { exitCode: 10, reason: "NotFound", remedy: "List what is there: gopass ls" },
      { stderr: /not in the password store/i, reason: "NotFound", remedy: "List what is there: gopass ls" },
      {
        stderr: /could not find password/,
        reason: "NotFound",
        remedy: "That is Debian's gopass, not gopasspw's; list what is there: gopass ls"
      },
      { exitCode: 6, reason: "NotFound", remedy: "There is no password store yet: gopass setup" },
      ...gpgLocked,
      {
        exitCode: 11,
        ...unlockGpg
      },
      { exitCode: 3, reason: "LoginRequired", remedy: "It was cancelled; run it again." }
    ]
  },
  {
    program: /^secret-tool$/,
    install: "Install libsecret-tools.",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      { stderr: noBus, reason: "Unavailable", remedy: noKeyringService },
      {
        exitCode: 1,
        stderr: /^\s*$/,
        reason: "NotFound",
        remedy: "Nothing has these attributes, or the keyring is locked: unlock it, then secret-tool search --all"
      }
    ]
  },
  {
    program: /^security$/,
    install: "security is a part of macOS; on Linux use secret-tool, on Windows a credential manager's command line.",
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
    program: /^keepassxc-cli$/,
    install: "Install KeePassXC.",
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
        remedy: "Run it without -q to see the reason."
      }
    ]
  },
  {
    program: /^bw$/,
    install: "Install the Bitwarden command line (@bitwarden/cli) and log in: bw login",
    mayPrompt: true,
    timeToLive: "1 hour",
    env: { BW_CLEANEXIT: undefined, BW_RESPONSE: undefined, BW_QUIET: undefined, BW_PRETTY: undefined },
    envWithoutTerminal: { BW_NOINTERACTION: "true" },
    failures: [
      onStderr(bitwarden.notLoggedIn),
      // BW_RESPONSE puts it there, as JSON.
      onStdout(bitwarden.notLoggedIn),
      onStderr(bitwarden.locked),
      // What it asks on stderr where it may ask.
      { stderr: /\? Master password:/, ...bitwarden.locked.meaning },
      onStderr(bitwarden.notFound),
      onStderr(bitwarden.several),
      {
        stderr: /Invalid master password/,
        reason: "LoginRequired",
        remedy: "Bitwarden's master password is another: bw unlock"
      },
      { stderr: /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN/, reason: "Unavailable" }
    ]
  },
  {
    program: /^rbw$/,
    install: "Install rbw and log in: rbw login",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        stderr: /agent is locked|pinentry|failed to unlock database|Password is incorrect/i,
        reason: "LoginRequired",
        remedy: "Unlock the vault at a terminal: rbw unlock"
      },
      {
        stderr: /no entry found|not a login entry|unknown field/,
        reason: "NotFound",
        remedy: "Look for the entry: rbw list"
      },
      {
        stderr: /multiple entries found/,
        reason: "NotFound",
        remedy: "Several entries fit: name the user too, or the id."
      },
      { stderr: /not yet been registered/, reason: "LoginRequired", remedy: "Register this device: rbw register" },
      {
        stderr: /email address not set|find email address in config/,
        reason: "LoginRequired",
        remedy: "Say whose vault it is: rbw config set email ADDRESS, then rbw login"
      },
      {
        stderr: /api request unauthorized|incorrect api key|failed to find \w+ token in db|two factor required/,
        reason: "LoginRequired",
        remedy: "Log in to Bitwarden again: rbw login"
      },
      { stderr: /error making api request/, reason: "Unavailable" },
      { stderr: /failed to run rbw-agent/, reason: "Unknown", remedy: "Put rbw-agent beside rbw, or on PATH." }
    ]
  },
  {
    program: /^lpass$/,
    install: "Install the LastPass command line and log in: lpass login NAME",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      {
        stderr: /Perhaps you need to login with|Unable to fetch blob|Failed to enter (?:correct )?password/,
        reason: "LoginRequired",
        remedy: "Log in to LastPass: lpass login NAME"
      },
      {
        stderr: /Could not find specified (?:account|field|attachment)/,
        reason: "NotFound",
        remedy: "Look for the entry: lpass ls"
      },
      {
        stderr: /Multiple matches found/,
        reason: "NotFound",
        remedy: "Several entries have that name: use the id (lpass ls)."
      },
      {
        stderr: /Could not authenticate for protected entry/,
        reason: "LoginRequired",
        remedy: "The entry asks for the master password again: run it at a terminal."
      }
    ]
  },
  {
    program: /^fnox$/,
    install: "Install fnox (mise use -g fnox).",
    mayPrompt: true,
    timeToLive: "1 hour",
    envWithoutTerminal: { FNOX_NON_INTERACTIVE: "true" },
    failures: [
      {
        stderr: /[Ss]ecret \S+ not found/,
        reason: "NotFound",
        remedy: "List what is there: fnox list, and check --profile."
      },
      {
        stderr: /authentication failed|not authenticated/i,
        reason: "LoginRequired",
        remedy: "Log in to the provider that the message names."
      },
      { stderr: noConnection, reason: "Unavailable" }
    ]
  },
  {
    program: /^bws$/,
    install: "Install the Bitwarden Secrets Manager command line (bws), and set BWS_ACCESS_TOKEN.",
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
    program: /^keyring$/,
    install: "Install Python's keyring: pipx install keyring",
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
  }
]
