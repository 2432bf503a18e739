/** The argv that a shell string probably means, for a hint: it is shown, never run. */
import parse from "shell-quote/parse.js"
import { withoutSecrets } from "./redact.js"

/** What only a shell can do (`|`, `$(…)`, `$NAME`, globs) makes it a matter for `sh -c`. */
const probableArgv = (line: string): ReadonlyArray<string> => {
  const words = parse(line.replace(/^!/, ""), (name) => ({ op: name }))
  const plain = words.flatMap((word) => (typeof word === "string" ? [word] : []))
  return plain.length === words.length && plain.length > 0 && !/[`]/.test(line) ? plain : ["sh", "-c", line]
}

const redacted = "<redacted>"
/** An option whose value is a secret as a rule. */
const secretOption = /^-[pPuk]$|^--?[\w-]*(?:pass|pwd|secret|token|key|auth|cred|pin)[\w-]*$/i
const variableWithValue = /^([A-Za-z_]\w*=).+$/
const minPasswordLength = 6

/** A made-up word: letters and digits, and no path. */
const isLikePassword = (word: string): boolean =>
  word.length >= minPasswordLength && !/^-|[/\\$]/.test(word) && /[A-Za-z]/.test(word) && /[0-9]/.test(word)

const shownWord = (word: string, before: string | undefined): string =>
  before !== undefined && (secretOption.test(before) || (isLikePassword(word) && !variableWithValue.test(word)))
    ? redacted
    : word.replace(variableWithValue, `$1${redacted}`)

/** In what is left to a shell words are what white space sets apart, whatever is quoted. */
const shownLine = (line: string): string => {
  const words = line.split(/(\s+)/)
  return words.map((word, index) => (word.trim() === "" ? word : shownWord(word, words[index - 2]))).join("")
}

/** The argv for a message: possible secrets are removed, the rest helps the user to write it correctly. */
export const shownArgv = (line: string): string => {
  const argv = probableArgv(line)
  const isForShell = argv[0] === "sh" && argv[1] === "-c" && argv.length === 3
  return `[${argv
    .map((word, index) => (isForShell ? shownLine(word) : shownWord(word, argv[index - 1])))
    .map((word) => withoutSecrets(JSON.stringify(word), []))
    .join(", ")}]`
}
