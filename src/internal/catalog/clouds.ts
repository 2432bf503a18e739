/** Command lines of clouds, and of services that keep secrets for others. */
import type { Meaning } from "../format/failure.js"
import type { Entry } from "./entry.js"
import { accessPolicy } from "./shared.js"

/** What several failures of one program mean. */
const awsLogin = { reason: "LoginRequired", remedy: "Log in to AWS: aws sso login" } as const satisfies Meaning
const awsOwnLogin = { reason: "LoginRequired", remedy: "Log in again: aws login" } as const satisfies Meaning
const awsMfa = {
  reason: "LoginRequired",
  remedy: "It asks for an MFA code: run it once at a terminal, or use a profile without MFA."
} as const satisfies Meaning
const awsDenied = {
  reason: "Denied",
  remedy: "Ask for the permission that the message names, or use another profile (--profile)."
} as const satisfies Meaning
const gcloudLogin = {
  reason: "LoginRequired",
  remedy: "Log in to Google Cloud: gcloud auth login"
} as const satisfies Meaning
const azLogin = { reason: "LoginRequired", remedy: "Log in to Azure: az login" } as const satisfies Meaning
const azNoSecret = {
  reason: "NotFound",
  remedy: "Look for the secret: az keyvault secret list --vault-name NAME"
} as const satisfies Meaning
const infisicalLogin = {
  reason: "LoginRequired",
  remedy: "Log in to Infisical (infisical login), or set INFISICAL_TOKEN."
} as const satisfies Meaning

const infisicalLoggedOut =
  /infisical login|must be logged in|login session|couldn't find your logged in details|status-code=401/i

