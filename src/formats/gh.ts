import { define } from "../internal/format/define.js"
import type { CredentialFormat } from "../internal/format/format.js"
import { keyIn, onlyLine, writeLine } from "../internal/format/line.js"

export const gh: CredentialFormat = define({
  name: "gh",
  about: {
    title: "GitHub's command line: gh auth token",
    source: "https://cli.github.com/manual/gh_auth_token",
    example: "gho_exampleexampleexampleexampleexample1\n"
  },
  read: (input) => keyIn(onlyLine(input)),
  write: writeLine
})
