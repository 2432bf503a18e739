/** The system's code (`ENOENT`, `EACCES`, …) in what @effect/platform's FileSystem fails with. */
import type { PlatformError } from "@effect/platform/Error"
import { hasProperty } from "effect/Predicate"

export const codeOf = (error: PlatformError): string => {
  const cause = "cause" in error ? error.cause : undefined
  if (hasProperty(cause, "code") && typeof cause.code === "string") return cause.code
  if (error._tag === "BadArgument") return "EINVAL"
  const inText = /\bE[A-Z0-9]{2,}\b/.exec(error.description ?? "")?.[0]
  return (
    inText ?? (error.reason === "NotFound" ? "ENOENT" : error.reason === "PermissionDenied" ? "EACCES" : "EUNKNOWN")
  )
}
