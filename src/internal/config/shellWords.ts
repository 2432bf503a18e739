/** The argv that a shell string probably means, for a hint: it is shown, never run. */
import parse from "shell-quote/parse.js"
import { withoutSecrets } from "../scrub.js"

/** What only a shell can do (`|`, `$(…)`, `$NAME`, globs) makes it a matter for `sh -c`. */
const probableArgv = (line: string): ReadonlyArray<string> => {
  const words = parse(line.replace(/^!/, ""), (name) => ({ op: name }))
  const plain = words.flatMap((word) => (typeof word === "string" ? [word] : []))
  return plain.length === words.length && plain.length > 0 && !/[`]/.test(line) ? plain : ["sh", "-c", line]
}

/** For a message: what looks like a secret in it is taken out. */
export const shownArgv = (line: string): string =>
  `[${probableArgv(line)
    .map((word) => withoutSecrets(JSON.stringify(word), []))
    .join(", ")}]`
