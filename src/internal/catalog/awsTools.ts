/** Programs that get credentials from AWS, or read secrets there, beside its own command line. */
import type { Meaning } from "../format/failure.js"
import type { Entry, Failure } from "./entry.js"
import { noConnection } from "./shared.js"

const login = {
  reason: "LoginRequired",
  remedy: "Log in to AWS: aws sso login, or aws login"
} as const satisfies Meaning

/** What the AWS SDK for Go says of its credentials. */
const sdkFailures: ReadonlyArray<Failure> = [
  {
    stderr: /ExpiredToken|UnrecognizedClientException|InvalidClientTokenId|token has expired|SSO session has expired/i,
    ...login
  },
  { stderr: /failed to refresh cached credentials|NoCredentialProviders|get credentials: /, ...login },
  {
    stderr: /AccessDenied|UnauthorizedOperation/,
    reason: "Denied",
    remedy: "Ask for the permission that the message names, or use another profile (AWS_PROFILE)."
  },
  { stderr: noConnection, reason: "Unavailable" }
]

export const awsTools: ReadonlyArray<Entry> = [
  {
    program: /^aws-vault$/,
    install: "Install aws-vault and store a key: aws-vault add PROFILE",
    mayPrompt: true,
    failures: [
      {
        stderr: /credentials missing|[Kk]ey (?:pair )?not found|Profile .* not found/,
        reason: "NotFound",
        remedy: "Nothing is stored for that profile: aws-vault list, aws-vault add PROFILE"
      },
      {
        stderr: /MultiFactorAuthentication failed|MFA/,
        reason: "LoginRequired",
        remedy: "It asks for an MFA code: run it at a terminal, or set AWS_VAULT_PROMPT."
      },
      {
        stderr: /user name or passphrase you entered is not correct|aes\.KeyUnwrap|integrity check failed/,
        reason: "LoginRequired",
        remedy: "The passphrase of the keyring is another; run it at a terminal."
      },
      {
        stderr: /collection .* does not exist|unexpected end of JSON input/,
        reason: "NotFound",
        remedy: "The keyring has no credentials of aws-vault: aws-vault add PROFILE"
      },
      ...sdkFailures
    ]
  },
  {
    program: /^saml2aws$/,
    install: "Install saml2aws and configure it: saml2aws configure",
    mayPrompt: true,
    failures: [
      { stderr: noConnection, reason: "Unavailable" },
      {
        stderr: /[Ee]rror authenticating to IdP|credentials have expired|Error validating login details/,
        reason: "LoginRequired",
        remedy: "Log in at a terminal: saml2aws login"
      },
      {
        stderr: /[Nn]o roles available|[Nn]o accounts available|permitted to assume the given role/,
        reason: "Denied",
        remedy: "Ask for a role in that account: saml2aws list-roles"
      },
      {
        stderr: /Failed to load IdP account|Failed to validate account/,
        reason: "NotFound",
        remedy: "That account is not configured: saml2aws configure"
      }
    ]
  },
  {
    program: /^(?:granted|assume|assumego)$/,
    install: "Install Granted (https://docs.commonfate.io/granted).",
    mayPrompt: true,
    env: { GRANTED_QUIET: "true" },
    failures: [
      {
        stderr: /SSO token is expired|creds invalid or expired|device authorization token timed out/,
        reason: "LoginRequired",
        remedy: "Log in again: granted sso login"
      },
      {
        stderr: /please login using|auto-login is disabled/,
        reason: "LoginRequired",
        remedy: "Log in with the command that the message names."
      },
      { stderr: /profile not found/, reason: "NotFound", remedy: "List the profiles: aws configure list-profiles" },
      {
        stderr: /keyring not opened/,
        reason: "Unavailable",
        remedy: "Unlock the keyring of this session, or choose another one in Granted's configuration."
      },
      ...sdkFailures
    ]
  },
  {
    program: /^chamber$/,
    install: "Install chamber (https://github.com/segmentio/chamber).",
    mayPrompt: false,
    failures: [
      { stderr: /secret not found/, reason: "NotFound", remedy: "List what is there: chamber list SERVICE" },
      ...sdkFailures
    ]
  },
  {
    program: /^aws-iam-authenticator$/,
    install: "Install aws-iam-authenticator; newer setups use: aws eks get-token",
    format: "exec-credential",
    mayPrompt: false,
    failures: [
      {
        stderr: /cluster ID not specified|ClusterID is required/,
        reason: "NotFound",
        remedy: "Name the cluster: aws-iam-authenticator token -i CLUSTER"
      },
      ...sdkFailures,
      { stderr: /could not get token/, ...login }
    ]
  }
]
