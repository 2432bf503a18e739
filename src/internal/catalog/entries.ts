/** The catalog's rows, all kinds of helpers together. A program's row is the first whose pattern fits its name. */
import { awsTools } from "./awsTools.js"
import { clouds } from "./clouds.js"
import { containers } from "./containers.js"
import type { Entry } from "./entry.js"
import { files } from "./files.js"
import { passwordManagers } from "./passwordManagers.js"
import { tokens } from "./tokens.js"
import { vcs } from "./vcs.js"

export const entries: ReadonlyArray<Entry> = [
  ...passwordManagers,
  ...clouds,
  ...tokens,
  ...awsTools,
  ...vcs,
  ...containers,
  ...files
]
