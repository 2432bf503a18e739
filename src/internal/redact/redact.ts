/**
 * Makes what a helper wrote fit to be shown. What it shares with a source of secrets is hidden: its stdout, its arguments,
 * its input, its variables. How a secret is written does not matter, as long as a view can read it.
 */

import * as Brand from "effect/Brand"
import { indexOf, markShared, minRun } from "./shared.js"
import { printable } from "./terminal.js"
import { type Span, tokenSpans } from "./tokens.js"
import { type View, viewsOf } from "./views.js"
import { type IsKnownWord, isKnown, unitsOf } from "./words.js"

/** A text from which secrets were removed, or an empty one. Only this module makes one. */
export type RedactedText = "" | (string & Brand.Brand<"effect-apikey/RedactedText">)

/** For a text that holds nothing of a run, and for the schema of errors, which came from a run when they were encoded. */
export const RedactedText = Brand.nominal<Exclude<RedactedText, "">>()

/** What must not be shown of a text. */
export interface Sources {
  /** Hidden wherever they stand whole, from `minSecretLength` characters on. */
  readonly secrets: ReadonlyArray<string>
  /** Of these no run of `minRun` characters is shown, except for known words. */
  readonly texts: ReadonlyArray<string>
  /** Words that people need to read. Default: the general ones. */
  readonly isKnownWord?: IsKnownWord
}

const placeholder = "<redacted>"

/** A secret that is shorter hides too much that it has nothing to do with. */
export const minSecretLength = 4

/** Spans that overlap or touch are one: of two secrets that share characters neither shows its rest. */
const hide = (text: string, spans: ReadonlyArray<Span>): string => {
  let shown = ""
  let end = 0
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    if (from > end || end === 0) shown += text.slice(end, from) + placeholder
    end = Math.max(end, to)
  }
  return shown + text.slice(end)
}

/** The runs of marks, from an index to one behind it. */
const runsOf = (marks: Uint8Array): ReadonlyArray<Span> => {
  const runs: Array<Span> = []
  let from = marks.indexOf(1)
  while (from >= 0) {
    const end = marks.indexOf(0, from)
    const to = end < 0 ? marks.length : end
    runs.push([from, to])
    from = marks.indexOf(1, to)
  }
  return runs
}

const wordCharacter = /[\p{L}\p{M}\p{N}_%+$\\-]/u

/** Marks the whole of each word that a mark goes through: its rest says too much of what was hidden. */
const widen = (text: string, marks: Uint8Array): void => {
  const isWord = (at: number): boolean => at >= 0 && wordCharacter.test(text.charAt(at))
  for (const [from, to] of runsOf(marks)) {
    for (let at = from; isWord(at) && isWord(at - 1) && marks[at - 1] === 0; at--) marks[at - 1] = 1
    for (let at = to; isWord(at) && isWord(at - 1) && marks[at] === 0; at++) marks[at] = 1
  }
}

/** Where a secret of `minRun` characters and more stands whole in a text. A longer one is told by its front. */
const placesOf = (text: string, secret: string): ReadonlyArray<Span> => {
  const front = secret.slice(0, maxCompared)
  const places: Array<Span> = []
  for (let at = text.indexOf(front); at >= 0; at = text.indexOf(front, at + front.length)) {
    places.push([at, Math.min(at + secret.length, text.length)])
  }
  return places
}

/** Within this length the search of a string takes linear time, whatever it is made of. */
const maxCompared = 200

/** With more of them known words are not shown. */
const maxWholes = 200

/** The secrets that are too short to share a run, by their lengths. */
const shortOnes = (secrets: Iterable<string>): ReadonlyMap<number, ReadonlySet<string>> => {
  const byLength = new Map<number, Set<string>>()
  for (const secret of secrets) {
    if (secret.length < minSecretLength || secret.length >= minRun) continue
    const same = byLength.get(secret.length)
    if (same === undefined) byLength.set(secret.length, new Set([secret]))
    else same.add(secret)
  }
  return byLength
}

const shortPlaces = (text: string, secrets: ReadonlyMap<number, ReadonlySet<string>>): ReadonlyArray<Span> => {
  const places: Array<Span> = []
  for (const [length, same] of secrets) {
    for (let at = 0; at + length <= text.length; at++) {
      if (same.has(text.slice(at, at + length))) places.push([at, at + length])
    }
  }
  return places
}

/** What is hidden of one view, in places of the original text. */
const hiddenIn = (
  view: View,
  shared: Uint8Array,
  wholes: ReadonlyArray<Span>,
  isKnownWord: IsKnownWord
): ReadonlyArray<Span> => {
  const secret = new Uint8Array(shared.length)
  for (const [from, to] of wholes) secret.fill(1, from, to)
  if (!view.joinsWords) {
    widen(view.text, shared)
    widen(view.text, secret)
  }
  for (const [from, to] of runsOf(shared)) {
    for (const [first, last] of unitsOf(view.text.slice(from, to), isKnownWord))
      secret.fill(1, from + first, from + last)
  }
  return runsOf(secret).map(([from, to]): Span => [view.starts[from] ?? 0, view.ends[to - 1] ?? 0])
}

