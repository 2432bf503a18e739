/**
 * Plain text: the key and nothing else. The format that most tools speak (`op read`, `vault read -field`, `security -w`), so its
 * rules are ours and not a protocol's.
 */
import * as Either from "effect/Either"
import * as ApiKey from "../ApiKey.js"
import type { CredentialFormat } from "../CredentialFormat.js"
import * as Fit from "../internal/fit.js"
import { define, onlyValue } from "../internal/format.js"
import { refuse } from "../internal/shape.js"

const keyOf = (candidate: string) => Either.map(Fit.token(candidate), (value) => ApiKey.make({ value }))

const write: (key: ApiKey.ApiKey) => ReturnType<typeof onlyValue> = (key) =>
  Either.map(
    Either.flatMap(onlyValue(key), (value) => Fit.token(value)),
    (value) => `${value}\n`
  )

const readLine = (input: string) => {
  const trimmed = input.trim()
  return /[\r\n]/.test(trimmed)
    ? refuse(
        "",
        "one line",
        'If the key is the first of the lines: format: "first-line". Otherwise make the command print the key alone.'
      )
    : keyOf(trimmed)
}

/** The whole output is the key: one line of visible ASCII, white space around it removed. */
export const text: CredentialFormat = define({
  name: "text",
  about: {
    title: "Plain text: one line, the key and nothing else",
    source: "effect-apikey's own rules, after what credential tools print",
    example: "sk-live-7f3a9c\n"
  },
  carriesExpiry: false,
  read: readLine,
  write
})

/** The first line is the key, what follows are notes (pass and gopass keep them so). */
export const firstLine: CredentialFormat = define({
  name: "first-line",
  about: {
    title: "The first line is the key, what follows are notes",
    source: "pass(1): https://git.zx2c4.com/password-store/about/",
    example: "sk-live-7f3a9c\nlogin: ops@example.com\nurl: https://api.example.com\n"
  },
  carriesExpiry: false,
  read: (input) => keyOf(input.split(/\r\n|\r|\n/, 1)[0] ?? ""),
  write
})

/** Everything is the key, to the last byte: nothing is trimmed, nothing judged. A header may not carry it. */
export const raw: CredentialFormat = define({
  name: "raw",
  about: {
    title: "Everything is the key, line ends and white space too",
    source: "effect-apikey's own rules",
    example: "-----BEGIN KEY-----\n7f3a9c\n-----END KEY-----\n"
  },
  carriesExpiry: false,
  read: (input) => Either.right(ApiKey.make({ value: input })),
  write: onlyValue
})

/** `gh auth token` prints the token alone. */
export const gh: CredentialFormat = define({
  name: "gh",
  about: {
    title: "GitHub's command line: gh auth token",
    source: "https://cli.github.com/manual/gh_auth_token",
    example: "gho_exampleexampleexampleexampleexample1\n"
  },
  carriesExpiry: false,
  read: readLine,
  write
})
