/** Reads JSONC with positions, within limits of size and depth. Errors have file, line and column. */
import { isUtf8 } from "node:buffer"
import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Either from "effect/Either"
import {
  createScanner,
  findNodeAtLocation,
  type Node,
  type ParseError,
  parseTree,
  printParseErrorCode
} from "jsonc-parser"
import { ConfigInvalid, SourceUnreadable } from "../../ApiKeyError.js"
import { mayExist } from "../host/paths.js"
import { chunksOf } from "../host/readChunks.js"
import { codeOf } from "../util/platformError.js"

export interface Document {
  readonly file: string
  readonly text: string
  readonly root: Node
}

/** A position in a text. Both numbers count from 1. */
export interface Position {
  readonly line: number
  readonly column: number
}

export type Path = ReadonlyArray<string | number>

const maxBytes = 1024 * 1024
/** The maximum depth. It is checked before parsing, because the parser is recursive. */
const maxDepth = 64

const syntaxProblems: Readonly<Record<string, string>> = {
  InvalidSymbol: "a word that is not JSON",
  InvalidNumberFormat: "a number that is not JSON",
  PropertyNameExpected: "a property name in double quotes is missing",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing } is missing",
  CloseBracketExpected: "a closing ] is missing",
  EndOfFileExpected: "something stands after the end of the object",
  UnexpectedEndOfComment: "a comment is not closed",
  UnexpectedEndOfString: "a string is not closed",
  InvalidUnicode: "an invalid \\u escape",
  InvalidEscapeCharacter: "an invalid escape in a string",
  InvalidCharacter: "a control character in a string"
}

const startsOf = (text: string): ReadonlyArray<number> =>
  [0].concat(Array.from(text.matchAll(/\n/g), ({ index }) => index + 1))

/** The line starts of the last text. One text is enough: the positions of a document are computed one after another. */
let last: { readonly text: string; readonly starts: ReadonlyArray<number> } = { text: "", starts: [0] }

export const positionAt = (text: string, offset: number): Position => {
  if (last.text !== text) last = { text, starts: startsOf(text) }
  const { starts } = last
  let low = 0
  let high = starts.length
  while (high - low > 1) {
    const middle = (low + high) >> 1
    if ((starts[middle] ?? 0) <= offset) low = middle
    else high = middle
  }
  return { line: low + 1, column: offset - (starts[low] ?? 0) + 1 }
}

const invalid = (file: string, { line, column }: Position, problem: string, remedy: string): ConfigInvalid =>
  new ConfigInvalid({ file, line, column, problem, remedy })

/** Reads a configuration file. A missing file is invalid too: the caller checks optional files first. */
export const read = (file: string): Effect.Effect<Document, ConfigInvalid | SourceUnreadable, FileSystem.FileSystem> =>
  Effect.flatMap(readText(file), (text) => parse(file, text))

const nowhere: Position = { line: 0, column: 0 }

/** Whether a path exists. A broken symlink counts, so that reading it reports the problem. */
export const isThere = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  // Another error than a missing file is reported when the file is read.
  Effect.if(mayExist(file), { onTrue: () => Effect.succeed(true), onFalse: () => isLink(file) })

const isLink = (file: string): Effect.Effect<boolean, never, FileSystem.FileSystem> =>
  Effect.flatMap(FileSystem.FileSystem, (fs) => Effect.isSuccess(fs.readLink(file)))

/** Opens only a regular file of limited size: a FIFO would block, and a device never ends. */
export const readText = Effect.fnUntraced(function* (
  file: string
): Effect.fn.Return<string, ConfigInvalid | SourceUnreadable, FileSystem.FileSystem> {
  const fs = yield* FileSystem.FileSystem
  const unreadable = (code: string) =>
    code === "ENOENT"
      ? invalid(file, nowhere, "there is no such file", "Create it, or name another one with --config.")
      : new SourceUnreadable({
          source: "configuration",
          path: file,
          code,
          remedy: "Correct what the path leads to or its permissions."
        })
  const stat = yield* Effect.either(fs.stat(file))
  if (stat._tag === "Left") {
    const code = codeOf(stat.left)
    return yield* code === "ENOENT" && (yield* isLink(file))
      ? invalid(file, nowhere, "it is a symbolic link that leads nowhere", "Correct the link, or remove it.")
      : unreadable(code)
  }
  const { type } = stat.right
  if (type !== "File") return yield* unreadable(type === "Directory" ? "EISDIR" : "not a plain file")
  const chunks: Array<Buffer> = []
  const isWhole = yield* Effect.mapError(
    chunksOf(file, maxBytes, (chunk) => chunks.push(Buffer.from(chunk))),
    (error) => unreadable(codeOf(error))
  )
  if (!isWhole) {
    const problem = `larger than ${maxBytes / 1024} KiB`
    return yield* invalid(file, { line: 1, column: 1 }, problem, "Remove everything that is not configuration.")
  }
  const bytes = Buffer.concat(chunks)
  if (isUtf8(bytes)) return new TextDecoder().decode(bytes)
  return yield* invalid(file, { line: firstLineNotUtf8(bytes), column: 1 }, "not UTF-8", "Save it as UTF-8.")
})

