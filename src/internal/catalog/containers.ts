/** Credential helpers of containers: Kubernetes' and docker's. */
import { docker } from "../format/messages.js"
import type { Entry, Failure } from "./entry.js"
import { accessPolicy, noBus, noKeyringService, noSecretKey, noSecretKeyBehind, onStdout, unlockGpg } from "./shared.js"

/** What a credential helper of docker's says, whatever the store: on stdout. */
const dockerFailures: ReadonlyArray<Failure> = [
  onStdout(docker.notFound),
  onStdout(docker.noServer),
  onStdout(docker.noUsername),
  {
    stdout: /pass (?:store is uninitialized|not initialized)/,
    reason: "NotFound",
    remedy: "There is no password store yet: pass init GPG-ID"
  },
  { stdout: noBus, reason: "Unavailable", remedy: noKeyringService },
  { stdout: noSecretKeyBehind, ...unlockGpg },
  { stdout: noSecretKey, ...unlockGpg }
]

/** A store before any docker credential helper: the first row that fits a name counts. */
export const containers: ReadonlyArray<Entry> = [
  {
    program: /^(?:kubelogin|kubectl-oidc_login)$/,
    install: "Install kubelogin (int128/kubelogin for OpenID Connect, Azure/kubelogin for Entra).",
    format: "exec-credential",
    mayPrompt: true,
    failures: [
      {
        stderr: /dial tcp|no such host|i\/o timeout|Client\.Timeout|50[0234] (?:Internal|Bad|Service|Gateway)/i,
        reason: "Unavailable",
        remedy: "The identity provider does not answer: check the network and the issuer's URL."
      },
      accessPolicy,
      {
        stderr: /address already in use/,
        reason: "Unavailable",
        remedy: "Its port for the browser's answer is taken: choose another one with --listen-address."
      },
      {
        stderr: /oidc discovery error: 40[13]/i,
        reason: "Denied",
        remedy: "The identity provider refuses its own description: check the issuer's URL."
      },
      {
        stderr:
          /authentication error|authorization code flow error|context deadline exceeded|az login|AADSTS|could not open the browser/i,
        reason: "LoginRequired",
        remedy: "Log in with it once where a browser can open."
      }
    ]
  },
  {
    program: /^docker-credential-(?:pass|secretservice|osxkeychain|wincred|desktop)$/,
    install: "Install that docker credential helper (docker-credential-helpers).",
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
    program: /^docker-credential-.+$/,
    install: "Install that docker credential helper.",
    format: "docker-credential",
    mayPrompt: false,
    failures: dockerFailures
  }
]
