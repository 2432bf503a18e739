/** Programs that decrypt a file or pick a key out of one. */
import type { Entry } from "./entry.js"
import { gpgLocked, noConnection, noSuchFile, unlockGpg, unreadable } from "./shared.js"

export const files: ReadonlyArray<Entry> = [
  {
    program: /^gpg2?$/,
    install: "Install GnuPG (gnupg).",
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      // Before the row for its directory: gpg reports a missing file after warnings of a missing directory.
      {
        stderr: /can't open .*No such file/,
        ...noSuchFile
      },
      { ...unreadable, stderr: /can't open .*Permission denied/ },
      {
        stderr: /can't create directory|keyblock resource/,
        reason: "LoginRequired",
        remedy: "gpg does not find its directory: set HOME or GNUPGHOME to the one with your keys."
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
    program: /^age$/,
    install: "Install age.",
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
        remedy: "The passphrase is another: use an identity file (-i) that needs none."
      },
      {
        stderr: /could not read passphrase|standard input is not a terminal/i,
        reason: "LoginRequired",
        remedy: "It asks for a passphrase: use an identity file (-i) that needs none."
      },
      {
        stderr: /failed to read header/,
        reason: "Unknown",
        remedy: "The file is not encrypted with age; check its path."
      }
    ]
  },
  {
    program: /^rage$/,
    install: "Install rage.",
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
    program: /^sops$/,
    install: "Install SOPS (https://getsops.io).",
    mayPrompt: true,
    timeToLive: "1 hour",
    env: { SOPS_DISABLE_VERSION_CHECK: "true" },
    failures: [
      unreadable,
      { stderr: /No pinentry|Inappropriate ioctl for device/, ...unlockGpg },
      {
        stderr: noConnection,
        reason: "Unavailable",
        remedy: "The service with the key cannot be reached: check the network."
      },
      {
        stderr: /ExpiredToken|NoCredentialProviders|could not find default credentials/,
        reason: "LoginRequired",
        remedy: "Log in to the cloud whose key encrypts that file."
      },
      {
        exitCode: 128,
        reason: "Denied",
        remedy: "None of your keys decrypts that file: check SOPS_AGE_KEY_FILE, gpg or the login to the cloud's keys."
      },
      { exitCode: 100, ...noSuchFile },
      { exitCode: 2, ...noSuchFile },
      { exitCode: 91, reason: "NotFound", remedy: "The file has no such value: check --extract." },
      {
        stderr: /component \[.* not found/,
        reason: "NotFound",
        remedy: "The file has no such value: check --extract."
      },
      { exitCode: 51, reason: "Unknown", remedy: "The file was changed after its encryption (MAC mismatch)." }
    ]
  },
  {
    program: /^dotenvx$/,
    install: "Install dotenvx: npm install @dotenvx/dotenvx",
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
    program: /^ansible-vault$/,
    install: "Install ansible-core.",
    mayPrompt: false,
    failures: [
      unreadable,
      {
        stderr: /Decryption failed|no vault secrets were found/,
        reason: "Denied",
        remedy: "The password is another: check --vault-password-file."
      },
      { stderr: /Unable to read source file/, ...noSuchFile },
      {
        stderr: /no vault secrets found/,
        reason: "LoginRequired",
        remedy: "It has no password: give it --vault-password-file."
      },
      {
        stderr: /vault password prompt|EOFError/,
        reason: "LoginRequired",
        remedy: "It asks for a password: give it --vault-password-file."
      }
    ]
  },
  {
    program: /^jq$/,
    install: "Install jq.",
    mayPrompt: false,
    failures: [
      unreadable,
      {
        exitCode: 2,
        stderr: /Could not open/,
        ...noSuchFile
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
    program: /^(?:gojq|jaq)$/,
    install: "Install it, or use jq.",
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
    program: /^openssl$/,
    install: "Install openssl.",
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
        remedy: "Wrong password or cipher; the output was discarded."
      },
      {
        stderr: /No such file or directory/,
        ...noSuchFile
      }
    ]
  }
]
