/**
 * The answer of an OAuth 2.0 token endpoint. `expires_in` counts from the start of the run. Libraries and servers add other fields for
 * the expiry: `expiry` (Go), `expires_at`, `expires_on` (Azure), `expiry_date` (Google). The earliest counts.
 *
 * Protocol: RFC 6749, sections 5.1 and 5.2: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { define, failed, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import { expiryIn } from "../internal/format/expiry.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { fromJson, jsonOf, objectOf, open, Text } from "../internal/format/schema.js"

const read = fromJson(open({ access_token: Text }))

/** The codes of section 5.2 are a closed list, so messages may include them. `error_description` is free text and is not included. */
const meanings: Readonly<Record<string, Meaning["reason"]>> = {
  invalid_grant: "LoginRequired",
  interaction_required: "LoginRequired",
  login_required: "LoginRequired",
  expired_token: "LoginRequired",
  authorization_pending: "LoginRequired",
  invalid_request: "Unknown",
  unsupported_grant_type: "Unknown",
  invalid_client: "Denied",
  unauthorized_client: "Denied",
  access_denied: "Denied",
  invalid_scope: "Denied",
  temporarily_unavailable: "Unavailable",
  slow_down: "Unavailable",
  server_error: "Unavailable"
}

const explain = (text: string): Option.Option<Meaning> =>
  Option.flatMap(Option.flatMap(jsonOf(text), objectOf), ({ access_token, error }) =>
    typeof error === "string" && Object.hasOwn(meanings, error) && (access_token ?? null) === null
      ? Option.some({ reason: meanings[error] ?? "Unknown", detail: error })
      : Option.none()
  )

export const oauth: CredentialFormat = define({
  name: "oauth",
  explain: ({ stdout }) => explain(stdout),
  recognizes: ({ object, text }) => typeof object["access_token"] === "string" || Option.isSome(explain(text)),
  read: (text, { command, redact, startedAt }) => {
    const failure = explain(text)
    if (Option.isSome(failure)) return failed({ command, redact }, failure.value)
    return Either.flatMap(read(text), (object) =>
      // Azure has more than one way to write `expires_on`.
      Either.flatMap(expiryIn([{ path: "", object }], { startedAt, weak: ["expires_on"] }), (expiresAt) =>
        tokenKey("access_token", object.access_token, expiresAt)
      )
    )
  },
  write: (key) =>
    Either.map(onlyValue(key), (access_token) =>
      jsonLine({
        access_token,
        token_type: "Bearer",
        ...field("expires_at", Option.map(key.expiresAt, DateTime.formatIso))
      })
    )
})
