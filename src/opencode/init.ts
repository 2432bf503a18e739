/** Computes the edit of the user's opencode.jsonc that gives a provider a command. Comments and all other text stay unchanged. */

import { createTwoFilesPatch, OMIT_HEADERS } from "diff"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { isRecord } from "effect/Predicate"
import { applyEdits, type Edit, modify, visit } from "jsonc-parser"
import { ConfigInvalid } from "../ApiKeyError.js"
import { decodeProblem } from "../internal/source/decode.js"
import * as Document from "../internal/source/jsonc.js"
import * as Placeholder from "./config/placeholder.js"

export interface Wish {
  readonly provider: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly baseUrl: string | undefined
  readonly npm: string | undefined
}

export interface Change {
  readonly text: string
  /** The lines of a unified diff, without possible secrets in the file. */
  readonly shown: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
}

const pluginName = "effect-apikey"

/** A provider's id. It has no slash, because opencode writes a model as `provider/model`. */
const providerId = /^[A-Za-z0-9][\w.-]*$/
/** An npm package, with or without a version, or a `file:` URL. */
const packageName = /^(?:file:\/\/\S+|(?:@[\w.-]+\/)?[\w.-]+(?:@[^\s/]+)?)$/

const isWebUrl = (text: string): boolean => URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)

/** Checks the wish for values that opencode or the plugin would not accept. */
export const problemWith = ({ provider, command, baseUrl, npm }: Wish): Option.Option<string> => {
  if (!providerId.test(provider)) return Option.some(`${JSON.stringify(provider)} is not the id of a provider`)
  if (baseUrl !== undefined && !isWebUrl(baseUrl)) {
    return Option.some("--base-url is not a URL that begins with https:// or http://")
  }
  if (npm !== undefined && !packageName.test(npm)) return Option.some("--npm is not the name of a package")
  return Either.match(decodeProblem({ command }), {
    onLeft: ({ problem }) => Option.some(`the command will not do: ${problem}`),
    onRight: () => Option.none()
  })
}

type JsonPath = Array<string | number>

interface Step {
  readonly path: JsonPath
  readonly value: unknown
  /** Whether the last item is appended to an existing list, which keeps the list's comments. */
  readonly grows?: boolean
}

const emptyConfig = `{\n  "$schema": "https://opencode.ai/config.json"\n}\n`

/** Another configuration file of the user, which opencode reads before the file that is changed. */
export interface Other {
  readonly file: string
  readonly config: unknown
}

export const otherOf = (file: string, text: string): Either.Either<Other, ConfigInvalid> =>
  Either.map(Placeholder.parse(file, text), ({ root }) => ({ file, config: Document.valueOf(root) }))

/** Fails if an object has the same name twice: opencode uses the last one, but the edit would change the first. */
const notTwice = ({ file, root, text }: Document.Document): Either.Either<void, ConfigInvalid> => {
  const twice = Document.duplicateKey(root)
  if (twice === undefined) return Either.void
  const problem = `${JSON.stringify(twice.key)} stands twice in one object`
  const remedy = "Make one of the two, then run this again; opencode takes the last."
  return Either.left(new ConfigInvalid({ file, ...Document.positionAt(text, twice.offset), problem, remedy }))
}

const pluginsIn = (config: unknown): ReadonlyArray<unknown> | undefined =>
  isRecord(config) && Array.isArray(config["plugin"]) ? config["plugin"] : undefined

/** The other file whose plugin list opencode uses now, if any. Of several global lists opencode uses the last one that it reads. */
const listedIn = (config: unknown, others: ReadonlyArray<Other>): Other | undefined =>
  pluginsIn(config) === undefined ? others.find((other) => pluginsIn(other.config) !== undefined) : undefined

/** The edits. The plugin is not listed again if it is listed already. */
const stepsFor = (
  config: unknown,
  wish: Wish,
  others: ReadonlyArray<Other>
): Either.Either<ReadonlyArray<Step>, string> => {
  if (!isRecord(config)) return Either.left("expected an object")
  const { plugin, provider = {} } = config
  if (plugin !== undefined && !Array.isArray(plugin)) return Either.left('"plugin" is not a list')
  if (!isRecord(provider)) return Either.left('"provider" is not an object')
  const entry = provider[wish.provider] ?? {}
  if (!isRecord(entry) || !isRecord(entry["options"] ?? {})) {
    return Either.left(`"provider.${wish.provider}" is not an object with "options"`)
  }
  const at: JsonPath = ["provider", wish.provider]
  const steps: Array<Step> = []
  const listed = pluginsIn(config) ?? pluginsIn(listedIn(config, others)?.config) ?? []
  if (!listed.some(isOurs)) {
    // A list in this file hides the other file's list, so its plugins are copied.
    steps.push({ path: ["plugin"], value: [...listed, pluginName], grows: Array.isArray(plugin) && plugin.length > 0 })
  }
  if (wish.npm !== undefined) steps.push({ path: [...at, "npm"], value: wish.npm })
  if (wish.baseUrl !== undefined) steps.push({ path: [...at, "options", "baseURL"], value: wish.baseUrl })
  steps.push({ path: [...at, "options", "apiKeyCommand"], value: wish.command })
  return Either.right(steps)
}

