/** What a message may say of a command: the program's name, never an argument. It looks at the disk (`fileExists`). */

import { existsSync } from "node:fs"
import { isAbsolute, join } from "node:path"
import { withoutSecrets } from "./redact.js"
import { printable } from "./terminal.js"

const maxLength = 64
const windowsProgram = /^[A-Za-z]:[\\/].*?\.(?:exe|cmd|bat|com|ps1)(?=\s|$)/i

/**
 * Reads the disk, and waits for it: the text alone does not tell a path with a space ("/Applications/Some App/op") from a command
 * line. Asked only of a text with white space or "=" in it. The disk may change between two calls, and so may the name.
 */
const fileExists = (path: string): boolean => existsSync(path)

/** False for what may be a whole command line in one string. */
const isOneProgram = (first: string, place = first): boolean => !/[\s=]/.test(first) || fileExists(place)

const lastPart = (path: string): string => path.match(/[^\\/]+/g)?.pop() ?? ""

/** What may be a key that was typed in the program's place. Base64 has "/" too, but does not begin as such a path does. */
const typed = (program: string): string =>
  isAbsolute(program) || program.startsWith(".") ? lastPart(program) : program

/** As programs are named (`get-key-from-vault`, `tool-2.1-x86_64`), and no key is. */
const isWords = (name: string): boolean =>
  !/^[spr]k[-_]/.test(name) && name.split(/[-_.]/).every((word) => /^(?:[a-z]{0,15}\d{0,2}|\d{1,4})$/.test(word))

const withoutKey = (program: string): string =>
  isWords(typed(program)) ? typed(program) : withoutSecrets(typed(program), [])

/** Whether a key was given for a program. */
export const isKey = (program: string): boolean => withoutKey(program) !== typed(program)

/** A provider's id for a message. */
export const shownId = (id: string): string => withoutKey(id)

/** A whole shell string given as argv[0] must not carry its arguments (or `KEY=value`) into a message, so the name ends at white space and "=". */
export const programName = (command: ReadonlyArray<string>, cwd: unknown = ""): string => {
  const first = String((Array.isArray(command) ? command[0] : undefined) ?? "").trim()
  const program = isOneProgram(first, isAbsolute(first) ? first : join(String(cwd), first))
    ? first
    : (windowsProgram.exec(first)?.[0] ?? first.split(/[\s=]/, 1)[0] ?? "")
  const last = lastPart(program)
  const name = isWords(last) ? last : lastPart(withoutKey(program))
  const visible = name.replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu, "\uFFFD")
  return visible.length > maxLength ? `${visible.slice(0, maxLength)}…` : visible
}

const isShown = (program: string, place: string): boolean => isOneProgram(program, place) && !isKey(program)

/** A command line given as one string has its arguments in the path; of such a one, and of a key, only the name is shown. */
export const shownPath = (program: string, name: string, path: string): string =>
  isShown(program, path) ? printable(path) : name

/** Where a program was looked for. A command line given as one string has a "/" in its arguments as a rule. */
export const shownPaths = (program: string, paths: ReadonlyArray<string>): ReadonlyArray<string> =>
  isShown(program, program) ? paths.map(printable) : []
