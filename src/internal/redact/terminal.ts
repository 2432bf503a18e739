/** Text for a question or a report: what a terminal would obey, turn around or hide is written out. */

/** An empty pattern of Braille looks like a space and counts as a symbol. */
const hidden = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}\u2800]/gu

export const escaped = (text: string): string =>
  text.replace(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)
