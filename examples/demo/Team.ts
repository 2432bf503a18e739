/** Callers that share a key: at work, and what is known of it. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type * as ApiKeyProvider from "effect-apikey/ApiKeyProvider"
import * as Callers from "./Callers.js"
import * as HelperRuns from "./HelperRuns.js"
import * as Progress from "./Progress.js"
import * as Statistics from "./Statistics.js"

export interface Team {
  readonly members: ReadonlyArray<Member>
  readonly helperRuns: ReadonlyArray<Statistics.Span>
}

interface Member {
  readonly caller: Callers.Caller
  readonly calls: Array<Statistics.Call>
}

const fibersPerCaller = 2

export const make = (
  provider: ApiKeyProvider.Provider,
  callers: ReadonlyArray<Callers.Caller>
): Effect.Effect<Team, never, Scope.Scope> =>
  Effect.map(HelperRuns.watch(provider), (helperRuns) => ({
    helperRuns,
    members: callers.map((caller) => ({ caller, calls: [] }))
  }))

/** Lets all of them work at once; `remark` ends each line of progress. */
export const work = (
  teams: ReadonlyArray<Team>,
  duration: Duration.Duration,
  remark: Effect.Effect<string>
): Effect.Effect<void> =>
  Effect.gen(function* () {
    const start = yield* Clock.currentTimeMillis
    const end = start + Duration.toMillis(duration)
    const members = teams.flatMap((team) => team.members)
    yield* Progress.show(
      Effect.zipWith(elapsed(start), remark, (time, text) => `${time}  ${answers(members)}, ${text}`)
    )
    yield* Effect.forEach(
      members.flatMap((member) => Array.from({ length: fibersPerCaller }, () => member)),
      ({ caller, calls }) => Callers.work(caller, end, (call) => calls.push(call)),
      { concurrency: "unbounded", discard: true }
    )
  }).pipe(Effect.scoped)

const elapsed = (start: number) =>
  Effect.map(Clock.currentTimeMillis, (now) => `${String(Math.round((now - start) / 1000)).padStart(4)} s`)

const answers = (members: ReadonlyArray<Member>) => {
  const counts = members.map(({ calls }) => calls.filter(({ outcome }) => outcome === "answered").length)
  return `answers: ${counts.reduce((sum, count) => sum + count, 0)}`
}

export const phasedCalls = ({ helperRuns, members }: Team): ReadonlyArray<Statistics.PhasedCall> =>
  members.flatMap(({ calls }) => Statistics.withPhases(calls, helperRuns))

export const summaries = ({ helperRuns, members }: Team): ReadonlyArray<readonly [string, Statistics.Summary]> =>
  members.map(({ caller, calls }) => [caller.name, Statistics.summarize(Statistics.withPhases(calls, helperRuns))])
