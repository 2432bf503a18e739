/** Everything is the key, to the last byte: nothing is trimmed, nothing judged. A header may not carry it. Ours, no protocol's. */

import * as Either from "effect/Either"
import * as ApiKey from "../ApiKey.js"
import { define, onlyValue } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"

export const raw: CredentialFormat = define({
  name: "raw",
  read: (input) => Either.right(ApiKey.make({ value: input })),
  write: onlyValue
})
