/** What a message may say of a command: the program's name, never an argument. */
import { existsSync } from "node:fs"
import { isAbsolute } from "node:path"
import { printable } from "./scrub.js"

const maxLength = 64
const windowsProgram = /^[A-Za-z]:[\\/].*?\.(?:exe|cmd|bat|com|ps1)(?=\s|$)/i

/** False for what may be a whole command line in one string. A file that is there ("/Applications/Some App/op") is none. */
const isOneProgram = (first: string): boolean => !/[\s=]/.test(first) || (isAbsolute(first) && existsSync(first))

/** A whole shell string given as argv[0] must not carry its arguments (or `KEY=value`) into a message, so the name ends at white space and "=". */
export const programName = (command: ReadonlyArray<string>): string => {
  const first = String((Array.isArray(command) ? command[0] : undefined) ?? "").trim()
  const program = isOneProgram(first) ? first : (windowsProgram.exec(first)?.[0] ?? first.split(/[\s=]/, 1)[0] ?? "")
  const name =
    program
      .split(/[\\/]/)
      .filter((part) => part !== "")
      .pop() ?? ""
  const visible = Array.from(name, (c) => (/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/u.test(c) ? "\uFFFD" : c)).join("")
  return visible.length > maxLength ? `${visible.slice(0, maxLength)}…` : visible
}

/** A command line given as one string has its arguments in the path; of such a one only the name is shown. */
export const shownPath = (program: string, name: string, path: string): string =>
  isOneProgram(program) ? printable(path) : name

/** Where a program was looked for. A command line given as one string has a "/" in its arguments as a rule. */
export const shownPlaces = (program: string, places: ReadonlyArray<string>): ReadonlyArray<string> =>
  isOneProgram(program) ? places.map(printable) : []
