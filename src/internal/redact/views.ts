/** Reads a text in the notations in which a secret may stand in it, and keeps the place of each character. */

import { printable } from "./terminal.js"

/** A text in one notation. */
export interface View {
  readonly text: string
  /** Where in the original text each character begins, and where it ends. */
  readonly starts: Int32Array
  readonly ends: Int32Array
  /** Two words of the original text may stand here as one. */
  readonly joinsWords: boolean
  /** The original text may be a dump: lines of numbers. */
  readonly isDump: boolean
}

type Notation = (view: View) => View

const asItIs = (text: string): View => ({
  text,
  starts: Int32Array.from({ length: text.length }, (_, at) => at),
  ends: Int32Array.from({ length: text.length }, (_, at) => at + 1),
  joinsWords: false,
  isDump: false
})

/** Writes a view of another, character by character. */
interface Writer {
  /** Adds characters that mean themselves. */
  readonly copy: (from: number, to: number) => void
  /** Adds a text. The place of each of its characters is added by `place`. */
  readonly write: (text: string) => void
  readonly place: (from: number, to: number) => void
  readonly view: (flags: Partial<View>) => View
}

/** A list of numbers that grows. */
const growing = () => {
  let items = new Int32Array(initialSize)
  let size = 0
  return {
    push: (item: number): void => {
      if (size === items.length) {
        const larger = new Int32Array(2 * size)
        larger.set(items)
        items = larger
      }
      items[size++] = item
    },
    all: (): Int32Array => items.subarray(0, size)
  }
}

const initialSize = 1024

const writerOn = (origin: View): Writer => {
  const texts: Array<string> = []
  const starts = growing()
  const ends = growing()
  const place = (from: number, to: number): void => {
    starts.push(origin.starts[from] ?? 0)
    ends.push(origin.ends[to - 1] ?? 0)
  }
  return {
    copy: (from, to) => {
      texts.push(origin.text.slice(from, to))
      for (let at = from; at < to; at++) place(at, at + 1)
    },
    write: (text) => {
      texts.push(text)
    },
    place,
    view: (flags) => ({
      joinsWords: origin.joinsWords,
      isDump: origin.isDump,
      ...flags,
      text: texts.join(""),
      starts: starts.all(),
      ends: ends.all()
    })
  }
}

/** The text with another meaning for each match. */
const replaced =
  (pattern: RegExp, meaning: (match: string) => string, flags: Partial<View> = {}): Notation =>
  (view) => {
    const writer = writerOn(view)
    let end = 0
    for (const { 0: match, index } of view.text.matchAll(pattern)) {
      const meant = meaning(match)
      writer.copy(end, index)
      end = index + match.length
      writer.write(meant)
      for (let at = 0; at < meant.length; at++) writer.place(index, end)
    }
    if (end === 0) return view
    writer.copy(end, view.text.length)
    return writer.view(flags)
  }

/** What each match means, without what stands between. */
const decoded =
  (pattern: RegExp, decode: (run: string, at: number, writer: Writer) => void, flags: Partial<View> = {}): Notation =>
  (view) => {
    const writer = writerOn(view)
    for (const { 0: run, index } of view.text.matchAll(pattern)) decode(run, index, writer)
    return writer.view(flags)
  }

const byteBits = 8

/** The value of each digit, by its code. */
const valuesOf = (...alphabets: ReadonlyArray<string>): Int8Array => {
  const values = new Int8Array(codes).fill(-1)
  for (const alphabet of alphabets) {
    for (let value = 0; value < alphabet.length; value++) values[alphabet.charCodeAt(value)] = value
  }
  return values
}

const codes = 128

