/** Text for a question or a report: what a terminal would obey, turn around or hide is written out. */

const hidden = /(?! )[\p{C}\p{Z}]/gu

export const escaped = (text: string): string =>
  text.replace(hidden, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16).toUpperCase()}}`)
