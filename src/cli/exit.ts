/** The exit statuses and the errors of the command line. */

import * as Data from "effect/Data"
import type { ApiKeyError } from "../ApiKeyError.js"

/** A failure that has already been printed. Only its exit status remains. */
export class Reported extends Data.TaggedError("Reported")<{ readonly status: number }> {}

export class UsageError extends Data.TaggedError("UsageError")<{
  readonly problem: string
  readonly hint: string
}> {}

export const usage = 64

export const interrupted = 130

/** EX_SOFTWARE: a defect in this program. */
export const unexpected = 70

const dataError = 65

const unavailable = 69

const temporaryFailure = 75

const noPermission = 77

const configError = 78

const timedOut = 124

const notExecutable = 126

const notFound = 127

export const exitStatusOf = (error: ApiKeyError): number => {
  if (error.isTransient) return temporaryFailure
  switch (error._tag) {
    case "EmptyOutput":
    case "OutputTooLarge":
    case "InvalidOutput":
    case "ExpiredOnArrival":
      return dataError
    case "NonZeroExit":
      return error.reason === "LoginRequired" || error.reason === "Denied" ? noPermission : unavailable
    case "SpawnFailed":
    case "CommandKilled":
    case "ProviderClosed":
      return unavailable
    case "CommandNotTrusted":
    case "NoTerminal":
    case "KeyRejected":
    case "InsecurePermissions":
      return noPermission
    case "ConfigInvalid":
    case "KeyNotConfigured":
    case "SourceUnreadable":
      return configError
    case "CommandTimeout":
      return timedOut
    case "CommandNotExecutable":
      return notExecutable
    case "CommandNotFound":
      return notFound
  }
}
