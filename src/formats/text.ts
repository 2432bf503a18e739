/** Plain text: the whole output is the key, on one line of visible ASCII; white space around it goes. */
import { define } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { keyIn, onlyLine, writeLine } from "../internal/format/line.js"

/** By the name under which it stands in the table: some tools' only format is plain text. */
export const text = (name: string): CredentialFormat =>
  define({
    name,
    read: (input) => keyIn(onlyLine(input)),
    write: writeLine
  })
