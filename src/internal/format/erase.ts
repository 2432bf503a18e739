/** The command by which a helper erases a key: the same command with another last word. */
import * as Option from "effect/Option"

export interface Erase {
  readonly command: ReadonlyArray<string>
  /** For its stdin. */
  readonly input: string
}

/** None where the command does not end in a word that has a counterpart: then the helper does not understand it. */
export const eraseCommand = (
  command: ReadonlyArray<string>,
  counterparts: Readonly<Record<string, string>>,
  input: string
): Option.Option<Erase> => {
  const last = command.at(-1) ?? ""
  return command.length > 1 && Object.hasOwn(counterparts, last)
    ? Option.some({ command: [...command.slice(0, -1), counterparts[last] ?? ""], input })
    : Option.none()
}
