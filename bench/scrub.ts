/** What it costs to make a hostile helper's words fit to be shown: four times as much text takes about four times as long. */

import { secretsIn } from "../src/internal/redact/candidates.js"
import { redact, withoutSecrets } from "../src/internal/redact/redact.js"
import { sourcesOf } from "../src/internal/redact/sources.js"
import { printable } from "../src/internal/redact/terminal.js"
import { hostileStderr, hostileStdout } from "../test/support/hostile.js"

const size = 256 * 1024
const factor = 4
/** Quadratic would be 16. */
const mostGrowth = 10
const rounds = 7

/** The least of some rounds: what the machine does besides only adds. */
const least = (work: () => unknown): number => {
  const times = Array.from({ length: rounds }, () => {
    const started = performance.now()
    work()
    return performance.now() - started
  })
  return Math.min(...times)
}

const growth = (piece: string, work: (text: string) => unknown): number => {
  const textOf = (length: number): string => piece.repeat(length / piece.length)
  const [small, large] = [textOf(size), textOf(size * factor)]
  work(small)
  return least(() => work(large)) / least(() => work(small))
}

/** Lines of words, numbers and keys, as programs print them: `seed` chooses which. */
const prose = (length: number, seed: number): string => {
  const words: Array<string> = []
  let state = seed
  for (let size = 0; size < length; size += 10) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    words.push(`${state.toString(36).padStart(8, "x")}${state % 7 === 0 ? "\n" : " "}`)
  }
  return words.join("").slice(0, length)
}

const shownBeside = (stderr: string, stdout: string): unknown =>
  redact(stderr, sourcesOf({ args: [], env: {}, inherited: {}, input: "", stdout, words: new Set() }))

/** The stderr of a helper that filled its pipe, and far more stdout than is ever read. */
const stderrSize = 64 * 1024
const stdoutSize = 1024 * 1024

const growthBeside = (): number => {
  const [small, large] = [factor, 1].map((part) => {
    const stdout = prose(stdoutSize / part, 7)
    // The half of it stands in stdout, too.
    const stderr = stdout.slice(0, stderrSize / part / 2) + prose(stderrSize / part / 2, 11)
    return () => shownBeside(stderr, stdout)
  })
  if (small === undefined || large === undefined) return 0
  small()
  const milliseconds = least(large)
  console.log(`${stderrSize} of stderr beside ${stdoutSize} of stdout: ${milliseconds.toFixed(0)} ms`)
  return milliseconds / least(small)
}

export const main = async (): Promise<void> => {
  const rows = [
    ...hostileStderr.map((piece) => ({
      piece,
      of: "stderr",
      growth: growth(piece, (text) => withoutSecrets(printable(text), ["secret-secret"]))
    })),
    ...hostileStdout.map((piece) => ({ piece, of: "stdout", growth: growth(piece, secretsIn) })),
    { piece: "words", of: "stderr beside stdout", growth: growthBeside() }
  ]
  for (const row of rows) {
    const isTooMuch = row.growth > mostGrowth
    if (isTooMuch) process.exitCode = 1
    console.log(
      `${row.of} ${JSON.stringify(row.piece)}: ${factor} times the text, ${row.growth.toFixed(1)} times as long${isTooMuch ? `, more than ${mostGrowth}` : ""}`
    )
  }
}
