/** Matches a command's arguments against an entry of the allow list. */

import { dual } from "effect/Function"

/**
 * What an entry of the allow list says of one argument.
 *
 * - A string is the argument itself. `*` stands for one path segment of plain characters: letters, digits, `.`, `_`, `~` and `-`.
 *   It does not start with `-` and is not only dots. `**` stands for one or more such segments, joined by `/`.
 * - `{ any: true }` is any text, options and paths included.
 *
 * @since 0.1.0
 * @category models
 */
export type ArgumentPattern = string | { readonly any: true }

type Token = { readonly literal: string } | { readonly wildcard: "segment" | "segments" }

const tokensOf = (pattern: string): ReadonlyArray<Token> =>
  Array.from(pattern.matchAll(/\*\*|\*|[^*]/gsu), ([text]): Token => {
    if (text === "**") return { wildcard: "segments" }
    return text === "*" ? { wildcard: "segment" } : { literal: text }
  })

const plain = /^[A-Za-z0-9._~-]$/

/** How far a wildcard has read: nothing of its segment, only dots, or enough to end. */
type Progress = "start" | "dots" | "text"

const progresses: ReadonlyArray<Progress> = ["start", "dots", "text"]

const stateOf = (token: number, progress: Progress): number => token * progresses.length + progresses.indexOf(progress)

/**
 * Follows all ways to match at once, so the time is the pattern's length times the text's. A regular expression could take
 * exponential time.
 */
const matchesPattern = (pattern: string, text: string): boolean => {
  const tokens = tokensOf(pattern)
  const after = (token: number, progress: Progress, char: string): ReadonlyArray<number> => {
    const current = tokens[token]
    if (current === undefined) return []
    if ("literal" in current) return current.literal === char ? [stateOf(token + 1, "start")] : []
    if (char === "/" && current.wildcard === "segments" && progress === "text") return [stateOf(token, "start")]
    if (!plain.test(char) || (progress === "start" && char === "-")) return []
    const isDots = char === "." && progress !== "text"
    return isDots ? [stateOf(token, "dots")] : [stateOf(token, "text"), stateOf(token + 1, "start")]
  }
  let states = new Set([stateOf(0, "start")])
  for (const char of text) {
    if (states.size === 0) return false
    const next = new Set<number>()
    for (const state of states) {
      const progress = progresses[state % progresses.length] ?? "start"
      for (const each of after(Math.floor(state / progresses.length), progress, char)) next.add(each)
    }
    states = next
  }
  return states.has(stateOf(tokens.length, "start"))
}

const argumentMatches = (pattern: ArgumentPattern, argument: string): boolean =>
  typeof pattern !== "string" || pattern === argument || (pattern.includes("*") && matchesPattern(pattern, argument))

/**
 * Whether a command's arguments match an entry of the allow list. Ignores the program, which is compared by its path.
 *
 * @since 0.1.0
 * @category getters
 */
export const argumentsMatch: {
  (argv: ReadonlyArray<string>): (pattern: ReadonlyArray<ArgumentPattern>) => boolean
  (pattern: ReadonlyArray<ArgumentPattern>, argv: ReadonlyArray<string>): boolean
} = dual(
  2,
  (pattern: ReadonlyArray<ArgumentPattern>, argv: ReadonlyArray<string>): boolean =>
    pattern.length === argv.length &&
    pattern.slice(1).every((part, index) => argumentMatches(part, argv[index + 1] ?? ""))
)
