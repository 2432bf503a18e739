// Markdown for the reference pages. A table cell has at most 20 words: what is longer belongs into a list.
const CELL_WORDS = 20

/** In one line. */
export const plain = (text) => text.replaceAll("\n", " ")

const cell = (text) => {
  const words = text.split(/<br>|\s+/).filter((word) => /\w/.test(word))
  if (words.length > CELL_WORDS) throw new Error(`a table cell has ${words.length} words: ${text}`)
  return text.replaceAll("|", "\\|")
}

/** Code in a line. A text that has backquotes needs longer ones around it. */
export const code = (text) => {
  const shown = plain(text)
  return shown.includes("`") ? `\`\` ${shown} \`\`` : `\`${shown}\``
}

const row = (cells) => `| ${cells.map(cell).join(" | ")} |`

export const table = (head, rows) => [row(head), row(head.map(() => "---")), ...rows.map(row)].join("\n")

export const list = (items) => items.map((item) => `- ${item}`).join("\n")

export const fenced = (text, language = "text") => `\`\`\`${language}\n${text.replace(/\n+$/, "")}\n\`\`\``

/** A page from its blocks. `from` names the files that it is written from. */
export const page = (title, from, ...blocks) =>
  `${[
    `<!-- Written by scripts/reference-doc.mjs from ${from}. Do not edit. -->`,
    `# ${title}`,
    ...blocks.flat().filter((block) => block !== "")
  ].join("\n\n")}\n`