/** Digits of `bits` bits each. Where a byte begins is not known, so each alignment is read, as a line of its own. */
const inDigits =
  (bits: number, alignments: number, values: Int8Array) =>
  (run: string, start: number, writer: Writer): void => {
    const padding = run.indexOf("=")
    const length = padding < 0 ? run.length : padding
    for (let shift = 0; shift < alignments; shift++) {
      const count = Math.max(0, Math.floor(((length - shift) * bits) / byteBits))
      const bytes = Buffer.alloc(count + 1, "\n")
      let next = 0
      let held = 0
      let value = 0
      let from = shift
      for (let at = shift; next < count; at++) {
        value = ((value << bits) | (values[run.charCodeAt(at)] ?? 0)) & twoBytes
        held += bits
        if (held < byteBits) continue
        held -= byteBits
        bytes[next++] = value >> held
        // The last byte takes the padding along.
        writer.place(start + from, next < count ? start + at + 1 : start + run.length)
        from = held > 0 ? at : at + 1
      }
      writer.place(start, start + 1)
      writer.write(bytes.toString("latin1"))
    }
  }

const twoBytes = 0xffff

const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
const base64Digits = `${letters}${letters.toLowerCase()}0123456789`
const base64Bits = 6
const base32Bits = 5
const hexBits = 4

const inBase64 = inDigits(base64Bits, 4, valuesOf(`${base64Digits}+/`, `${base64Digits}-_`))

/** Base64 of four bytes and more mixes small letters, capitals and digits. Only time is saved by this. */
const ordinaryWord = /^(?:[a-z]{1,24}|[A-Z][a-z]{1,24}|[A-Z]{1,24})={0,2}$/

/** Standard base64 and base64 for URLs. */
const base64 = decoded(/[A-Za-z0-9+/_-]{6,}={0,2}/g, (run, at, writer) => {
  if (!ordinaryWord.test(run)) inBase64(run, at, writer)
})

const base32 = decoded(/[A-Z2-7]{10,}={0,6}/g, inDigits(base32Bits, 8, valuesOf(`${letters}234567`)))

const hex = decoded(/[0-9A-Fa-f]{8,}/g, inDigits(hexBits, 2, valuesOf("0123456789abcdef", "0123456789ABCDEF")))

/** Numbers with something between them: each is one byte. */
const inNumbers =
  (number: RegExp, base: number) =>
  (run: string, start: number, writer: Writer): void => {
    const codes = Array.from(run.matchAll(number), ({ 0: written, 1: digits = "", index }) => {
      writer.place(start + index, start + index + written.length)
      return Number.parseInt(digits, base) & 0xff
    })
    writer.write(`${Buffer.from(codes).toString("latin1")}\n`)
    writer.place(start, start + 1)
  }

const dump = { isDump: true } as const

/** As `od`, `xxd` and `curl --trace` write bytes, a Buffer of Node, or fingerprints with colons. */
const separatedHex = decoded(
  /(?<![0-9A-Za-z])(?:0x)?(?:[0-9A-Fa-f]{2}){1,4}(?:[\s:,;.|-]{1,8}(?:0x)?(?:[0-9A-Fa-f]{2}){1,4}(?![0-9A-Za-z])){1,}/g,
  inNumbers(/(?:0x)?([0-9A-Fa-f]{2})/g, 16),
  dump
)

const separatedNumbers = /(?<![0-9A-Za-z])[0-9]{1,3}(?:[\s,;]{1,8}[0-9]{1,3}(?![0-9A-Za-z])){3,}/g

/** As Go prints bytes, and `od -tu1`. */
const decimal = decoded(separatedNumbers, inNumbers(/([0-9]+)/g, 10), dump)

/** As `od -b` writes bytes. */
const octal = decoded(separatedNumbers, inNumbers(/([0-9]+)/g, 8), dump)

/** `od -c` sets a space between characters. */
const spaced = replaced(/(?<=(?:^|\s)\S)[ \t]+(?=\S(?:\s|$))/gm, () => "", { joinsWords: true, isDump: true })

/** `base64` and terminals break a long line. */
const joined = replaced(/(?<!\s)\s*\n\s*/g, () => "", { joinsWords: true })