export const clouds: ReadonlyArray<Entry> = [
  {
    program: /^(?:vault|bao)$/,
    install: "Install Vault (https://developer.hashicorp.com/vault/install) or OpenBao, and log in: vault login",
    mayPrompt: false,
    env: { VAULT_FORMAT: undefined, BAO_FORMAT: undefined, VAULT_CLI_NO_COLOR: "1", BAO_CLI_NO_COLOR: "1" },
    failures: [
      {
        stderr: /missing client token|invalid token|token expired/i,
        reason: "LoginRequired",
        remedy: "Log in to Vault: vault login"
      },
      {
        stderr: /wrapping token is not valid/,
        reason: "LoginRequired",
        remedy: "That wrapping token was used before or is expired: get a new one."
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
        remedy: "Exit status 1 is a local error or a usage error: run the command in a shell to see it."
      }
    ]
  },
  {
    program: /^aws2?$/,
    install: "Install the AWS command line version 2 and log in: aws configure sso, aws sso login",
    mayPrompt: true,
    env: { AWS_PAGER: "", AWS_DEFAULT_OUTPUT: undefined, AWS_CLI_AUTO_PROMPT: "off" },
    failures: [
      { stderr: /Error loading SSO Token/, ...awsLogin },
      // Before the rows for denied access: the service of `aws login` answers so for an expired session.
      { stderr: /calling the CreateOAuth2Token operation/, ...awsOwnLogin },
      { stderr: /MultiFactorAuthentication failed/, ...awsMfa },
      { stderr: /Enter MFA code/, ...awsMfa },
      {
        stderr: /\(ResourceNotFoundException\)/,
        reason: "NotFound",
        remedy: "Look for the secret: aws secretsmanager list-secrets"
      },
      {
        stderr: /\(ParameterNotFound\)/,
        reason: "NotFound",
        remedy: "Look for the parameter: aws ssm describe-parameters"
      },
      {
        stderr: /\(ExpiredTokenException\)/,
        ...awsLogin
      },
      {
        stderr:
          /\((?:ExpiredToken|UnrecognizedClientException|InvalidClientTokenId|RequestExpired|UnauthorizedException)\)/,
        ...awsLogin
      },
      {
        stderr: /\(AccessDeniedException\)/,
        ...awsDenied
      },
      {
        stderr: /\((?:AccessDenied|ForbiddenException|UnauthorizedOperation)\)/,
        ...awsDenied
      },
      {
        stderr: /session has expired.*'aws login'/,
        ...awsOwnLogin
      },
      { stderr: /reauthenticate using 'aws login'/, ...awsOwnLogin },
      {
        stderr: /InvalidGrantException|UnauthorizedSSOToken|refreshed credentials are still expired/,
        ...awsLogin
      },
      {
        stderr: /The SSO session .*has expired|Token has expired/i,
        ...awsLogin
      },
      {
        stderr: /Unable to locate credentials|no credentials found/i,
        reason: "LoginRequired",
        remedy: "Log in to AWS (aws sso login), or configure credentials: aws configure"
      },
      {
        stderr: /Partial credentials found|\((?:SignatureDoesNotMatch|InvalidSignatureException)\)/,
        reason: "LoginRequired",
        remedy: "The access key is not whole, or its secret is another's: aws configure"
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
        remedy: "AWS does not answer or has too much to do: try again later."
      }
    ]
  },
  {
    program: /^gcloud$/,
    install: "Install the Google Cloud CLI and log in: gcloud auth login",
    mayPrompt: true,
    env: {
      CLOUDSDK_CORE_DISABLE_COLOR: "1",
      CLOUDSDK_CORE_DEFAULT_FORMAT: undefined,
      CLOUDSDK_CORE_SHOW_STRUCTURED_LOGS: undefined,
      CLOUDSDK_CORE_USER_OUTPUT_ENABLED: undefined,
      CLOUDSDK_CORE_VERBOSITY: undefined
    },
    envWithoutTerminal: { CLOUDSDK_CORE_DISABLE_PROMPTS: "1" },
    failures: [
      {
        stderr: /do not currently have an active account/,
        ...gcloudLogin
      },
      {
        stderr: /default credentials were not found/,
        reason: "LoginRequired",
        remedy: "Set up application default credentials: gcloud auth application-default login"
      },
      {
        stderr: /set the property `?core\/project/,
        reason: "Unknown",
        remedy: "Say which project: --project, or gcloud config set project PROJECT"
      },
      // What gcloud says before it also stands before failures of the network.
      {
        stderr:
          /Could not reach|Connection refused|Name or service not known|name resolution|Max retries exceeded|Unable to find the server|Failed to establish/i,
        reason: "Unavailable"
      },
      {
        stderr:
          /Reauthentication (?:required|failed)|invalid_grant|UNAUTHENTICATED|cannot prompt during non-interactive/i,
        ...gcloudLogin
      },
      {
        stderr:
          /problem refreshing your current auth tokens|Reauthentication is needed|does not have any valid credentials/,
        ...gcloudLogin
      },
      {
        stderr: /NOT_FOUND/,
        reason: "NotFound",
        remedy: "Look for the secret: gcloud secrets list"
      },
      {
        stderr: /PERMISSION_DENIED/,
        reason: "Denied",
        remedy: "Ask for the role that the message names, or use another account: gcloud config set account"
      }
    ]
  },
  {
    program: /^az$/,
    install: "Install the Azure CLI and log in: az login",
    mayPrompt: true,
    env: { AZURE_CORE_OUTPUT: undefined, AZURE_CORE_NO_COLOR: "true" },
    envWithoutTerminal: { AZURE_CORE_DISABLE_CONFIRM_PROMPT: "true" },
    failures: [
      { stderr: /Please run 'az login'/, ...azLogin },
      accessPolicy,
      {
        stderr: /Status_(?:TransientError|NoNetwork|NetworkTemporarilyUnavailable|ServerTemporarilyUnavailable)/,
        reason: "Unavailable"
      },
      {
        stderr: /AADSTS70002(?:15|22)/,
        reason: "LoginRequired",
        remedy: "The secret of the service principal is wrong or expired: az login --service-principal"
      },
      {
        stderr: /AADSTS90002/,
        reason: "NotFound",
        remedy: "There is no such tenant: az account list, az login --tenant ID"
      },
      {
        stderr: /AADSTS(?:700082|70043|50173|50076|50078|50079|65001|700084)|Interactive authentication is needed/,
        ...azLogin
      },
      {
        stderr: /Failed to establish a new connection|Max retries exceeded|Name or service not known/i,
        reason: "Unavailable"
      },
      {
        stderr: /Certificate verification failed|CERTIFICATE_VERIFY_FAILED/,
        reason: "Unavailable",
        remedy: "A proxy replaces the certificate: set REQUESTS_CA_BUNDLE to the file with its authority."
      },
      // What MSAL says of a token that it cannot get silently; the reasons above say more.
      { stderr: /authenticate interactively|Status_(?:InteractionRequired|UserCanceled|AccountUnusable)/, ...azLogin },
      {
        stderr: /No subscription found/,
        reason: "NotFound",
        remedy: "Choose a subscription: az account list, az account set --subscription NAME"
      },
      {
        exitCode: 3,
        ...azNoSecret
      },
      {
        stderr: /(?:Secret|Resource)NotFound/,
        ...azNoSecret
      },
      {
        stderr: /\(Forbidden\)|AuthorizationFailed|Caller is not authorized/,
        reason: "Denied",
        remedy: "Ask for the permission to read secrets of that vault (Key Vault Secrets User)."
      }
    ]
  },
  {
    program: /^doppler$/,
    install: "Install the Doppler command line and log in: doppler login",
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
    program: /^infisical$/,
    install: "Install the Infisical command line and log in: infisical login",
    env: { INFISICAL_DISABLE_UPDATE_CHECK: "true" },
    mayPrompt: true,
    timeToLive: "1 hour",
    failures: [
      { stderr: /dial tcp|no such host|i\/o timeout/i, reason: "Unavailable" },
      { stderr: infisicalLoggedOut, ...infisicalLogin },
      { stdout: infisicalLoggedOut, ...infisicalLogin },
      { stderr: /status-code=403/, reason: "Denied" },
      { stderr: /status-code=404/, reason: "NotFound", remedy: "Look for the secret: infisical secrets" }
    ]
  }
]
