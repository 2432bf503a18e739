/**
 * Variables by which a known program chooses among what the user has set up: a profile, an account, a region, a project. None of
 * them names a server, a file or a program. From each tool's manual.
 */

const everywhere: ReadonlyArray<string> = ["LANG", "LANGUAGE", "LC_ALL", "LC_CTYPE", "LC_MESSAGES", "NO_COLOR", "TZ"]

const aws: ReadonlyArray<string> = ["AWS_DEFAULT_PROFILE", "AWS_DEFAULT_REGION", "AWS_PROFILE", "AWS_REGION"]

const byProgram: ReadonlyArray<readonly [program: RegExp, names: ReadonlyArray<string>]> = [
  [/^(?:aws|aws-iam-authenticator|aws-vault|assume|chamber|granted|saml2aws|sops)$/, aws],
  [/^op$/, ["OP_ACCOUNT"]],
  [
    /^gcloud$/,
    [
      "CLOUDSDK_ACTIVE_CONFIG_NAME",
      "CLOUDSDK_COMPUTE_REGION",
      "CLOUDSDK_COMPUTE_ZONE",
      "CLOUDSDK_CORE_ACCOUNT",
      "CLOUDSDK_CORE_PROJECT"
    ]
  ],
  [/^databricks$/, ["DATABRICKS_CONFIG_PROFILE"]],
  [/^doppler$/, ["DOPPLER_CONFIG", "DOPPLER_ENVIRONMENT", "DOPPLER_PROJECT"]],
  [/^azd$/, ["AZURE_ENV_NAME"]]
]

export const choosingVariablesOf = (program: string): ReadonlyArray<string> => [
  ...everywhere,
  ...byProgram.flatMap(([pattern, names]) => (pattern.test(program) ? names : []))
]
