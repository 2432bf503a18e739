/** Reads the key of a source that is not a command: a literal, a variable, a file, or an entry of `auth.json`. */

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as ApiKey from "../../ApiKey.js"
import { type ApiKeyError, ExpiredOnArrival, KeyNotConfigured, SourceUnreadable } from "../../ApiKeyError.js"
import * as CredentialFormat from "../../CredentialFormat.js"
import * as AuthJson from "../../OpencodeAuthJson.js"
import { HostEnvironment, variableLabel } from "../host/HostEnvironment.js"
import { expanded } from "../host/paths.js"
import { readSecretFile } from "../host/secretFile.js"
import { withoutSecrets } from "../redact/redact.js"
import { label } from "./inspect.js"
import type { Single } from "./schema.js"

export type Readable = Exclude<Single, { readonly _tag: "Command" }>

export const readSource = (
  source: Readable,
  provider: string
): Effect.Effect<ApiKey.ApiKey, ApiKeyError, FileSystem.FileSystem | Path.Path> => {
  const absent = new KeyNotConfigured({ provider, tried: [label(source)] })
  switch (source._tag) {
    case "Literal":
      return keyFrom(label(source), Redacted.value(source.literal))
    case "Env":
      return readEnv(source.env, provider)
    case "File":
      return Effect.gen(function* () {
        const path = yield* Path.Path
        const file = expanded(source.file, yield* HostEnvironment, path)
        const bytes = yield* readSecretFile(file, { source: "key file", strict: source.strict ?? false })
        if (Option.isNone(bytes)) return yield* absent
        if (bytes.value.every(isWhiteSpace)) {
          return yield* new SourceUnreadable({ source: "key file", path: file, code: "it is empty" })
        }
        return yield* keyFrom(path.basename(file), bytes.value)
      })
    case "Auth":
      return Effect.gen(function* () {
        const entries = yield* AuthJson.read({ strict: source.strict })
        const entry = Option.fromNullable(entries.get(source.auth))
        const stored = yield* Effect.mapError(Option.flatMap(entry, AuthJson.keyOf), () => absent)
        const key = yield* keyFrom("auth.json", Redacted.value(stored.value))
        if (Option.isNone(stored.expiresAt)) return key
        const expiredAt = stored.expiresAt.value
        return DateTime.lessThanOrEqualTo(expiredAt, yield* DateTime.now)
          ? yield* new ExpiredOnArrival({ command: "auth.json", expiredAt, remedy: logInAgain })
          : ApiKey.expiringBy(key, expiredAt)
      })
  }
}

const logInAgain = "Log in again: opencode auth login"

const readEnv = (name: string, provider: string): Effect.Effect<ApiKey.ApiKey, ApiKeyError> =>
  Effect.flatMap(HostEnvironment, ({ env }) => {
    const value = env[name]
    return value === undefined || value.trim() === ""
      ? Effect.fail(new KeyNotConfigured({ provider, tried: [variableLabel(name)] }))
      : keyFrom(name, value)
  })

const isWhiteSpace = (byte: number): boolean => byte === 0x20 || (byte >= 0x09 && byte <= 0x0d)

/** Makes a key by the rules of the plain-text format, with the expiry of a JWT. */
export const keyFrom = (name: string, text: string | Uint8Array): Effect.Effect<ApiKey.ApiKey, ApiKeyError> =>
  Effect.flatMap(DateTime.now, (now) =>
    CredentialFormat.decode(
      "text",
      {
        command: name,
        stdout: Redacted.make(typeof text === "string" ? new TextEncoder().encode(text) : text),
        stderr: () => "",
        redact: (part) => withoutSecrets(part, [part]),
        startedAt: now.epochMillis
      },
      now
    )
  )
