/** Messages that helpers print word for word, with what they mean: for the formats that carry them and for the catalog. */
import type { Meaning } from "./failure.js"

export interface Message {
  /** The source of a regular expression. */
  readonly pattern: string
  readonly meaning: Meaning
}

/** On stdout: https://github.com/docker/docker-credential-helpers/blob/master/credentials/error.go */
export const docker = {
  notFound: {
    pattern: "credentials not found in native keychain",
    meaning: {
      reason: "NotFound",
      remedy: "Log in to that registry (docker login), or correct the format's serverUrl."
    }
  },
  noServer: {
    pattern: "no credentials server URL",
    meaning: {
      reason: "NotFound",
      remedy: {
        text: "Name the registry whose password is asked for",
        option: "format",
        example: { name: "docker-credential", serverUrl: "https://index.docker.io/v1/" }
      }
    }
  },
  noUsername: {
    pattern: "no credentials username",
    meaning: {
      reason: "NotFound",
      remedy: "The store has no user name for that registry; log in to it again."
    }
  }
} as const satisfies Record<string, Message>

/** On stderr, or as the `message` of `--response` on stdout: https://github.com/bitwarden/clients, apps/cli */
export const bitwarden = {
  notLoggedIn: {
    pattern: "You are not logged in",
    meaning: { reason: "LoginRequired", remedy: "Log in to Bitwarden: bw login" }
  },
  locked: {
    pattern: "Vault is locked|Master password is required",
    meaning: { reason: "LoginRequired", remedy: 'Unlock the vault: export BW_SESSION="$(bw unlock --raw)"' }
  },
  notFound: {
    pattern: "Not found\\.",
    meaning: { reason: "NotFound", remedy: "Look for the item: bw list items --search NAME" }
  },
  several: {
    pattern: "More than one result was found",
    meaning: { reason: "NotFound", remedy: "Several items fit; give the item's id instead of its name." }
  }
} as const satisfies Record<string, Message>
