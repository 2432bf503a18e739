/**
 * The first line is the key, what follows are notes: pass and gopass keep them so.
 *
 * Protocol: https://www.passwordstore.org ("Data Organization")
 */
import * as Either from "effect/Either"
import type { CredentialFormat } from "../CredentialFormat.js"
import { define } from "../internal/format.js"
import { keyIn, writeLine } from "../internal/line.js"

export const firstLine: CredentialFormat = define({
  name: "first-line",
  about: {
    title: "The first line is the key, what follows are notes",
    source: "https://www.passwordstore.org",
    example: "sk-live-7f3a9c\nlogin: ops@example.com\nurl: https://api.example.com\n"
  },
  read: (input) => keyIn(Either.right(input.split(/\r\n|\r|\n/, 1)[0] ?? "")),
  write: writeLine
})
