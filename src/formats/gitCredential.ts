/**
 * git's credential protocol: `key=value` lines both ways, ended by a blank line or the end of the file.
 *
 * A value with a line end or NUL is refused in both directions (CVE-2020-5260), a carriage return inside one too
 * (CVE-2024-52006). `password_expiry_utc` is the expiry; 0, nothing and the largest time that git can write are none, and what is no
 * number is refused, where git takes it for none; `authtype` with `credential` make a header; `quit` means that git would ask nobody else,
 * and counts only where no whole credential stands beside it; `oauth_refresh_token`, `ephemeral` and keys unknown are passed over.
 *
 * Protocol: https://git-scm.com/docs/git-credential#IOFMT
 */

import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { EmptyOutput } from "../ApiKeyError.js"
import { define, withoutUser } from "../internal/format/define.js"
import { eraseCommand } from "../internal/format/erase.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { EpochSeconds, epoch, toEpochSeconds } from "../internal/format/instant.js"
import * as KeySyntax from "../internal/format/keySyntax.js"
import { AnyText, fromValue, type Mismatch, maybe, mismatch } from "../internal/format/schema.js"
import { isHeaderName } from "../internal/model/options.js"

const decodePercents = Option.liftThrowable(decodeURIComponent)

interface Target {
  readonly protocol: string
  readonly host: string
  readonly path: string
  readonly username: string
}

