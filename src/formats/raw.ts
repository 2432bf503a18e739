/** Everything is the key, to the last byte: nothing is trimmed, nothing judged. A header may not carry it. Ours, no protocol's. */

import * as Either from "effect/Either"
import * as ApiKey from "../ApiKey.js"
import { define, onlyValue } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"

export const raw: CredentialFormat = define({
  name: "raw",
  about: {
    title: "Everything is the key, line ends and white space too",
    source: "effect-apikey's own rules",
    example: "-----BEGIN KEY-----\n7f3a9c\n-----END KEY-----\n"
  },
  read: (input) => Either.right(ApiKey.make({ value: input })),
  write: onlyValue
})
