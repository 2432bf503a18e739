/** Explains "no such file" for an existing program: its interpreter is missing. */

import * as FileSystem from "@effect/platform/FileSystem"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { printable } from "../redact/terminal.js"

/** How much of the first line Linux reads. */
const headBytes = 256
const maxShown = 80
const elf = "\u007FELF"

/** The remedy, derived from the first line of the file. None if the file cannot be read or looks valid. */
export const shebangRemedy = (path: string): Effect.Effect<Option.Option<string>, never, FileSystem.FileSystem> =>
  FileSystem.FileSystem.pipe(
    Effect.flatMap((fs) => fs.open(path, { flag: "r" })),
    Effect.flatMap((file) => file.readAlloc(headBytes)),
    Effect.scoped,
    Effect.map(Option.flatMapNullable((head) => remedyOf(Buffer.from(head).toString("latin1")))),
    Effect.orElseSucceed(() => Option.none())
  )

const remedyOf = (head: string): string | undefined => {
  if (head.startsWith(elf)) return "Its loader is missing: it was built for another system or another C library."
  const [line = ""] = head.split("\n", 1)
  const interpreter = /^#!\s*([^\s]+)/.exec(line)?.[1]
  if (interpreter === undefined) return undefined
  return line.endsWith("\r")
    ? "Its lines end as on Windows (CR LF), so its interpreter is not found; save it with LF alone."
    : `Its interpreter ${printable(interpreter).slice(0, maxShown)} does not exist; install it or correct the first line.`
}