const unknown: IsKnownWord = () => false

/** What is hidden of a text because it stands in a source, and which of it may be a part of a dump. */
const sharedSpans = (text: string, { isKnownWord = isKnown, secrets, texts }: Sources) => {
  const views = viewsOf(text)
  const plain = indexOf(views.plain)
  const bytes = indexOf(views.bytes)
  const indexes = [plain, bytes]
  const distinct = new Set(secrets.flatMap((secret) => [secret, secret.trim(), printable(secret).trim()]))
  const short = shortOnes(distinct)
  // Others need no search: what they share is hidden, since it has no known word.
  const long = Array.from(distinct).filter(
    (secret) =>
      secret.length >= minRun &&
      unitsOf(secret, (unit) => !isKnownWord(unit)).length > 0 &&
      indexes.some((index) => index.has(secret.slice(0, minRun)) && index.has(secret.slice(-minRun)))
  )
  const known = long.length > maxWholes ? unknown : isKnownWord
  for (const source of new Set([...texts, ...texts.map(printable)])) markShared(plain, bytes, source)
  return indexes.flatMap((index) => {
    const marks = index.marks()
    return index.views.flatMap((view, at) => {
      const wholes = [
        ...(view.joinsWords ? [] : shortPlaces(view.text, short)),
        ...(known === unknown ? [] : long.flatMap((secret) => placesOf(view.text, secret)))
      ]
      return hiddenIn(view, marks[at] ?? new Uint8Array(), wholes, known).map((span) => ({ span, isDump: view.isDump }))
    })
  })
}

/** A line of `od`, `xxd` and their like: an address or numbers. */
const dumpLine =
  /^[^\S\n]*(?:[0-9A-Fa-f]{4,8}:?|[0-9A-Fa-f]{1,4}(?:[^\S\n]+[0-9A-Fa-f]{1,4}){0,32})(?:[^\S\n]+[^\n]*)?$/

/** The lines of a dump in which something is hidden. The last line of a secret may be too short to be found by itself. */
const dumpSpans = (text: string, spans: ReadonlyArray<Span>): ReadonlyArray<Span> => {
  if (spans.length === 0) return []
  const marks = new Uint8Array(text.length)
  for (const [from, to] of spans) marks.fill(1, from, to)
  const dumps: Array<[from: number, to: number]> = []
  let last: [from: number, to: number] | undefined
  let from = 0
  for (const line of text.split("\n")) {
    const to = from + line.length
    if (!dumpLine.test(line)) last = undefined
    else if (last !== undefined) last[1] = to
    else {
      last = [from, to]
      dumps.push(last)
    }
    from = to + 1
  }
  return dumps.filter(([start, end]) => marks.subarray(start, end).includes(1))
}

/**
 * Where the front of a text was cut off, the rest of a secret may stand there: fewer characters than are found, each
 * escaped, or the rest of one word, which may be an unknown token.
 */
const frontSpan = (text: string): Span => [0, Math.max(cutSlack, text.slice(0, maxTokenLength).search(/\s|$/))]

/** A token longer than this is none. */
const maxTokenLength = 16 * 1024

/** More than the longest escapes of `minRun` characters, and what a cut terminal sequence may leave before them. */
const cutSlack = 128

/** From the first line that is whole, where there is one. */
const fromLineStart = (text: string): string => {
  const lineEnd = text.trimEnd().indexOf("\n")
  return lineEnd < 0 ? text : text.slice(lineEnd + 1)
}

/**
 * The text without what it shares with the sources, and without what looks like a token. Of a text whose front was cut
 * off, what the cut may have gone through is not shown either.
 */
export const redact = (text: string, sources: Sources, isCut = false): RedactedText => {
  if (text.trim() === "") return ""
  const shared = sharedSpans(text, sources)
  const dumped = shared.flatMap(({ isDump, span }) => (isDump ? [span] : []))
  const shown = hide(text, [
    ...(isCut ? [frontSpan(text)] : []),
    ...shared.map(({ span }) => span),
    ...dumpSpans(text, dumped),
    ...tokenSpans(text)
  ])
  return RedactedText(isCut ? fromLineStart(shown) : shown)
}

/** The text without the secrets given, whole or in part. */
export const withoutSecrets = (text: string, secrets: Iterable<string>, isCut = false): RedactedText => {
  const all = Array.from(secrets)
  return redact(text, { secrets: all, texts: all }, isCut)
}
