/** The demo's last words: the table, and what is wrong with it. */
import Table from "cli-table3"
import * as Option from "effect/Option"
import type { RouteReport } from "./Gateway.js"
import type { TokenReport } from "./IdentityProvider.js"
import type { Latency, Summary } from "./Statistics.js"

export interface Report {
  readonly callers: ReadonlyArray<readonly [name: string, summary: Summary]>
  readonly total: Summary
  readonly keys: ReadonlyArray<KeyReport>
}

/** One helper, the keys it yields and the gateway's route that takes them. */
export interface KeyReport {
  readonly name: string
  readonly helperRuns: number
  /** Absent where keys are not issued but kept. */
  readonly tokens: Option.Option<TokenReport>
  readonly route: RouteReport
}

/** The key in use and its successor: so many of the tokens may still be good. */
const tokensAtOnce = 2

/** Why the demo failed. */
export const problems = ({ callers, keys, total }: Report): ReadonlyArray<string> => [
  ...(total.unauthorized > 0 ? [`callers saw a 401 ${times(total.unauthorized)}${because(total.refusal)}`] : []),
  ...callers.flatMap(([name, summary]) => [
    ...(summary.failed > 0 ? [`${name} failed ${times(summary.failed)}${because(summary.failure)}`] : []),
    ...(summary.answers === 0 ? [`${name} got no answer at all`] : [])
  ]),
  ...keys.flatMap(({ helperRuns, name, tokens }) => {
    const expired = Option.match(tokens, { onNone: () => 0, onSome: (report) => report.expired })
    return helperRuns > expired + tokensAtOnce
      ? [`the helper for ${name} ran ${times(helperRuns)} while ${expired} of its tokens expired`]
      : []
  })
]

export const render = ({ callers, keys, total }: Report): string => {
  const calls = table(["calls", "requests", "answers", "401s seen", "failed", "fresh", "renewal"])
  for (const [name, summary] of [...callers, ["all", total] as const]) {
    calls.push([
      name,
      summary.requests,
      summary.answers,
      summary.unauthorized,
      summary.failed,
      milliseconds(summary.fresh),
      milliseconds(summary.renewal)
    ])
  }
  const helpers = table(["keys", "helper runs", "tokens issued", "expired", "keys seen", "requests", "401s given"])
  for (const { helperRuns, name, route, tokens } of keys) {
    const issued = Option.match(tokens, { onNone: () => [absent, absent], onSome: (t) => [t.issued, t.expired] })
    helpers.push([name, helperRuns, ...issued, route.keys, route.requests, route.refused])
  }
  return [
    calls.toString(),
    "latency p50 / p99 in ms: while the key was fresh, and of calls begun while the helper renewed it",
    helpers.toString(),
    "keys seen, requests and 401s given are the gateway's own counts"
  ].join("\n")
}

const absent = "–"

const table = (head: ReadonlyArray<string>) =>
  new Table({
    head: [...head],
    colAligns: head.map((_, column) => (column === 0 ? "left" : "right")),
    style: { head: [], border: [], compact: true }
  })

const milliseconds = Option.match({
  onNone: () => absent,
  onSome: ({ p50, p99 }: Latency) => `${Math.round(p50)} / ${Math.round(p99)}`
})

const because = Option.match({ onNone: () => "", onSome: (problem: string) => `: ${problem}` })

const times = (count: number) => (count === 1 ? "once" : `${count} times`)
