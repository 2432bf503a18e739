/** Matches a command's arguments against an entry of the allow list. */

import { dual } from "effect/Function"

/** `*` matches any text. Each piece between two `*` matches at its first position, without backtracking, so the time is linear. */
const matchesPattern = (pattern: string, text: string): boolean => {
  const pieces = pattern.split("*")
  const [first = "", last = ""] = [pieces[0], pieces.at(-1)]
  const end = text.length - last.length
  if (!text.startsWith(first) || !text.endsWith(last) || end < first.length) return false
  let at = first.length
  for (const piece of pieces.slice(1, -1)) {
    const found = text.indexOf(piece, at)
    if (found < 0 || found + piece.length > end) return false
    at = found + piece.length
  }
  return true
}

const parentSegment = /(?:^|[/\\])\.\.(?:[/\\]|$)/

const argumentMatches = (pattern: string, argument: string): boolean =>
  pattern === argument ||
  (pattern.includes("*") &&
    matchesPattern(pattern, argument) &&
    !parentSegment.test(argument) &&
    !(pattern.startsWith("*") && argument.startsWith("-")))

/**
 * Whether a command's arguments match an entry of the allow list. Ignores the program, which is compared by its path.
 *
 * @since 0.1.0
 * @category getters
 */
export const argumentsMatch: {
  (argv: ReadonlyArray<string>): (pattern: ReadonlyArray<string>) => boolean
  (pattern: ReadonlyArray<string>, argv: ReadonlyArray<string>): boolean
} = dual(
  2,
  (pattern: ReadonlyArray<string>, argv: ReadonlyArray<string>): boolean =>
    pattern.length === argv.length &&
    pattern.slice(1).every((part, index) => argumentMatches(part, argv[index + 1] ?? ""))
)
