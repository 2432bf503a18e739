// Prints src/opencode/config/variables.ts, made from models.dev's list of providers, of which opencode carries a snapshot:
// `node scripts/opencode-variables.mjs FILE [DATE]`, where FILE is https://models.dev/api.json of DATE (default: today).
import { readFileSync } from "node:fs"
import { join } from "node:path"
import { tsImport } from "tsx/esm/api"
import { root } from "./support.mjs"

const { variablesFor } = await tsImport(join(root, "src/ApiKeySource.ts"), import.meta.url)

const [file, date = new Date().toISOString().slice(0, 10)] = process.argv.slice(2)
if (file === undefined || !/^\d{4}-\d{2}-\d{2}$/.test(date)) {
  console.error("usage: node scripts/opencode-variables.mjs FILE [YYYY-MM-DD]")
  process.exit(64)
}

/** Of a provider with several variables opencode takes none and leaves it to the SDK. Google's SDK reads this one. */
const google = "GOOGLE_GENERATIVE_AI_API_KEY"
const variableOf = ([id, { env }]) => {
  if (env.length === 1) return [[id, env[0]]]
  return id === "google" && env.includes(google) ? [[id, google]] : []
}

const variables = Object.entries(JSON.parse(readFileSync(file, "utf8")))
  .flatMap(variableOf)
  .toSorted(([a], [b]) => (a < b ? -1 : 1))
const isRegular = ([id, name]) => name === variablesFor(id).key

const width = 120
const wrapped = (words) => {
  const lines = [" "]
  for (const word of words) {
    if (`${lines.at(-1)} ${word}`.length <= width) lines.push(`${lines.pop()} ${word}`)
    else lines.push(`  ${word}`)
  }
  return lines.join("\n")
}

const property = ([id, name]) => `  ${/^[A-Za-z_]\w*$/.test(id) ? id : JSON.stringify(id)}: ${JSON.stringify(name)}`

process.stdout.write(
  `/**
 * Which variable holds the key of each provider that opencode knows, where it takes one variable as the key.
 * Written by scripts/opencode-variables.mjs from the models.dev list of ${date}, which is the snapshot in opencode 1.18.33.
 */

/** Those whose variable is named after their id, as ours is (\`ApiKeySource.variablesFor\`). */
export const regular: ReadonlySet<string> = new Set(
  \`
${wrapped(variables.filter(isRegular).map(([id]) => id))}
\`.match(/\\S+/g)
)

/** The others. */
export const exceptions: Readonly<Record<string, string>> = {
${variables
  .filter((variable) => !isRegular(variable))
  .map(property)
  .join(",\n")}
}
`
)
