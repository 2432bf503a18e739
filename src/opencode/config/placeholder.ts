/**
 * opencode's placeholders, `{env:NAME}` and `{file:PATH}`, replaced in what was parsed and not in its text: whatever they
 * stand for, the JSON around them stays as it is.
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

/** A text of which only its placeholders may be seen. */
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

/** JSONC in which a placeholder may also stand where a value or a name would: there it is read as a string. */
export const parse = (file: string, text: string): Either.Either<Document.Document, ConfigInvalid> => {
  const starts = unquotedStarts(text)
  // Of the same length, so that positions hold.
  const ends = [0, ...starts.map(([, end]) => end)]
  const quoted = starts
    .map(([start, end], index) => `${text.slice(ends[index], start)}"${text.slice(start + 1, end - 1)}"`)
    .concat(text.slice(ends[ends.length - 1]))
    .join("")
  const offsets = new Set(starts.map(([start]) => start))
  // opencode takes an empty file for an empty object.
  return Either.map(Document.parse(file, quoted.trim() === "" ? "{}" : quoted), (document) => ({
    ...document,
    root: offsets.size === 0 ? document.root : restored(document.root, offsets)
  }))
}

const unquotedStarts = (text: string): ReadonlyArray<readonly [number, number]> => {
  const scanner = createScanner(text, true)
  const found: Array<readonly [number, number]> = []
  // Up to where one was not closed no other is.
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
  /** The text with the values of variables set aside, so that nothing in them is taken for a placeholder. */
  readonly text: string
  readonly restore: (text: string) => string
  /** The text as it was written. */
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

/** With its variables replaced; what they hold is not looked at again. */
export const fillVariables = (text: string, { variable }: Scope): string =>
  replaceVariables(text, (name) => variable(name) ?? "")

const pathOf = (place: string, { home, folder }: Scope, path: Path.Path): string =>
  expanded(place, { home, cwd: folder }, path)

/** The variables and files that a text would be filled from, as sources, so that a policy can be asked about each. */
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

/** A text with its placeholders replaced: an unset variable is empty, a file is trimmed. What variables hold is not looked at again. */
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
    // Shown as written, because a variable may hold a secret.
    if (Option.isNone(bytes)) return yield* badReference(unmark(match[1] ?? ""))
    parts.push(restore(marked.slice(end, match.index)), new TextDecoder().decode(bytes.value).trim())
    end = match.index + match[0].length
  }
  return [...parts, restore(marked.slice(end))].join("")
})
