/**
 * Docker's credential helpers: the server's URL on stdin, a JSON object on stdout; failures are fixed texts, on stdout as well.
 *
 * Protocol: https://github.com/docker/docker-credential-helpers (README, `credentials/error.go`)
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { define, failed, jsonLine, withoutUser } from "../internal/format/define.js"
import { eraseCommand } from "../internal/format/erase.js"
import type { Meaning } from "../internal/format/failure.js"
import type { CredentialFormat } from "../internal/format/format.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { docker } from "../internal/format/messages.js"
import { AnyText, fromJson, mismatch } from "../internal/format/schema.js"

export const Spec = Schema.Struct({
  name: Schema.Literal("docker-credential"),
  serverUrl: Schema.optional(
    Schema.NonEmptyString.pipe(Schema.pattern(/^[^\p{Cc}]+$/u)).annotations({
      description: "The registry as in docker's configuration, requested on stdin: https://index.docker.io/v1/"
    })
  )
})

const Answer = Schema.Struct({
  ServerURL: Schema.optionalWith(AnyText, { nullable: true, default: () => "" }),
  Username: Schema.optionalWith(AnyText, { nullable: true, default: () => "" }),
  Secret: AnyText
})

const read = fromJson(Answer)

/** Docker's mark for a refresh token, which only docker itself can exchange for a bearer. */
const identityToken = "<token>"

const explain = (stdout: string): Option.Option<Meaning> =>
  Option.fromNullable(Object.values(docker).find(({ pattern }) => stdout.trim() === pattern)?.meaning)

export const dockerCredential = ({ serverUrl }: typeof Spec.Type): CredentialFormat =>
  define({
    name: "docker-credential",
    readsStdin: true,
    ...(serverUrl === undefined ? {} : { input: `${serverUrl}\n` }),
    explain: ({ stdout }) => explain(stdout),
    forget: (command) =>
      serverUrl === undefined ? Option.none() : eraseCommand(command, { get: "erase" }, `${serverUrl}\n`),
    recognizes: ({ object, text }) =>
      Option.isSome(explain(text)) ||
      ("Secret" in object && ("ServerURL" in object || typeof object["Username"] === "string")),
    read: (text, { command, redact }) => {
      const failure = explain(text)
      if (Option.isSome(failure)) return failed({ command, redact }, failure.value)
      return Either.gen(function* () {
        const { Secret, Username } = yield* read(text)
        if (Username === identityToken) {
          return yield* mismatch(
            "Username",
            "a user name, not docker's mark for an identity token",
            "Only docker itself can exchange an identity token; log in with a user name and an access token."
          )
        }
        if (Secret.trim() === "") {
          return yield* mismatch(
            "Secret",
            "a string that is not empty",
            "The store has nothing for that registry: log in to it (docker login), or correct the format's serverUrl."
          )
        }
        const value = yield* KeySyntax.password(Secret, "Secret")
        const username = Username === "" ? undefined : yield* KeySyntax.password(Username, "Username")
        return ApiKey.make({ value, username })
      })
    },
    write: (key) =>
      Option.match(key.username, {
        onNone: () => mismatch("username", "a key with a user name"),
        onSome: (username) =>
          Either.map(withoutUser(key), (Secret) => jsonLine({ ServerURL: serverUrl ?? "", Username: username, Secret }))
      })
  })
