/** Quotes a path as one shell word, for commands shown to the user. */

import quote from "shell-quote/quote.js"

/** Text that needs no quotes. shell-quote escapes more than necessary. */
const plain = process.platform === "win32" ? /^[\w.,:@%+/\\-]+$/ : /^[\w.,:@%+/-]+$/

export const shellWord = (text: string): string => (plain.test(text) ? text : quote([text]))
