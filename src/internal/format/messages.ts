import type { Meaning } from "./failure.js"
export interface FixedText {
  /** The words, as the source of a regular expression. */
  readonly words: string
  readonly meaning: Meaning
}

/** On stdout: https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go */
export const docker = {
  notFound: {
    words: "credentials not found in native keychain",
    meaning: {
      reason: "NotFound",
      remedy: "Log in to that registry (docker login), or correct the format's serverUrl."
    }
  },
  noServer: {
    words: "no credentials server URL",
    meaning: {
      reason: "NotFound",
      remedy: 'It was not told for which registry: format: { name: "docker-credential", serverUrl: "https://…" }'
    }
  },
  noUsername: {
    words: "no credentials username",
    meaning: {
      reason: "NotFound",
      remedy: "The store has no user name for that registry; log in to it again."
    }
  }
} as const satisfies Record<string, FixedText>

/** On stderr, or as the `message` of `--response` on stdout: https://github.com/bitwarden/clients, apps/cli */
export const bitwarden = {
  notLoggedIn: {
    words: "You are not logged in",
    meaning: { reason: "LoginRequired", remedy: "Log in to Bitwarden: bw login" }
  },
  locked: {
    words: "Vault is locked|Master password is required",
    meaning: { reason: "LoginRequired", remedy: 'Unlock the vault: export BW_SESSION="$(bw unlock --raw)"' }
  },
  notFound: {
    words: "Not found\\.",
    meaning: { reason: "NotFound", remedy: "Look for the item: bw list items --search NAME" }
  },
  several: {
    words: "More than one result was found",
    meaning: { reason: "NotFound", remedy: "Several items fit; give the item's id instead of its name." }
  }
} as const satisfies Record<string, FixedText>
