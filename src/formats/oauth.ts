/**
 * The answer of an OAuth 2.0 token endpoint, with `expires_at` as many helpers add it and `expires_on` as Azure does. `expires_in` counts from the start of the
 * run, and some servers quote it.
 *
 * Protocol: RFC 6749, sections 5.1 and 5.2: https://www.rfc-editor.org/rfc/rfc6749#section-5.1
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import { define, failed, field, jsonLine, onlyValue, tokenKey } from "../internal/format/define.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { after, EpochSecondsOrRfc3339, earlier, lifetime, Seconds } from "../internal/format/instant.js"
import { fromJson, jsonOf, maybe, mismatch, objectOf, Text } from "../internal/format/schema.js"

const Answer = Schema.Struct({
  access_token: Text,
  expires_in: maybe(Seconds),
  expires_at: maybe(EpochSecondsOrRfc3339)
})

const readAnswer = fromJson(Answer)
const readAzures = fromJson(Schema.Struct({ ...Answer.fields, expires_on: maybe(EpochSecondsOrRfc3339) }))

/** Azure has more than one way to write its own field: one that cannot be read is passed over where another says when it ends. */
const read = (text: string) =>
  Either.orElse(readAzures(text), (found) =>
    Either.flatMap(readAnswer(text), (answer) =>
      Option.isSome(answer.expires_in) || Option.isSome(answer.expires_at)
        ? Either.right({ ...answer, expires_on: Option.none<DateTime.Utc>() })
        : Either.left(found)
    )
  )

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
    return Either.flatMap(read(text), ({ access_token, expires_at, expires_in, expires_on }) => {
      const absolute = earlier(expires_at, expires_on)
      const relative = Option.map(expires_in, (seconds) => after(startedAt, seconds))
      return Option.isNone(absolute) && Option.exists(relative, Option.isNone)
        ? mismatch("expires_in", lifetime("seconds"))
        : tokenKey("access_token", access_token, earlier(absolute, Option.flatten(relative)))
    })
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
