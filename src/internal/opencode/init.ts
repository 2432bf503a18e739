/** The change to a user's opencode.jsonc that gives a provider a command: comments and everything else stay as they are. */
import * as Either from "effect/Either"
import { isRecord } from "effect/Predicate"
import { applyEdits, modify } from "jsonc-parser"
import { ConfigInvalid } from "../../ApiKeyError.js"
import * as Document from "../config/document.js"

export interface Wish {
  readonly provider: string
  readonly command: readonly [string, ...ReadonlyArray<string>]
  readonly baseUrl: string | undefined
  readonly npm: string | undefined
}

export interface Change {
  readonly text: string
  /** The lines that go (`-`) and that come (`+`). */
  readonly shown: ReadonlyArray<string>
  readonly notes: ReadonlyArray<string>
}

const pluginName = "effect-apikey"

type JsonPath = Array<string | number>

interface Step {
  readonly path: JsonPath
  readonly value: unknown
}

const emptyConfig = `{\n  "$schema": "https://opencode.ai/config.json"\n}\n`

/** The path of the change and its value; what is so already is no change. */
const stepsFor = (config: unknown, wish: Wish): Either.Either<ReadonlyArray<Step>, string> => {
  if (!isRecord(config)) return Either.left("expected an object")
  const { plugin = [], provider = {} } = config
  if (!Array.isArray(plugin)) return Either.left('"plugin" is not a list')
  if (!isRecord(provider)) return Either.left('"provider" is not an object')
  const entry = provider[wish.provider] ?? {}
  if (!isRecord(entry) || !isRecord(entry["options"] ?? {})) {
    return Either.left(`"provider.${wish.provider}" is not an object with "options"`)
  }
  const at: JsonPath = ["provider", wish.provider]
  const steps: Array<Step> = []
  if (!plugin.some(isOurs)) steps.push({ path: ["plugin"], value: [...plugin, pluginName] })
  if (wish.npm !== undefined) steps.push({ path: [...at, "npm"], value: wish.npm })
  if (wish.baseUrl !== undefined) steps.push({ path: [...at, "options", "baseURL"], value: wish.baseUrl })
  steps.push({ path: [...at, "options", "apiKeyCommand"], value: wish.command })
  return Either.right(steps)
}

const isOurs = (plugin: unknown): boolean => {
  const name: unknown = Array.isArray(plugin) ? plugin[0] : plugin
  return (
    typeof name === "string" &&
    (name === pluginName || name.startsWith(`${pluginName}@`) || /opencode-plugin\.js$/.test(name))
  )
}

const formattingOf = (text: string) => {
  const [indent = "  "] = /^[ \t]+(?=")/m.exec(text) ?? []
  return indent.startsWith("\t") ? { insertSpaces: false, tabSize: 1 } : { insertSpaces: true, tabSize: indent.length }
}

/** `text` is what the file holds; nothing or blank is a file to be made. */
export const changeFor = (file: string, text: string, wish: Wish): Either.Either<Change, ConfigInvalid> =>
  Either.gen(function* () {
    const before = text.trim() === "" ? "" : text
    const document = yield* Document.parse(file, before === "" ? emptyConfig : before)
    const config = Document.valueOf(document.root)
    const steps = yield* Either.mapLeft(
      stepsFor(config, wish),
      (problem) =>
        new ConfigInvalid({ file, line: 1, column: 1, problem, remedy: "Correct it there, then run this again." })
    )
    let after = document.text
    const shown: Array<string> = []
    for (const step of steps) {
      const edited = changed(after, step)
      shown.push(...difference(before === "" ? "" : after, before === "" ? "" : edited))
      after = edited
    }
    return {
      text: after,
      shown: before === "" ? difference("", after) : shown,
      notes: notesOn(config, wish)
    }
  })

/** A list grows at its end, so that the comments in it stay. */
const changed = (text: string, { path, value }: Step): string => {
  const formattingOptions = formattingOf(text)
  const isGrowing = path.length === 1 && Array.isArray(value) && value.length > 1
  const edits = isGrowing
    ? modify(text, [...path, value.length - 1], value.at(-1), { formattingOptions, isArrayInsertion: true })
    : modify(text, path, value, { formattingOptions })
  return applyEdits(text, edits)
}

const linesOf = (text: string): ReadonlyArray<string> => (text === "" ? [] : text.replace(/\n$/, "").split("\n"))

const difference = (before: string, after: string): ReadonlyArray<string> => {
  const old = linesOf(before)
  const now = linesOf(after)
  let start = 0
  while (start < Math.min(old.length, now.length) && old[start] === now[start]) start++
  let end = 0
  while (end < Math.min(old.length, now.length) - start && old.at(-1 - end) === now.at(-1 - end)) end++
  return [
    ...old.slice(start, old.length - end).map((line) => `- ${line}`),
    ...now.slice(start, now.length - end).map((line) => `+ ${line}`)
  ]
}

const notesOn = (config: unknown, { provider }: Wish): ReadonlyArray<string> => {
  const providers = isRecord(config) && isRecord(config["provider"]) ? config["provider"] : {}
  const entry = providers[provider]
  const options = isRecord(entry) && isRecord(entry["options"]) ? entry["options"] : {}
  return "apiKey" in options
    ? [`${provider} has an apiKey there, which wins over the command as long as it is not empty: remove it`]
    : []
}
