/** Failures that several helpers have in common: of gpg, of a keyring service, of a file that cannot be read. */
import type { Meaning } from "../format/failure.js"
import type { Message } from "../format/messages.js"
import type { Failure } from "./entry.js"

export const onStdout = ({ meaning, pattern }: Message): Failure => ({ stdout: new RegExp(pattern), ...meaning })

export const onStderr = ({ meaning, pattern }: Message): Failure => ({ stderr: new RegExp(pattern), ...meaning })

export const unlockGpg = {
  reason: "LoginRequired",
  remedy: "gpg: unlock the key at a terminal (export GPG_TTY=$(tty)), or import the secret key."
} as const satisfies Meaning

export const noSecretKey = /decryption failed: No secret key|No pinentry|Inappropriate ioctl for device|Bad passphrase/

export const gpgLocked: ReadonlyArray<Failure> = [
  { stderr: noSecretKey, ...unlockGpg },
  { stderr: /Operation cancelled|Screen or window too small|decryption failed: Timeout/, ...unlockGpg }
]

/** The one message of gpg's that was seen through a program that passes it on: a row of its own, since the page calls it measured. */
export const noSecretKeyBehind = /decryption failed: No secret key/

export const gpgLockedBehind: ReadonlyArray<Failure> = [{ stderr: noSecretKeyBehind, ...unlockGpg }, ...gpgLocked]

export const noKeyringService =
  "There is no keyring service in this session; log in to a desktop session or start one with dbus-run-session."

export const noBus = /Cannot autolaunch D-Bus|Could not connect|org\.freedesktop\.secrets was not provided/

/** A service that cannot be reached, in the words of Go's and of most other libraries. */
export const noConnection =
  /dial tcp|no such host|connection refused|connection reset|network is unreachable|i\/o timeout|TLS handshake|x509: |Could not resolve host|Name or service not known|Max retries exceeded/i

/** Microsoft Entra: a sign-in that conditional access or an assignment denies. Another login changes nothing. */
export const accessPolicy: Failure = {
  stderr: /AADSTS(?:5300[0-4]|50105|50057|50020)/,
  reason: "Denied",
  remedy: "A policy of your organization denies this login: ask its administrator, and name the AADSTS code."
}

export const unreadable: Failure = {
  stderr: /permission denied/i,
  reason: "Denied",
  remedy: "This user may not read that file; check its owner and mode."
}

export const noSuchFile = {
  reason: "NotFound",
  remedy: "The file does not exist; check its path."
} as const satisfies Meaning
