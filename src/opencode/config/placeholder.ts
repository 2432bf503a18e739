/**
 * opencode's placeholders `{env:NAME}` and `{file:PATH}`. They are replaced after parsing, so a value cannot change the JSON
 * around it.
 */

import type * as FileSystem from "@effect/platform/FileSystem"
import * as Path from "@effect/platform/Path"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import { createScanner, type Node } from "jsonc-parser"
import type { ApiKeyError, ConfigInvalid } from "../../ApiKeyError.js"
import { expanded } from "../../internal/host/paths.js"
import { readSecretFile } from "../../internal/host/secretFile.js"
import * as Document from "../../internal/source/jsonc.js"
import type { Single } from "../../internal/source/schema.js"

export interface Scope {
  readonly variable: (name: string) => string | undefined
  readonly folder: string
  readonly home: string
}

const envPlaceholder = /\{env:([^}]+)\}/g
const filePlaceholder = /\{file:([^}]+)\}/g
const anyPlaceholder = /(\{(?:env|file):[^}]+\})/
const unquoted = /\{(?:env|file):[^}"\\\r\n]+(\}?)/y

/** The text up to the last `}`. Unclosed placeholders after it would be scanned to the end again and again. */
const closed = (text: string): string => text.slice(0, text.lastIndexOf("}") + 1)

export const isIn = (text: string): boolean => anyPlaceholder.test(closed(text))

/** Replaces everything except the placeholders. */
export const hideAllElse = (text: string, instead: string): string => {
  const ended = closed(text)
  return [...ended.split(anyPlaceholder), text.slice(ended.length)]
    .map((part) => (part === "" || isIn(part) ? part : instead))
    .join("")
}

const replaceVariables = (text: string, by: (name: string) => string): string => {
  const ended = closed(text)
  return ended.replace(envPlaceholder, (_, name: string) => by(name)) + text.slice(ended.length)
}

/** Parses JSONC with placeholders. One without quotes, used as a value or a name, is read as a string. */
export const parse = (file: string, text: string): Either.Either<Document.Document, ConfigInvalid> => {
  const starts = unquotedStarts(text)
  // The text keeps its length, so that positions stay correct.
  const ends = [0, ...starts.map(([, end]) => end)]
  const quoted = starts
    .map(([start, end], index) => `${text.slice(ends[index], start)}"${text.slice(start + 1, end - 1)}"`)
    .concat(text.slice(ends[ends.length - 1]))
    .join("")
  const offsets = new Set(starts.map(([start]) => start))
  // opencode reads an empty file as an empty object.
  return Either.map(Document.parse(file, quoted.trim() === "" ? "{}" : quoted), (document) => ({
    ...document,
    root: offsets.size === 0 ? document.root : restored(document.root, offsets)
  }))
}

const unquotedStarts = (text: string): ReadonlyArray<readonly [number, number]> => {
  const scanner = createScanner(text, true)
  const found: Array<readonly [number, number]> = []
  // No placeholder can end before the end of an unclosed one, so scanning skips to there.
  let openUntil = 0
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    unquoted.lastIndex = scanner.getTokenOffset()
    const match = text[unquoted.lastIndex] === "{" && unquoted.lastIndex >= openUntil ? unquoted.exec(text) : null
    if (match === null) continue
    const end = match.index + match[0].length
    if (match[1] === "") {
      openUntil = end
      continue
    }
    found.push([match.index, end])
    scanner.setPosition(end)
  }
  return found
}

const restored = (node: Node, starts: ReadonlySet<number>): Node => ({
  ...node,
  ...(starts.has(node.offset) && typeof node.value === "string" ? { value: `{${node.value}}` } : {}),
  ...(node.children === undefined ? {} : { children: node.children.map((child) => restored(child, starts)) })
})

interface Marked {
  /** The text with markers for variables, so that a variable's value is not read as a placeholder. */
  readonly text: string
  readonly restore: (text: string) => string
  /** Turns the markers back into placeholders. */
  readonly unmark: (text: string) => string
}

const mark = (text: string, { variable }: Scope): Marked => {
  const names: Array<string> = []
  const marked = replaceVariables(text, (name) => `\uE000${names.push(name) - 1}\uE001`)
  const withEach = (rest: string, as: (name: string) => string) =>
    rest.replace(/\uE000(\d+)\uE001/g, (_, index: string) => as(names[Number(index)] ?? ""))
  return {
    text: marked,
    restore: (rest) => withEach(rest, (name) => variable(name) ?? ""),
    unmark: (rest) => withEach(rest, (name) => `{env:${name}}`)
  }
}

/** Replaces variables. Placeholders in their values are not replaced. */
export const fillVariables = (text: string, { variable }: Scope): string =>
  replaceVariables(text, (name) => variable(name) ?? "")

const pathOf = (place: string, { home, folder }: Scope, path: Path.Path): string =>
  expanded(place, { home, cwd: folder }, path)

/** The variables and files that a text refers to, as sources, so that a policy can authorize each. */
export const sourcesIn = (text: string, scope: Scope, path: Path.Path): ReadonlyArray<Single> => {
  const { text: marked, restore } = mark(text, scope)
  return [
    ...Array.from(closed(text).matchAll(envPlaceholder), ([, name = ""]): Single => ({ _tag: "Env", env: name })),
    ...Array.from(
      closed(marked).matchAll(filePlaceholder),
      ([, place = ""]): Single => ({ _tag: "File", file: pathOf(restore(place), scope, path) })
    )
  ]
}

/** Replaces all placeholders. An unset variable is empty, a file is trimmed. Placeholders in a variable's value are not replaced. */
export const fill = Effect.fnUntraced(function* (
  text: string,
  scope: Scope,
  badReference: (path: string) => ConfigInvalid
): Effect.fn.Return<string, ApiKeyError, FileSystem.FileSystem | Path.Path> {
  const path = yield* Path.Path
  const { text: marked, restore, unmark } = mark(text, scope)
  const parts: Array<string> = []
  let end = 0
  for (const match of closed(marked).matchAll(filePlaceholder)) {
    const file = pathOf(restore(match[1] ?? ""), scope, path)
    const bytes = yield* readSecretFile(file, { source: "file reference", strict: false })
    // The message shows the placeholder, because a variable's value may be secret.
    if (Option.isNone(bytes)) return yield* badReference(unmark(match[1] ?? ""))
    parts.push(restore(marked.slice(end, match.index)), new TextDecoder().decode(bytes.value).trim())
    end = match.index + match[0].length
  }
  return [...parts, restore(marked.slice(end))].join("")
})