const newline = 0x0a

/** No character of UTF-8 but the newline itself has its byte, so each line can be judged alone. */
const firstLineNotUtf8 = (bytes: Buffer): number => {
  let line = 1
  for (let start = 0, end = 0; start < bytes.length; start = end + 1, line += 1) {
    const found = bytes.indexOf(newline, start)
    end = found < 0 ? bytes.length : found
    if (!isUtf8(bytes.subarray(start, end))) break
  }
  return line
}

export const parse = (file: string, text: string): Either.Either<Document, ConfigInvalid> => {
  const tooDeep = firstTooDeep(text)
  if (tooDeep !== undefined) {
    const problem = `more than ${maxDepth} levels of brackets`
    return Either.left(
      invalid(file, positionAt(text, tooDeep), problem, "Remove everything that is not configuration.")
    )
  }
  const errors: Array<ParseError> = []
  const root = parseTree(text, errors, { allowTrailingComma: true })
  const [error] = errors
  if (error !== undefined || root === undefined) {
    const problem = syntaxProblems[error === undefined ? "" : printParseErrorCode(error.error)] ?? "a value is missing"
    return Either.left(
      invalid(
        file,
        positionAt(text, error?.offset ?? text.length),
        `not JSON: ${problem}`,
        "Correct it there; comments and trailing commas are allowed."
      )
    )
  }
  return Either.right({ file, text, root })
}

const firstTooDeep = (text: string): number | undefined => {
  const scanner = createScanner(text, true)
  let depth = 0
  for (scanner.scan(); scanner.getTokenLength() > 0; scanner.scan()) {
    const offset = scanner.getTokenOffset()
    const first = text[offset]
    if (first === "{" || first === "[") {
      if (++depth > maxDepth) return offset
    } else if (first === "}" || first === "]") depth--
  }
  return undefined
}

/** The members of an object node in order, including duplicate keys. */
export const membersOf = (
  node: Node
): ReadonlyArray<{ readonly key: string; readonly keyNode: Node; readonly value: Node }> =>
  (node.children ?? []).flatMap(({ children }) => {
    const [keyNode, value] = children ?? []
    return keyNode === undefined || value === undefined ? [] : [{ key: String(keyNode.value), keyNode, value }]
  })

/** The value of a node as plain data. Of duplicate keys the last counts. `__proto__` is an ordinary key. */
export const valueOf = (node: Node): unknown => {
  switch (node.type) {
    case "object":
      return Object.fromEntries(membersOf(node).map(({ key, value }) => [key, valueOf(value)]))
    case "array":
      return (node.children ?? []).map(valueOf)
    default:
      return node.value
  }
}

/** The first duplicate key in an object, at any depth. */
export const duplicateKey = (node: Node): { readonly key: string; readonly offset: number } | undefined => {
  const seen = new Set<string>()
  if (node.type === "object") {
    for (const { key, keyNode } of membersOf(node)) {
      if (seen.has(key)) return { key, offset: keyNode.offset }
      seen.add(key)
    }
  }
  for (const child of node.type === "object" ? membersOf(node).map(({ value }) => value) : (node.children ?? [])) {
    const found = duplicateKey(child)
    if (found !== undefined) return found
  }
  return undefined
}

/** The position of a path in the text, or of its nearest existing parent. `"key"` means the name instead of the value. */
export const positionOf = ({ root, text }: Document, path: Path, at: "key" | "value" = "value"): Position => {
  for (let length = path.length; length >= 0; length--) {
    const node = findNodeAtLocation(root, path.slice(0, length))
    if (node === undefined) continue
    const key = at === "key" && length === path.length && node.parent?.type === "property" ? node.parent : node
    return positionAt(text, key.offset)
  }
  return { line: 1, column: 1 }
}
