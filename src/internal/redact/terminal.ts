/** Text fit for a terminal: what a terminal would obey, reorder or hide is written out or removed. */

/** An empty pattern of Braille looks like a space and counts as a symbol. */
const hidden = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

/** For a question or a report: such characters are written out. */
export const escaped = (text: string): string =>
  text.replace(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)

const escape = "\\u001B"

const stringTerminator = `(?:${escape}\\\\|\\u0007|\\u009C)`

/** OSC, DCS, SOS, PM and APC strings to their terminator or the line's end; then CSI; then any other escape. */
const terminalSequences = new RegExp(
  [
    `(?:${escape}[\\]PX^_]|[\\u0090\\u0098\\u009D\\u009E\\u009F])[^\\n]*?(?:${stringTerminator}|(?=\\n)|$)`,
    `(?:${escape}\\[|\\u009B)[0-?]*[ -/]*(?:[@-~]|$)`,
    `${escape}[ -/]*(?:[0-~]|$)`
  ].join("|"),
  "g"
)

/** C0 but tab and newline, DEL, C1, and the invisible format characters, bidirectional ones among them. */
const invisibles = /(?![\t\n])[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu

/** Removes terminal sequences and invisible characters; line ends become `\n`. */
export const printable = (text: string): string =>
  text.replace(/\r\n?/g, "\n").replace(terminalSequences, "").replace(invisibles, "")

/** The end of a text, at most `limit` bytes of UTF-8, beginning at a line's start where there is one. */
export const tail = (text: string, limit: number): string => {
  const bytes = Buffer.from(text.trim(), "utf8")
  if (bytes.length <= limit) return bytes.toString("utf8")
  const cut = bytes.subarray(bytes.length - limit)
  const end = cut.subarray(cut.findIndex((byte) => (byte & continuationMask) !== continuation)).toString("utf8")
  const lineEnd = end.indexOf("\n")
  return lineEnd >= 0 && lineEnd < end.length - 1 ? end.slice(lineEnd + 1) : end
}

/** UTF-8: bytes 10xxxxxx go on with a character. */
const continuationMask = 0b1100_0000

const continuation = 0b1000_0000