/** `proto://user:password@host/path`, cut where git cuts it. */
const parts = /^([A-Za-z][A-Za-z0-9+.-]*):\/\/(?:([^:@/?#]*)(?::[^@/?#]*)?@)?([^/?#]+)\/*(.*)$/

/**
 * What a URL names, as git takes it: the host as it is written, for helpers compare it so, the port and case in it too. None where a
 * part of it would end a line of the protocol (`%0a`).
 */
const targetOf = (url: string): Option.Option<Target> =>
  Option.gen(function* () {
    const [, protocol = "", user = "", host = "", path = ""] = URL.canParse(url) ? (parts.exec(url) ?? []) : []
    const target: Target = {
      protocol,
      host: yield* decodePercents(host),
      path: yield* decodePercents(path.replace(/(?<!\/)\/+$/, "")),
      username: yield* decodePercents(user)
    }
    const isWhole = host !== "" && ![url, ...Object.values(target)].some((part) => /\p{Cc}/u.test(part))
    return yield* isWhole ? Option.some(target) : Option.none()
  })

const isUrl = (url: string): boolean => Option.isSome(targetOf(url))

export const Spec = Schema.Struct({
  name: Schema.Literal("git-credential"),
  url: Schema.optional(
    Schema.String.pipe(
      Schema.filter(isUrl, { message: () => "a URL such as https://example.com", jsonSchema: { format: "uri" } })
    ).annotations({
      description: "The URL whose password is requested on stdin. A user name in it is part of the request."
    })
  ),
  useHttpPath: Schema.optional(
    Schema.Boolean.annotations({
      description:
        "Whether the URL's path is part of the request, as with git's credential.useHttpPath. Default: false."
    })
  )
})

/** git's names, by which `auto` tells its answers from others. */
const names: ReadonlyArray<string> = [
  "protocol",
  "host",
  "path",
  "username",
  "password",
  "password_expiry_utc",
  "oauth_refresh_token",
  "url",
  "authtype",
  "credential",
  "ephemeral",
  "continue",
  "quit",
  "capability[]",
  "state[]",
  "wwwauth[]"
]

/** Those that only git's output has. The others may occur in any text. */
const distinctiveKeys: ReadonlyArray<string> = [
  "password",
  "credential",
  "username",
  "quit",
  "continue",
  "capability[]"
]

/** Enough to know it by: other keys are to be passed over. */
const isPair = (fields: ReadonlyMap<string, string>): boolean =>
  (fields.has("username") && fields.has("password")) || (fields.has("authtype") && fields.has("credential"))

const isAnswer = (fields: ReadonlyMap<string, string>): boolean =>
  distinctiveKeys.some((key) => fields.has(key)) &&
  (isPair(fields) || Array.from(fields.keys()).every((key) => names.includes(key)))

const linesOf = (text: string): ReadonlyArray<string> => {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line))
  const start = lines.findIndex((line) => line.trim() !== "")
  const end = lines.findIndex((line, index) => index >= start && line.trim() === "")
  return lines.slice(Math.max(start, 0), end < 0 ? undefined : end)
}

const isTrue = (value: Option.Option<string>): boolean =>
  Option.exists(value, (word) => /^(?:true|yes|on|[+-]?0*[1-9]\d*)$/i.test(word))
const textOf = (value: Option.Option<string>): string => Option.getOrElse(value, () => "")

const Answer = Schema.Struct({
  username: maybe(AnyText),
  password: maybe(AnyText),
  password_expiry_utc: maybe(
    Schema.compose(Schema.String.pipe(Schema.pattern(/^\s*\d+\s*$/)), EpochSeconds).annotations({
      description: epoch("seconds")
    })
  ),
  authtype: maybe(AnyText),
  credential: maybe(AnyText),
  quit: maybe(AnyText),
  continue: maybe(AnyText)
})

const readFields = fromValue(Answer, "lines of key=value")

/** What git writes where there is no end (TIME_MAX), or more than it can read. */
const endlessSeconds = 2 ** 64

const isNoExpiry = (value: string): boolean =>
  /^\s*\d*\s*$/.test(value) && (Number(value) === 0 || Number(value) >= endlessSeconds)

/** A later line for the same key wins; `key[]` repeats, and none of those matters here. */
const fieldsOf = (text: string): Either.Either<ReadonlyMap<string, string>, Mismatch> => {
  const fields = new Map<string, string>()
  for (const line of linesOf(text)) {
    const at = line.indexOf("=")
    if (at < 1) return mismatch("", "lines of key=value")
    const [key, value] = [line.slice(0, at), line.slice(at + 1)]
    if (key === "password_expiry_utc" && isNoExpiry(value)) fields.delete(key)
    else fields.set(key, value)
  }
  return Either.right(fields)
}

const attributesOf = ({ url = "", useHttpPath = false }: typeof Spec.Type): ReadonlyArray<readonly [string, string]> =>
  Option.match(targetOf(url), {
    onNone: () => [],
    onSome: ({ host, path, protocol, username }) => {
      const wantsPath = path !== "" && (useHttpPath || !/^https?$/.test(protocol))
      return [
        ["protocol", protocol],
        ["host", host],
        ...(wantsPath ? [["path", path] as const] : []),
        ...(username === "" ? [] : [["username", username] as const])
      ]
    }
  })

const request = (attributes: ReadonlyArray<readonly [string, string]>): string =>
  `${attributes.map(([key, value]) => `${key}=${value}\n`).join("")}\n`

const authorization = "authorization"

/** Capabilities have to stand first. */
const authtypeCapability = ["capability[]", "authtype"] as const

/** A key that is a header goes as its scheme and its credential. */
const headerOf = (key: ApiKey.ApiKey): ReadonlyArray<readonly [string, string]> => {
  const [header, ...others] = Object.entries(key.headers)
  if (header === undefined || !KeySyntax.isAuthorization(header[0]) || others.length > 0 || Option.isSome(key.username))
    return []
  const [authtype = "", ...credential] = Redacted.value(header[1]).split(" ")
  return [
    ["authtype", authtype],
    ["credential", credential.join(" ")]
  ]
}

export const gitCredential = (spec: typeof Spec.Type): CredentialFormat => {
  const attributes = attributesOf(spec)
  return define({
    name: "git-credential",
    readsStdin: true,
    ...(attributes.length === 0 ? {} : { input: request([authtypeCapability, ...attributes]) }),
    forget: (command, key) => {
      const header = headerOf(key)
      return attributes.length === 0
        ? Option.none()
        : eraseCommand(
            command,
            { fill: "reject", get: "erase" },
            request([
              ...(header.length === 0 ? [] : [authtypeCapability]),
              ...attributes.filter(([name]) => name !== "username" || Option.isNone(key.username)),
              ...Option.toArray(key.username).map((username) => ["username", username] as const),
              ...(header.length === 0 ? [["password", Redacted.value(key.value)] as const] : header)
            ])
          )
    },
    recognizes: ({ text }) => Option.exists(Either.getRight(fieldsOf(text)), isAnswer),
    read: (text, { command, stderr }) =>
      Either.gen(function* () {
        const lines = yield* fieldsOf(text)
        const fields = yield* readFields(Object.fromEntries(lines))
        if (isTrue(fields.quit) && !isPair(lines)) {
          return yield* Either.left(
            new EmptyOutput({
              command,
              stderr: stderr(),
              remedy: "The helper printed quit: it has no key, and no other helper is to be asked."
            })
          )
        }
        if (isTrue(fields.continue)) {
          return yield* mismatch("continue", "a credential of one stage", "Multi-stage authentication is git's alone.")
        }
        const expiresAt = Option.getOrUndefined(fields.password_expiry_utc)
        // `authtype` alone only says which scheme is wanted.
        if (Option.isSome(fields.authtype) && (Option.isSome(fields.credential) || Option.isNone(fields.password))) {
          const scheme = fields.authtype.value
          const credential = yield* KeySyntax.token(textOf(fields.credential), "credential")
          if (!isHeaderName(scheme)) return yield* mismatch("authtype", "the name of an HTTP authentication scheme")
          return ApiKey.make({
            value: credential,
            expiresAt,
            headers: { [authorization]: `${scheme} ${credential}` }
          })
        }
        const value = yield* KeySyntax.password(textOf(fields.password), "password")
        const user = textOf(fields.username)
        const username = user === "" ? undefined : yield* KeySyntax.username(user, "username")
        return ApiKey.make({ value, username, expiresAt })
      }),
    write: (key) => {
      const expiry = Option.toArray(key.expiresAt).map((at) => `password_expiry_utc=${toEpochSeconds(at)}\n`)
      const target = attributes.filter(([name]) => name === "protocol" || name === "host" || name === "path")
      const lines = (
        own: ReadonlyArray<readonly [string, string]>,
        capabilities: typeof own = []
      ): Either.Either<string, Mismatch> =>
        own.some(([, value]) => /[\r\n\0]/.test(value))
          ? mismatch("", "a key without line ends and NUL")
          : Either.right(
              [...capabilities, ...target, ...own].map(([name, value]) => `${name}=${value}\n`).join("") +
                expiry.join("")
            )
      const header = headerOf(key)
      if (header.length > 0) return lines(header, [authtypeCapability])
      return Either.flatMap(withoutUser(key), (password) =>
        lines([...Option.toArray(key.username).map((user) => ["username", user] as const), ["password", password]])
      )
    }
  })
}
