/** The words of a shell script that is one simple command. Read for the catalog, never run. */
import parse from "shell-quote/parse.js"

const assignment = /^[A-Za-z_]\w*\+?=/
/** Shell builtins that run the command after them. */
const prefixes: ReadonlyArray<string> = ["exec", "command"]
const reserved: ReadonlyArray<string> = ["!", "{", "[[", "case", "for", "function", "if", "select", "until", "while"]
const redirections: ReadonlyArray<string> = [">", ">>", "<", ">&", "<&", ">|"]

type Token = string | { readonly op: string }

/** Undefined if it is more than one simple command, or if its program is not known before it runs. */
export const simpleCommand = (script: string): ReadonlyArray<string> | undefined => {
  const line = script.trim().replace(/;$/, "")
  // A new line ends a command, which shell-quote does not know. Command substitution is a second command.
  if (/[\n`]|\$\(/.test(line)) return undefined
  const words = wordsOf(tokensOf(line))
  if (words === undefined) return undefined
  const rest = words.slice(words.findIndex((word) => !assignment.test(word) && !prefixes.includes(word)))
  const [program = "$"] = rest
  return reserved.includes(program) || program.includes("$") || words.every((word) => assignment.test(word))
    ? undefined
    : rest
}

const tokensOf = (line: string): ReadonlyArray<Token> =>
  parse(line, (name) => `$${name}`).flatMap((token): ReadonlyArray<Token> => {
    if (typeof token === "string") return [token]
    if ("pattern" in token) return [token.pattern]
    return "comment" in token ? [] : [token]
  })

/** Without redirections. Undefined if another operator is among them. */
const wordsOf = (tokens: ReadonlyArray<Token>): ReadonlyArray<string> | undefined => {
  const words: Array<string> = []
  for (let at = 0; at < tokens.length; at++) {
    const token = tokens[at] ?? ""
    if (typeof token === "string") words.push(token)
    else if (!redirections.includes(token.op)) return undefined
    else {
      if (/^\d$/.test(words.at(-1) ?? "")) words.pop()
      // Its file.
      at++
    }
  }
  return words
}
