/** The whole output is the key, to the last byte, line ends included: nothing is trimmed or checked. A header may not carry it. */

import * as Either from "effect/Either"
import * as ApiKey from "../ApiKey.js"
import { define, onlyValue } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"

export const raw: CredentialFormat = define({
  name: "raw",
  read: (input) => Either.right(ApiKey.make({ value: input })),
  write: onlyValue
})
