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
import type { CredentialFormat } from "../internal/format/format.js"
import { Rfc3339 } from "../internal/format/instant.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { fromJson, maybe, mismatch, Text } from "../internal/format/schema.js"

const Answer = Schema.Struct({
  Version: Schema.Literal(1).annotations({ description: "the number 1" }),
  AccessKeyId: Text,
  SecretAccessKey: Text,
  SessionToken: maybe(Schema.String),
  Expiration: maybe(Rfc3339)
})

const read = fromJson(Answer)

export const awsCredentialProcess: CredentialFormat = define({
  name: "aws-credential-process",
  recognizes: ({ object }) => typeof object["Version"] === "number" && "AccessKeyId" in object,
  read: (text) =>
    Either.gen(function* () {
      const { AccessKeyId, Expiration, SecretAccessKey, SessionToken } = yield* read(text)
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
        expiresAt: Expiration
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
