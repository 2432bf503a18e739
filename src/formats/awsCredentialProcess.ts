/**
 * What AWS's command line and SDKs read from a `credential_process`: version 1, a pair of keys, perhaps a session token and
 * an expiry. The pair signs requests; it is no bearer.
 *
 * Protocol: https://docs.aws.amazon.com/cli/latest/userguide/cli-configure-sourcing-external.html
 */

import * as DateTime from "effect/DateTime"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { define, field, jsonLine } from "../internal/format/define.js"
import { expiryIn, rfc3339 } from "../internal/format/expiry.js"
import type { CredentialFormat } from "../internal/format/format.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { fromJson, maybe, mismatch, open, Text } from "../internal/format/schema.js"

const Answer = open({
  Version: Schema.Literal(1).annotations({ description: "the number 1" }),
  AccessKeyId: Text,
  SecretAccessKey: Text,
  SessionToken: maybe(Schema.String)
})

const read = fromJson(Answer)

export const awsCredentialProcess: CredentialFormat = define({
  name: "aws-credential-process",
  recognizes: ({ object }) => typeof object["Version"] === "number" && "AccessKeyId" in object,
  read: (text, { startedAt }) =>
    Either.gen(function* () {
      const object = yield* read(text)
      const { AccessKeyId, SecretAccessKey, SessionToken } = object
      const expiresAt = yield* expiryIn([{ path: "", object }], {
        startedAt,
        own: { Expiration: Option.some(rfc3339) }
      })
      const username = yield* KeySyntax.token(AccessKeyId, "AccessKeyId")
      const value = yield* KeySyntax.token(SecretAccessKey, "SecretAccessKey")
      const sessionToken = yield* Option.match(
        Option.filter(SessionToken, (token) => token !== ""),
        {
          onNone: () => Either.right(Option.none<string>()),
          onSome: (token) => Either.map(KeySyntax.token(token, "SessionToken"), Option.some)
        }
      )
      return new ApiKey.ApiKey({
        value: Redacted.make(value),
        username: Option.some(username),
        sessionToken: Option.map(sessionToken, Redacted.make),
        expiresAt
      })
    }),
  write: (key) => {
    if (Option.isNone(key.username)) return mismatch("username", "a key with an access key id")
    if (Object.keys(key.headers).length > 0) return mismatch("headers", "a key without headers of its own")
    return Either.right(
      jsonLine({
        Version: 1,
        AccessKeyId: key.username.value,
        SecretAccessKey: Redacted.value(key.value),
        ...field("SessionToken", Option.map(key.sessionToken, Redacted.value)),
        ...field("Expiration", Option.map(key.expiresAt, DateTime.formatIso))
      })
    )
  }
})
