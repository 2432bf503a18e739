/** What the helper itself said of a failure, in one line. */
import * as Option from "effect/Option"
import type { ApiKeyError } from "../ApiKeyError.js"
import * as HelperCatalog from "../HelperCatalog.js"

const maxLength = 200

/** Of what it wrote on stderr the line that the catalog knows the failure by, else the last one. */
export const saidByHelper = (error: ApiKeyError): string | undefined => {
  if (!("stderr" in error)) return undefined
  const lines = error.stderr
    .split("\n")
    .map((line) => line.trim())
    .filter((line) => line !== "")
  const telling = Option.flatMapNullable(HelperCatalog.find(error.command), ({ failures }) =>
    failures
      .filter(({ reason }) => "reason" in error && reason === error.reason)
      .flatMap(({ stderr }) => lines.filter((line) => stderr?.test(line)))
      .at(0)
  )
  return Option.getOrElse(telling, () => lines.at(-1))?.slice(0, maxLength)
}