/** A path to the bundle, or to the package's directory. */
const ourFile = /(?:^|[\\/])(?:opencode-plugin\.js|effect-apikey[\\/]?)$/

const isOurs = (plugin: unknown): boolean => {
  const name: unknown = Array.isArray(plugin) ? plugin[0] : plugin
  return typeof name === "string" && (name === pluginName || name.startsWith(`${pluginName}@`) || ourFile.test(name))
}

const formattingOf = (text: string) => {
  const [indent = "  "] = /^[ \t]+(?=")/m.exec(text) ?? []
  return indent.startsWith("\t") ? { insertSpaces: false, tabSize: 1 } : { insertSpaces: true, tabSize: indent.length }
}

/** Computes the change. A blank `text` means a new file. `others` are the user's other global configuration files. */
export const changeFor = (
  file: string,
  text: string,
  wish: Wish,
  others: ReadonlyArray<Other> = []
): Either.Either<Change, ConfigInvalid> =>
  Either.gen(function* () {
    const before = text.trim() === "" ? "" : text
    const document = yield* Document.parse(file, before === "" ? emptyConfig : before)
    yield* notTwice(document)
    const config = Document.valueOf(document.root)
    const steps = yield* Either.mapLeft(
      stepsFor(config, wish, others),
      (problem) =>
        new ConfigInvalid({ file, line: 1, column: 1, problem, remedy: "Correct it there, then run this again." })
    )
    const after = steps.reduce(changed, document.text)
    return {
      text: after,
      shown: difference(withoutSecretsIn(before, wish), withoutSecretsIn(after, wish)),
      notes: [
        ...notesOn(config, wish),
        ...copiedFrom(listedIn(config, others)),
        ...others.flatMap((other) => apiKeyIn(other.config, wish.provider, other.file))
      ]
    }
  })

const changed = (text: string, { path, value, grows }: Step): string => {
  const formattingOptions = formattingOf(text)
  const edits =
    grows === true && Array.isArray(value)
      ? modify(text, [...path, value.length - 1], value.at(-1), { formattingOptions, isArrayInsertion: true })
      : modify(text, path, value, { formattingOptions })
  return applyEdits(text, edits)
}

/** The lines of a unified diff. CRLF is shown as LF. */
const difference = (before: string, after: string): ReadonlyArray<string> =>
  createTwoFilesPatch("", "", before, after, undefined, undefined, { headerOptions: OMIT_HEADERS })
    .split(/\r?\n/)
    .filter((line) => line !== "")

const redacted = '"<redacted>"'
const quoted = /"(?:[^"\\\n]|\\.)*"/g

/** Whether a path holds the name of a package or schema, which is not secret. */
const isPublic = (path: ReadonlyArray<string | number>): boolean =>
  path[0] === "$schema" ||
  (path[0] === "plugin" && path.length === 2) ||
  (path[0] === "provider" && path.length === 3 && path[2] === "npm")

/** Redacts possible secrets, also in comments: every string that is neither public nor part of the wish. */
const withoutSecretsIn = (text: string, { command, baseUrl, npm }: Wish): string => {
  const wished = new Set<unknown>([...command, baseUrl, npm])
  const edits: Array<Edit> = []
  visit(text, {
    onLiteralValue: (value, offset, length, _line, _character, path) => {
      if (typeof value !== "string" || wished.has(value) || isPublic(path())) return
      edits.push({ offset, length, content: redacted })
    },
    onComment: (offset, length) => {
      edits.push({ offset, length, content: text.slice(offset, offset + length).replaceAll(quoted, redacted) })
    }
  })
  return applyEdits(text, edits)
}

const entryIn = (config: unknown, provider: string): Record<string, unknown> => {
  const providers = isRecord(config) && isRecord(config["provider"]) ? config["provider"] : {}
  const entry = providers[provider]
  return isRecord(entry) ? entry : {}
}

const copiedFrom = (other: Other | undefined): ReadonlyArray<string> => {
  const plugins = pluginsIn(other?.config) ?? []
  return other === undefined || plugins.length === 0 || plugins.some(isOurs)
    ? []
    : [`the plugins listed in ${other.file} are listed here too: opencode takes only the last list that it reads`]
}

const apiKeyIn = (config: unknown, provider: string, where: string): ReadonlyArray<string> => {
  const { options } = entryIn(config, provider)
  return isRecord(options) && "apiKey" in options
    ? [`${provider} has an apiKey in ${where}, which wins over the command as long as it is not empty: remove it`]
    : []
}

const notesOn = (config: unknown, { provider, npm }: Wish): ReadonlyArray<string> => {
  const entry = entryIn(config, provider)
  const { models } = entry
  const notes = [...apiKeyIn(config, provider, "this file")]
  // A provider that opencode knows needs neither a package nor a list of models.
  if ((npm ?? entry["npm"]) !== undefined && !(isRecord(models) && Object.keys(models).length > 0)) {
    notes.push(`opencode offers no model of ${provider} before it names one: add "models": { "MODEL": {} }`)
  }
  return notes
}
