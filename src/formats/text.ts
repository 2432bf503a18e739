import { define } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { keyIn, onlyLine, writeLine } from "../internal/format/line.js"

/** The whole output is the key: one line of visible ASCII, white space around it removed. */
export const text: CredentialFormat = define({
  name: "text",
  about: {
    title: "Plain text: one line, the key and nothing else",
    source: "effect-apikey's own rules, after what credential tools print",
    example: "sk-live-7f3a9c\n"
  },
  read: (input) => keyIn(onlyLine(input)),
  write: writeLine
})
