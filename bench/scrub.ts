/** What it costs to make a hostile helper's words fit to be shown: four times as much text takes about four times as long. */

import { secretsIn } from "../src/internal/redact/candidates.js"
import { withoutSecrets } from "../src/internal/redact/redact.js"
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

export const main = async (): Promise<void> => {
  const rows = [
    ...hostileStderr.map((piece) => ({
      piece,
      of: "stderr",
      growth: growth(piece, (text) => withoutSecrets(printable(text), ["secret-secret"]))
    })),
    ...hostileStdout.map((piece) => ({ piece, of: "stdout", growth: growth(piece, secretsIn) }))
  ]
  for (const row of rows) {
    const isTooMuch = row.growth > mostGrowth
    if (isTooMuch) process.exitCode = 1
    console.log(
      `${row.of} ${JSON.stringify(row.piece)}: ${factor} times the text, ${row.growth.toFixed(1)} times as long${isTooMuch ? `, more than ${mostGrowth}` : ""}`
    )
  }
}
