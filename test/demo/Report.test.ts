import { describe, expect, it } from "@effect/vitest"
import * as Duration from "effect/Duration"
import * as Either from "effect/Either"
import * as Option from "effect/Option"
import * as Options from "../../examples/demo/Options.js"
import * as Report from "../../examples/demo/Report.js"
import * as Statistics from "../../examples/demo/Statistics.js"

const answered = (from: number, to: number): Statistics.Call => ({
  from,
  to,
  outcome: "answered",
  problem: Option.none()
})

const refused: Statistics.Call = { from: 1, to: 2, outcome: "unauthorized", problem: Option.some("401") }
const broken: Statistics.Call = { from: 1, to: 2, outcome: "failed", problem: Option.some("reset by peer") }

describe("Statistics", () => {
  it("tells calls with a fresh key from those begun during a renewal, and leaves out who waits for the first key", () => {
    const runs = [
      { from: 0, to: 100 },
      { from: 1000, to: 1200 }
    ]
    const calls = [
      answered(5, 105),
      answered(200, 210),
      answered(1000, 1030),
      answered(1190, 1250),
      answered(1300, 1330)
    ]
    const summary = Statistics.summarize(Statistics.withPhases(calls, runs))
    expect(summary).toMatchObject({ requests: 5, answers: 5, unauthorized: 0, failed: 0 })
    expect(summary.fresh).toEqual(Option.some({ p50: 10, p99: 30 }))
    expect(summary.renewal).toEqual(Option.some({ p50: 30, p99: 60 }))
  })

  it("has no latency where nothing was answered", () => {
    const summary = Statistics.summarize(Statistics.withPhases([refused, broken], []))
    expect(summary).toMatchObject({ requests: 2, answers: 0, unauthorized: 1, failed: 1, fresh: Option.none() })
  })

  it("takes percentiles by nearest rank", () => {
    const calls = Array.from({ length: 200 }, (_, index) => answered(0, index + 1))
    expect(Statistics.summarize(Statistics.withPhases(calls, [])).fresh).toEqual(Option.some({ p50: 100, p99: 198 }))
  })
})

const reportOf = (
  calls: ReadonlyArray<Statistics.Call>,
  token: { readonly helperRuns: number; readonly issued: number; readonly expired: number }
): Report.Report => {
  const summary = Statistics.summarize(Statistics.withPhases(calls, []))
  const { helperRuns, ...tokens } = token
  return {
    callers: [["somebody", summary]],
    total: summary,
    keys: [
      {
        name: "an OpenID token",
        helperRuns,
        tokens: Option.some(tokens),
        route: { requests: calls.length, keys: tokens.issued, refused: 0 }
      }
    ]
  }
}

describe("the demo fails when", () => {
  const good = { helperRuns: 5, issued: 5, expired: 3 }

  it("nothing else", () => {
    expect(Report.problems(reportOf([answered(0, 1)], good))).toEqual([])
  })

  it("a caller saw one 401", () => {
    expect(Report.problems(reportOf([answered(0, 1), refused], good))).toEqual(["callers saw a 401 once: 401"])
  })

  it("any other request failed", () => {
    expect(Report.problems(reportOf([answered(0, 1), broken, broken], good))).toEqual([
      "somebody failed 2 times: reset by peer"
    ])
  })

  it("a caller got no answer", () => {
    expect(Report.problems(reportOf([], good))).toEqual(["somebody got no answer at all"])
  })

  it("the helper ran more often than tokens have expired, plus two", () => {
    expect(Report.problems(reportOf([answered(0, 1)], { ...good, helperRuns: 6 }))).toEqual([
      "the helper for an OpenID token ran 6 times while 3 of its tokens expired"
    ])
  })
})

describe("the command line", () => {
  const seconds = (...args: ReadonlyArray<string>) =>
    Either.map(Options.parse(args), ({ duration }) => Duration.toSeconds(duration))

  it("takes the seconds", () => {
    expect(seconds()).toEqual(Either.right(10))
    expect(seconds("--seconds", "60")).toEqual(Either.right(60))
    expect(seconds("--seconds=2.5")).toEqual(Either.right(2.5))
  })

  it.each([
    ["--seconds", "soon"],
    ["--seconds", "0"],
    ["--seconds="],
    ["--seconds", "-5"],
    ["--seconds=-5"],
    ["--seconds", "Infinity"],
    ["--seconds"],
    ["--minutes", "1"],
    ["60"]
  ])("says in one line what is wrong with %s %s", (...args) => {
    const problem = Either.flip(Options.parse(args.filter((arg) => arg !== undefined)))
    expect(Either.getOrThrow(problem).message).toMatch(/^[^\n]+$/)
  })
})
