/** Command lines that print a token of a service, a platform or a gateway. */
import type { Meaning } from "../format/failure.js"
import type { Entry } from "./entry.js"
import { accessPolicy, noConnection } from "./shared.js"

const azdLogin = { reason: "LoginRequired", remedy: "Log in to Azure: azd auth login" } as const satisfies Meaning
const databricksLogin = {
  reason: "LoginRequired",
  remedy: "Log in to Databricks: databricks auth login --host URL, or --profile NAME"
} as const satisfies Meaning
const tshLogin = { reason: "LoginRequired", remedy: "Log in to Teleport: tsh login" } as const satisfies Meaning
const liteLogin = {
  reason: "LoginRequired",
  remedy: "Log in to the LiteLLM proxy: lite login"
} as const satisfies Meaning

export const tokens: ReadonlyArray<Entry> = [
  {
    program: /^azd$/,
    install: "Install the Azure Developer CLI and log in: azd auth login",
    mayPrompt: false,
    env: { AZD_SKIP_UPDATE_CHECK: "true" },
    failures: [
      accessPolicy,
      { stderr: /not logged in, run `azd|[Rr]eauthentication required|login expired/, ...azdLogin },
      { stderr: /AADSTS\d/, ...azdLogin },
      { stderr: noConnection, reason: "Unavailable" }
    ]
  },
  {
    program: /^databricks$/,
    install: "Install the Databricks CLI (version 0.205 or newer) and log in: databricks auth login",
    mayPrompt: false,
    env: { DATABRICKS_OUTPUT_FORMAT: undefined, DATABRICKS_CLI_DISABLE_UPDATE_CHECK: "true" },
    failures: [
      { stderr: /refresh token is invalid|token not found/, ...databricksLogin },
      { stderr: /no profiles configured|cannot configure default credentials/, ...databricksLogin },
      {
        stderr: /has no .* profile configured/,
        reason: "NotFound",
        remedy: "List the profiles: databricks auth profiles"
      },
      {
        stderr: /OS keyring unreachable/,
        reason: "Unavailable",
        remedy: "Unlock the keyring, or set DATABRICKS_AUTH_STORAGE=plaintext and log in again."
      },
      { stderr: noConnection, reason: "Unavailable" }
    ]
  },
  {
    program: /^tsh$/,
    install: "Install Teleport's tsh and log in: tsh login --proxy=HOST",
    mayPrompt: true,
    failures: [
      { stderr: /Active profile expired|Not logged in|certificate has expired/i, ...tshLogin },
      { stderr: /access denied/i, reason: "Denied", remedy: "Ask for the role, or request it: tsh request create" },
      { stderr: noConnection, reason: "Unavailable" }
    ]
  },
  {
    program: /^lite$/,
    install: "Install LiteLLM's command line (pip install 'litellm[cli]') and log in: lite login",
    mayPrompt: false,
    failures: [
      { stderr: /Not authenticated/, ...liteLogin },
      { stderr: /Token expired/, ...liteLogin },
      {
        stderr: /keychain, which could not be read/,
        reason: "LoginRequired",
        remedy: "Unlock the keychain, or log in again: lite login"
      }
    ]
  },
  {
    program: /^(?:pwsh|powershell)$/,
    install: "Install PowerShell (https://aka.ms/powershell).",
    mayPrompt: false,
    env: { POWERSHELL_UPDATECHECK: "Off" },
    failures: [
      {
        stderr: /The secret \S+ was not found/,
        reason: "NotFound",
        remedy: "Look for the secret: Get-SecretInfo"
      },
      {
        stderr: /valid password is required to access|vault is locked/i,
        reason: "LoginRequired",
        remedy: "Unlock the vault first: Unlock-SecretStore"
      },
      {
        stderr: /is not recognized as a name of a cmdlet/,
        reason: "Unknown",
        remedy: "The module of that cmdlet is missing: Install-Module NAME"
      },
      {
        stderr: /NonInteractive mode/,
        reason: "LoginRequired",
        remedy: "The script asks a question: give it the answer as a parameter."
      }
    ]
  }
]
