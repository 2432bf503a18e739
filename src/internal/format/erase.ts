/** How a helper is told to forget a key: the same command with another last word. */
import * as Option from "effect/Option"

export interface Forgetting {
  readonly command: ReadonlyArray<string>
  readonly input: string
}

/** None where the command does not end in a word that has a counterpart: then the helper does not understand it. */
export const lastWordReplaced = (
  command: ReadonlyArray<string>,
  counterparts: Readonly<Record<string, string>>,
  input: string
): Option.Option<Forgetting> => {
  const last = command.at(-1) ?? ""
  return command.length > 1 && Object.hasOwn(counterparts, last)
    ? Option.some({ command: [...command.slice(0, -1), counterparts[last] ?? ""], input })
    : Option.none()
}
