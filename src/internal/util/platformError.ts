/** The parts of an executor's or file system's error that may be shown. Its message and cause contain the whole argv. */
import type { PlatformError } from "@effect/platform/Error"
import { hasProperty } from "effect/Predicate"

/** The system's error code in a failure or defect. */
export const codeOf = (error: unknown): string => {
  const cause = hasProperty(error, "cause") ? error.cause : undefined
  for (const candidate of [error, cause]) {
    if (hasProperty(candidate, "code") && typeof candidate.code === "string") return candidate.code
  }
  const description =
    hasProperty(error, "description") && typeof error.description === "string" ? error.description : ""
  const inText = /^(?:E[A-Z0-9]{2,}|ERR_[A-Z_]+)\b/.exec(description)?.[0]
  const reason = hasProperty(error, "reason") ? error.reason : undefined
  return inText ?? (reason === "NotFound" ? "ENOENT" : reason === "PermissionDenied" ? "EACCES" : "EUNKNOWN")
}

/** The signal in a failed `exitCode`. */
export const signalOf = (error: PlatformError): string =>
  /signal: (SIG[A-Z0-9]+)/.exec(("description" in error ? error.description : undefined) ?? error.message)?.[1] ??
  "an unknown signal"
