/**
 * Claude Desktop's credential helper: a bare token, or `{ token, headers }` where requests need headers beside the bearer token.
 *
 * Protocol: https://claude.com/docs/third-party/claude-desktop/credential-helper
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { define, jsonLine, onlyValue } from "../internal/format/define.js"
import { expiryIn } from "../internal/format/expiry.js"
import type { CredentialFormat } from "../internal/format/format.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { isAuthorization } from "../internal/format/keySyntax.js"
import { keyIn, onlyLine } from "../internal/format/line.js"
import { AnyText, fromJson, open, Text } from "../internal/format/schema.js"

const Answer = open({
  token: Text,
  headers: Schema.optionalWith(
    Schema.Record({ key: Schema.String, value: AnyText }).annotations({
      description: "an object of strings"
    }),
    { nullable: true, default: () => ({}) }
  )
})

const read = fromJson(Answer, "a token on one line, or a JSON object")

const isJson = (text: string): boolean => /^\s*[{["]/.test(text)

export const claudeDesktop: CredentialFormat = define({
  name: "claude-desktop",
  environment: (interactive, reason) => ({
    CLAUDE_HELPER_CONTEXT: interactive ? "interactive" : reason === "first" ? "background" : "mid-session-refresh"
  }),
  recognizes: ({ object }) => typeof object["token"] === "string" && typeof object["headers"] === "object",
  read: (text, { startedAt }) =>
    Either.gen(function* () {
      if (!isJson(text)) return yield* keyIn(onlyLine(text))
      const object = yield* read(text)
      const { headers: own, token } = object
      const expiresAt = yield* expiryIn([{ path: "", object }], { startedAt })
      const value = yield* KeySyntax.token(token, "token")
      yield* KeySyntax.headers(own)
      // The headers go beside the bearer token, and a key's own headers stand for all it needs.
      const needsBearer = Object.keys(own).length > 0 && !Object.keys(own).some(isAuthorization)
      return ApiKey.make({
        value,
        expiresAt: Option.getOrUndefined(expiresAt),
        headers: needsBearer ? { authorization: `Bearer ${value}`, ...own } : own
      })
    }),
  write: (key) => {
    const { sessionToken, username, value } = key
    return Either.map(onlyValue(new ApiKey.ApiKey({ value, username, sessionToken })), (token) => {
      const headers = Object.entries(key.headers).map(([name, value]) => [name, Redacted.value(value)] as const)
      const others = headers.filter(([name, value]) => !(isAuthorization(name) && value === `Bearer ${token}`))
      return jsonLine({ token, headers: Object.fromEntries(others.length === 0 ? headers : others) })
    })
  }
})
