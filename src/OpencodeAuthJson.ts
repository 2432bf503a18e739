/**
 * opencode's key store `auth.json`, read only, by provider id. `OPENCODE_AUTH_CONTENT` replaces the file.
 *
 * The rules follow the observed behaviour of opencode 1.18.33. docs/guides/opencode.md lists where ours are safer.
 *
 * @since 0.1.0
 */
import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as DateTime from "effect/DateTime"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "./ApiKey.js"
import type { ConfigInvalid, InsecurePermissions, OutputTooLarge, SourceUnreadable } from "./ApiKeyError.js"
import { HostEnvironment, xdg } from "./internal/host/HostEnvironment.js"
import { readSecretFile } from "./internal/host/secretFile.js"
import * as Document from "./internal/source/jsonc.js"

/**
 * An entry: an API key, an OAuth login (`expires` in epoch milliseconds), or the token of a well-known server (`key` is the
 * name of an environment variable).
 *
 * @since 0.1.0
 * @category schemas
 */
export const Entry = Schema.Union(
  Schema.Struct({ type: Schema.Literal("api"), key: Schema.Redacted(Schema.String) }),
  Schema.Struct({
    type: Schema.Literal("oauth"),
    refresh: Schema.Redacted(Schema.String),
    access: Schema.Redacted(Schema.String),
    expires: Schema.Number
  }),
  Schema.Struct({
    type: Schema.Literal("wellknown"),
    key: Schema.String,
    token: Schema.Redacted(Schema.String)
  })
)

/**
 * @since 0.1.0
 * @category models
 */
export type Entry = typeof Entry.Type

/**
 * The entries that parse, by id.
 *
 * @since 0.1.0
 * @category models
 */
export type AuthJson = ReadonlyMap<string, Entry>

const decodeEntry = Schema.decodeUnknownOption(Entry)

/**
 * The path of the file: `$XDG_DATA_HOME/opencode/auth.json`.
 *
 * @since 0.1.0
 * @category getters
 */
export const location: Effect.Effect<string, never, Path.Path> = Effect.gen(function* () {
  const path = yield* Path.Path
  const host = yield* HostEnvironment
  return path.join(xdg(host, "XDG_DATA_HOME", path.join), "opencode", "auth.json")
})

/**
 * Reads all entries. Without a file there are none. An entry that does not parse is skipped. Fails with `ConfigInvalid` if the
 * file is not JSON. If others can read the file, a warning is logged; with `strict` it is an error.
 *
 * @since 0.1.0
 * @category constructors
 */
export const read: (options?: {
  readonly strict?: boolean | undefined
}) => Effect.Effect<
  AuthJson,
  ConfigInvalid | SourceUnreadable | InsecurePermissions | OutputTooLarge,
  FileSystem.FileSystem | Path.Path
> = Effect.fnUntraced(function* (options) {
  const { env } = yield* HostEnvironment
  const inEnvironment = env["OPENCODE_AUTH_CONTENT"]
  // opencode falls back to the file when the variable is not JSON.
  if (inEnvironment !== undefined && inEnvironment !== "") {
    const parsed = Document.parse("OPENCODE_AUTH_CONTENT", inEnvironment)
    if (parsed._tag === "Right") return entriesOf(parsed.right)
  }
  const file = yield* location
  const bytes = yield* readSecretFile(file, { source: "auth.json", strict: options?.strict ?? false })
  if (Option.isNone(bytes)) return new Map()
  return entriesOf(yield* Document.parse(file, new TextDecoder().decode(bytes.value)))
})

const entriesOf = ({ root }: Document.Document): AuthJson => {
  const value = Document.valueOf(root)
  return new Map(
    Object.entries(isRecord(value) ? value : {}).flatMap(([id, entry]) =>
      Option.toArray(Option.map(decodeEntry(entry), (known) => [id, known] as const))
    )
  )
}

/**
 * The key of an entry: the API key, the access token with its expiry, or the well-known server's token. None if it is blank.
 *
 * @since 0.1.0
 * @category getters
 */
export const keyOf = (entry: Entry): Option.Option<ApiKey.ApiKey> =>
  Option.liftPredicate(asKey(entry), ({ value }) => Redacted.value(value).trim() !== "")

const asKey = (entry: Entry): ApiKey.ApiKey => {
  switch (entry.type) {
    case "api":
      return ApiKey.make({ value: entry.key })
    case "oauth":
      // 0 means that the token does not expire.
      return ApiKey.make({
        value: entry.access,
        expiresAt: entry.expires > 0 ? Option.getOrUndefined(DateTime.make(entry.expires)) : undefined
      })
    case "wellknown":
      return ApiKey.make({ value: entry.token })
  }
}
