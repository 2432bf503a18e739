/** A line of progress each second: rewritten on a terminal, one after the other elsewhere. */
import * as Effect from "effect/Effect"
import * as Schedule from "effect/Schedule"
import type * as Scope from "effect/Scope"

const eraseLine = "\r\u001b[2K"

/** Shows what `line` says until the scope ends. */
export const show = (line: Effect.Effect<string>): Effect.Effect<void, never, Scope.Scope> => {
  const { isTTY } = process.stdout
  const print = Effect.map(line, (text) => {
    process.stdout.write(isTTY ? `${eraseLine}${text}` : `${text}\n`)
  })
  const erase = Effect.sync(() => {
    if (isTTY) process.stdout.write(eraseLine)
  })
  return print.pipe(
    Effect.schedule(Schedule.spaced("1 second")),
    Effect.ensuring(erase),
    Effect.forkScoped,
    Effect.asVoid
  )
}