const controls: Readonly<Record<string, string>> = {
  a: "\u0007",
  b: "\b",
  e: "\u001B",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v"
}

const character = (digits: string, base: number): string => {
  const code = Number.parseInt(digits, base)
  return code <= 0x10ffff ? String.fromCodePoint(code) : ""
}

const meaningOfEscape = (match: string): string => {
  const rest = match.slice(1)
  if (/^[ux]/.test(rest)) return character(rest.replace(/[^0-9A-Fa-f]/g, ""), 16)
  if (/^[0-7]/.test(rest)) return character(rest, 8)
  return controls[rest] ?? rest
}

/** Strings of JSON and of most languages, and what `echo` and `printf` make of a backslash. */
const escapes = replaced(
  /\\(?:u[0-9A-Fa-f]{4}|u\{[0-9A-Fa-f]{1,6}\}|x[0-9A-Fa-f]{2}|0[0-7]{1,3}|[0-7]{1,3}|[abefnrtv"'`\\/])/g,
  meaningOfEscape
)

/** As the trace of a shell and `printf %q` quote a word. */
const quoted = replaced(/'\\''|'"'"'|\\[\s\S]/g, (match) => (match.startsWith("'") ? "'" : match.slice(1)))

/** Percent-encoding, once or more, and a space of a form. A byte is one character. */
const percent = replaced(/%(?:25)*[0-9A-Fa-f]{2}|\+/g, (match) =>
  match === "+" ? " " : character(match.slice(-2), 16)
)

const namedEntities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" }

/** XML and HTML. */
const entities = replaced(/&(?:#[xX][0-9A-Fa-f]{1,6}|#[0-9]{1,7}|amp|lt|gt|quot|apos);/g, (match) => {
  const name = match.slice(1, -1)
  if (/^#x/i.test(name)) return character(name.slice(2), 16)
  return name.startsWith("#") ? character(name.slice(1), 10) : (namedEntities[name] ?? "")
})

const quotedPrintable = replaced(/=(?:\n|[0-9A-F]{2})/g, (match) =>
  match === "=\n" ? "" : character(match.slice(1), 16)
)

const texts: ReadonlyArray<Notation> = [escapes, quoted, percent, entities, quotedPrintable]
const bytes: ReadonlyArray<Notation> = [base64, base32, hex, separatedHex, decimal, octal]

/** The views in which a notation says something else than the text itself. */
const readIn = (notations: ReadonlyArray<Notation>, view: View): ReadonlyArray<View> =>
  notations.map((read) => read(view)).filter(({ text }) => text !== "" && text !== view.text)

/** Views of a text in the notations of text and in those of bytes. */
export interface Views {
  readonly plain: ReadonlyArray<View>
  readonly bytes: ReadonlyArray<View>
}

/** A text as it is and decoded. Base64 and its like are read also where they are themselves escaped or broken into lines. */
export const viewsOf = (text: string): Views => {
  const itself = asItIs(text)
  const plain = [itself, ...readIn([joined, spaced, ...texts], itself)]
  return { plain, bytes: plain.flatMap((view) => readIn(bytes, view)) }
}

/** What a source may mean: as it is, as UTF-8 bytes, and decoded once. */
export const meaningsOf = (source: string): { readonly text: Iterable<string>; readonly bytes: Iterable<string> } => {
  const itself = asItIs(source)
  // A terminal's characters are removed from stderr.
  const inText = readIn(texts, itself).flatMap(({ text }) => [text, printable(text)])
  const inUtf8 = [source, ...inText].map((text) => Buffer.from(text, "utf8").toString("latin1"))
  return {
    text: new Set([source, ...inText, ...inUtf8]),
    bytes: new Set(readIn(bytes, itself).map((view) => view.text))
  }
}

/** What a source means in the notations of text. */
export const textMeaningsOf = (source: string): ReadonlyArray<string> => [
  source,
  ...readIn([escapes, percent, entities], asItIs(source)).map((view) => view.text)
]
