/** The command that erases a key from a helper's store: the same command with another last argument. */
import * as Option from "effect/Option"

export interface Erase {
  readonly command: ReadonlyArray<string>
  /** Its stdin. */
  readonly input: string
}

/** None if the last argument has no erase counterpart: then the helper does not support erasing. */
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
