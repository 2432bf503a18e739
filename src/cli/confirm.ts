/** A yes-or-no question on the terminal, answered by one key. */

import * as Terminal from "@effect/platform/Terminal"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"

const answerOf = ({ key }: Terminal.UserInput, initial: boolean): Option.Option<boolean> => {
  switch (key.name) {
    case "y":
      return Option.some(true)
    case "n":
      return Option.some(false)
    case "return":
    case "enter":
      return Option.some(initial)
    default:
      return Option.none()
  }
}

/** `y`, `n`, or Enter for `initial`; other keys are ignored. Ctrl-C and Ctrl-D fail with `QuitException`. */
export const confirm = (
  question: string,
  initial: boolean
): Effect.Effect<boolean, Terminal.QuitException, Terminal.Terminal> =>
  Effect.gen(function* () {
    const terminal = yield* Terminal.Terminal
    const print = (text: string) => Effect.sync(() => process.stderr.write(text))
    const keys = yield* terminal.readInput
    yield* print(`${question} ${initial ? "[Y/n]" : "[y/N]"} `)
    const next: Effect.Effect<boolean, Terminal.QuitException> = keys.take.pipe(
      Effect.mapError(() => new Terminal.QuitException()),
      Effect.flatMap((input) => Option.match(answerOf(input, initial), { onNone: () => next, onSome: Effect.succeed }))
    )
    const answer = yield* Effect.tapError(next, () => print("\n"))
    yield* print(`${answer ? "yes" : "no"}\n`)
    return answer
  }).pipe(Effect.scoped)
