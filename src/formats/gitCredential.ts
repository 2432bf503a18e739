/**
 * git's credential protocol: `key=value` lines both ways, ended by a blank line or the end of the file.
 *
 * A value with a line end or NUL is refused in both directions (CVE-2020-5260), a carriage return inside one too
 * (CVE-2024-52006). `password_expiry_utc` is the expiry; `authtype` with `credential` make a header; `quit` means that git
 * would ask nobody else; `oauth_refresh_token`, `ephemeral` and keys unknown are passed over.
 *
 * Protocol: https://git-scm.com/docs/git-credential#IOFMT
 */
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as ApiKey from "../ApiKey.js"
import { EmptyOutput } from "../ApiKeyError.js"
import type { CredentialFormat } from "../CredentialFormat.js"
import * as Fit from "../internal/fit.js"
import { lastWordReplaced } from "../internal/forget.js"
import { define, withoutUser } from "../internal/format.js"
import { fromEpochSeconds, parseNumber, toEpochSeconds } from "../internal/instant.js"
import { type Refusal, refuse } from "../internal/shape.js"

const isUrl = (url: string): boolean => URL.canParse(url) && !/[\p{Cc}\s]/u.test(url) && new URL(url).host !== ""

export const Spec = Schema.Struct({
  name: Schema.Literal("git-credential"),
  url: Schema.optional(
    Schema.String.pipe(
      Schema.filter(isUrl, { message: () => "a URL such as https://example.com", jsonSchema: { format: "uri" } })
    ).annotations({ description: "Whose password is asked for on stdin; a user name in it is asked for as well." })
  ),
  useHttpPath: Schema.optional(
    Schema.Boolean.annotations({
      description: "Asks for the URL's path as well, as git's credential.useHttpPath does."
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

const linesOf = (text: string): ReadonlyArray<string> => {
  const lines = text.split("\n").map((line) => (line.endsWith("\r") ? line.slice(0, -1) : line))
  const start = lines.findIndex((line) => line.trim() !== "")
  const end = lines.findIndex((line, index) => index >= start && line.trim() === "")
  return lines.slice(Math.max(start, 0), end < 0 ? undefined : end)
}

const isTrue = (value: string | undefined): boolean => /^(?:1|true|yes|on)$/i.test(value ?? "")

/** A later line for the same key wins; `key[]` repeats, and none of those matters here. */
const fieldsOf = (text: string): Either.Either<ReadonlyMap<string, string>, Refusal> => {
  const fields = new Map<string, string>()
  for (const line of linesOf(text)) {
    const at = line.indexOf("=")
    if (at < 1) return refuse("", "lines of key=value")
    fields.set(line.slice(0, at).trim(), line.slice(at + 1))
  }
  return Either.right(fields)
}

const attributesOf = ({ url, useHttpPath = false }: typeof Spec.Type): ReadonlyArray<readonly [string, string]> => {
  if (url === undefined || !isUrl(url)) return []
  const { hash, host, pathname, protocol, search, username } = new URL(url)
  const path = `${pathname}${search}${hash}`.replace(/^\//, "")
  const scheme = protocol.replace(/:$/, "")
  return [
    ["protocol", scheme],
    ["host", host],
    ...(path !== "" && (useHttpPath || !/^https?$/.test(scheme)) ? [["path", path] as const] : []),
    ...(username === "" ? [] : [["username", decodeURIComponent(username)] as const])
  ]
}

const request = (attributes: ReadonlyArray<readonly [string, string]>): string =>
  `${attributes.map(([key, value]) => `${key}=${value}\n`).join("")}\n`

const authorization = "authorization"

export const gitCredential = (spec: typeof Spec.Type): CredentialFormat => {
  const attributes = attributesOf(spec)
  return define({
    name: "git-credential",
    about: {
      title: "git credential helpers: git credential fill, git-credential-NAME get",
      source: "https://git-scm.com/docs/git-credential#IOFMT",
      example:
        "protocol=https\nhost=example.com\nusername=bob\npassword=s3cre7\npassword_expiry_utc=2095000000\noauth_refresh_token=r3fresh\n"
    },
    carriesExpiry: true,
    ...(attributes.length === 0 ? {} : { input: request([["capability[]", "authtype"], ...attributes]) }),
    forget: (command, key) =>
      attributes.length === 0
        ? Option.none()
        : lastWordReplaced(
            command,
            { fill: "reject", get: "erase" },
            request([
              ...attributes.filter(([name]) => name !== "username" || Option.isNone(key.username)),
              ...Option.toArray(key.username).map((username) => ["username", username] as const),
              ["password", Redacted.value(key.value)]
            ])
          ),
    recognizes: ({ text }) => {
      const fields = fieldsOf(text)
      return (
        Either.isRight(fields) &&
        Array.from(fields.right.keys()).every((key) => names.includes(key)) &&
        (fields.right.has("password") || fields.right.has("credential"))
      )
    },
    read: (text, { command, stderr }) =>
      Either.gen(function* () {
        const fields = yield* fieldsOf(text)
        if (isTrue(fields.get("quit"))) {
          return yield* Either.left(
            new EmptyOutput({
              command,
              stderr: stderr(),
              remedy: "The helper said quit: it has no key and wants nobody else asked."
            })
          )
        }
        if (isTrue(fields.get("continue"))) {
          return yield* refuse("continue", "a credential of one stage", "Multi-stage authentication is git's alone.")
        }
        const expiry = fields.get("password_expiry_utc")
        const expiresAt = Option.flatMap(
          Option.filter(Option.fromNullable(expiry), (digits) => /^\d+$/.test(digits.trim())),
          (digits) => Option.flatMap(parseNumber(digits), fromEpochSeconds)
        )
        if (expiry !== undefined && Option.isNone(expiresAt))
          return yield* refuse("password_expiry_utc", "epoch seconds")
        const authtype = fields.get("authtype")
        if (authtype !== undefined) {
          const credential = yield* Fit.token(fields.get("credential") ?? "", "credential")
          if (!Fit.isHeaderName(authtype)) return yield* refuse("authtype", "the name of an HTTP authentication scheme")
          return ApiKey.make({
            value: credential,
            expiresAt: Option.getOrUndefined(expiresAt),
            headers: { [authorization]: `${authtype} ${credential}` }
          })
        }
        const value = yield* Fit.word(fields.get("password") ?? "", "password")
        const user = fields.get("username") ?? ""
        const username = user === "" ? undefined : yield* Fit.word(user, "username")
        return ApiKey.make({ value, username, expiresAt: Option.getOrUndefined(expiresAt) })
      }),
    write: (key) => {
      const expiry = Option.toArray(key.expiresAt).map((at) => `password_expiry_utc=${toEpochSeconds(at)}\n`)
      const target = attributes.filter(([name]) => name === "protocol" || name === "host" || name === "path")
      const lines = (own: ReadonlyArray<readonly [string, string]>): Either.Either<string, Refusal> =>
        own.some(([, value]) => /[\r\n\0]/.test(value))
          ? refuse("", "a key without line ends and NUL")
          : Either.right([...target, ...own].map(([name, value]) => `${name}=${value}\n`).join("") + expiry.join(""))
      const header = key.headers[authorization]
      if (header !== undefined && Object.keys(key.headers).length === 1 && Option.isNone(key.username)) {
        const [authtype = "", ...credential] = Redacted.value(header).split(" ")
        return lines([
          ["capability[]", "authtype"],
          ["authtype", authtype],
          ["credential", credential.join(" ")]
        ])
      }
      return Either.flatMap(withoutUser(key), (password) =>
        lines([...Option.toArray(key.username).map((user) => ["username", user] as const), ["password", password]])
      )
    }
  })
}
