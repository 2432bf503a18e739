/** A path in a command that a person is told to paste: one word of a shell's, whatever a project called its folders. */

import quote from "shell-quote/quote.js"

/** What needs no quotes: shell-quote escapes more than a shell asks for. */
const plain = process.platform === "win32" ? /^[\w.,:@%+/\\-]+$/ : /^[\w.,:@%+/-]+$/

export const shellWord = (text: string): string => (plain.test(text) ? text : quote([text]))
