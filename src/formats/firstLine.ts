/**
 * The first line is the key, what follows are notes: pass and gopass keep them so.
 *
 * Protocol: https://www.passwordstore.org ("Data Organization")
 */

import * as Either from "effect/Either"
import { define } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { keyIn, writeLine } from "../internal/format/line.js"
import { mismatch } from "../internal/format/schema.js"

/** `pass show` lists a directory of the store as `tree` does, with status 0: its name, then the names in it. */
const folder = /^.*[\r\n]+(?:[├└]─|[|`]--)/

export const firstLine: CredentialFormat = define({
  name: "first-line",
  read: (input) =>
    folder.test(input)
      ? mismatch("", "a key, not a directory listing", "That is a directory of the store: name an entry in it.")
      : keyIn(Either.right(input.split(/\r\n|\r|\n/, 1)[0] ?? "")),
  write: writeLine
})
